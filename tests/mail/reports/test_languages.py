"""Notices in the languages of Exchange's users, as text and as HTML, without fields for machines or codes."""

import html
import tomllib
from pathlib import Path
from typing import Final

import pytest

from backstamp.mail.reports import Action, BounceClass, Cause, ReportKind, read_report

LANGUAGES: Final[list[dict[str, str]]] = tomllib.loads(
    Path(__file__).with_name("languages.toml").read_text("utf-8")
)["language"]
EXCHANGE: Final = "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@ex.example.net>"
SENDERS: Final = (EXCHANGE, "postmaster@ex.example.net", "Mail <notify@ex.example.net>")
SUBJECT: Final = "Mail delivery delayed, ご注文の遅延, Ritardo, failed"


def mail(sender: str, language: dict[str, str], lines: list[str], *, markup: bool) -> bytes:
    body = "\n".join(f"<p>{html.escape(line)}</p>" for line in lines) if markup else "\n\n".join(lines)
    kind = "html" if markup else "plain"
    return (
        f"From: {sender}\nReturn-Path: <>\nTo: ann@example.org\nSubject: {language['subject']}: {SUBJECT}\n"
        f"Content-Type: text/{kind}; charset=utf-8\n\n{body}\n"
    ).encode()


@pytest.mark.parametrize("markup", [False, True], ids=["text", "HTML"])
@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language["name"])
def test_a_failure_is_understood_in_the_language_of_the_user(
    language: dict[str, str], *, markup: bool
) -> None:
    for sender in SENDERS[: 1 if markup else 3]:
        for reason, expected in (
            ("unknown", (BounceClass.HARD, Cause.USER_UNKNOWN)),
            ("full", (BounceClass.SOFT, Cause.MAILBOX_FULL)),
        ):
            lines = [
                *(language["failed"], "bob@example.net", language[reason]),
                f"{language['subject_label']}: {SUBJECT}",
            ]
            report = read_report(mail(sender, language, lines, markup=markup))
            assert report.kind is ReportKind.DSN, sender
            assert [(r.address, r.action) for r in report.recipients] == [("bob@example.net", Action.FAILED)]
            assert (report.recipients[0].bounce, report.recipients[0].cause) == expected


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language["name"])
def test_a_delay_is_understood_in_the_language_of_the_user(language: dict[str, str]) -> None:
    lines = [language["late"], "bob@example.net", f"{language['subject_label']}: offer"]
    for sender in SENDERS[:2]:
        report = read_report(mail(sender, language, lines, markup=False))
        assert report.kind is ReportKind.DSN, sender
        assert [(r.address, r.action) for r in report.recipients] == [("bob@example.net", Action.DELAYED)]
