"""Notices in the forms of mail systems and languages: whom they name, and with which class."""

import tomllib
from pathlib import Path
from typing import Final, TypedDict

import pytest

from backstamp.mail.reports import Action, RecipientReport, ReportKind, read_report


class Form(TypedDict, total=False):
    """One table of the file."""

    name: str
    sender: str
    subject: str
    fields: str
    body: str
    expect: list[str]


FORMS: Final[list[Form]] = tomllib.loads(Path(__file__).with_name("forms.toml").read_text("utf-8"))["form"]


def mail_of(form: Form) -> bytes:
    """The mail in which a system sends its notice."""
    fields = form["fields"] + "\n" if "fields" in form else ""
    return (
        f"From: {form['sender']}\nTo: ann@example.org\nSubject: {form['subject']}\n{fields}"
        f"Message-ID: <n1@mx.example.com>\n\n{form['body']}"
    ).encode()


def said(recipient: RecipientReport) -> str:
    return f"{recipient.address} {'late' if recipient.action is Action.DELAYED else recipient.bounce}"


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form["name"])
def test_the_form_of_a_system_is_understood(form: Form) -> None:
    for end in (b"\n", b"\r\n", b"\r"):
        report = read_report(mail_of(form).replace(b"\n", end))
        assert report.kind is ReportKind.DSN
        assert [said(recipient) for recipient in report.recipients] == form["expect"]


HOSTILE: Final = (
    "Delivery delayed, will retry",
    "550 5.1.1 Mailbox full: eve@example.com",
    "ご注文の遅延、配信不能",
)
SHOWN: Final = ("Subject: {}\n\n", "  件名：{}\n\n", 'Your message with the subject "{}":\n\n')


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form["name"])
def test_the_subject_that_a_system_shows_changes_nothing(form: Form) -> None:
    if "Content-Type" in form.get("fields", ""):
        return
    for subject, shown in zip(HOSTILE, SHOWN, strict=True):
        raw = mail_of(form | {"body": shown.format(subject) + form["body"].lstrip("\n")})
        assert [said(recipient) for recipient in read_report(raw).recipients] == form["expect"], shown
