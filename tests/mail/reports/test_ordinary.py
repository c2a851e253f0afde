"""Mail that speaks of failures and deliveries, and is no report."""

import tomllib
from pathlib import Path
from typing import Final

import pytest

from backstamp.mail.reports import ReportKind, read_report

MAILS: Final[list[dict[str, str]]] = tomllib.loads(
    Path(__file__).with_name("ordinary.toml").read_text("utf-8")
)["mail"]
REPORTS: Final = {ReportKind.DSN, ReportKind.MDN, ReportKind.FEEDBACK}


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail["name"])
def test_ordinary_mail_is_not_called_a_report(mail: dict[str, str]) -> None:
    fields = mail["fields"] + "\n" if "fields" in mail else ""
    raw = (
        f"From: {mail['sender']}\nTo: bob@example.net\nSubject: {mail['subject']}\n{fields}"
        f"Message-ID: <q@shop.example>\n\n{mail['body']}"
    ).encode()
    for end in (b"\n", b"\r\n", b"\r"):
        assert read_report(raw.replace(b"\n", end)).kind not in REPORTS
