"""Mails close to a border: quoted subjects, refused senders, languages, and what looks like a report."""

import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

from backstamp.mail.reports import Action, MailReport, RecipientReport, ReportKind, read_report

MAILS: Final[list[dict[str, Any]]] = tomllib.loads(
    Path(__file__).with_name("neighbours.toml").read_text("utf-8")
)["mail"]


def outcome(recipient: RecipientReport) -> str:
    words = {Action.FAILED: recipient.bounce.value, Action.DELAYED: "late"}
    return f"{recipient.address} {words.get(recipient.action, recipient.action.value)}"


def said(report: MailReport) -> str | list[str]:
    if report.kind is ReportKind.DSN:
        return [outcome(recipient) for recipient in report.recipients]
    return report.kind.value


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail["name"])
def test_what_stands_near_does_not_confuse(mail: dict[str, Any]) -> None:
    raw = mail["raw"].lstrip("\n").encode()
    for end in (b"\n", b"\r\n", b"\r"):
        assert said(read_report(raw.replace(b"\n", end))) == mail["expect"]
