"""Reports from a mailbox at a real Dovecot: taken once, marked as seen, and never deleted."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.imap_mailbox import PASSWORD, Mailbox
from tests.e2e.server import Server, until
from tests.worker.report_mailbox.bounces import bounce

pytestmark = pytest.mark.daemon


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    made = Mailbox()
    yield made
    made.stop()


def settings(mailbox: Mailbox, password: str = PASSWORD) -> dict[str, str]:
    return {
        "BACKSTAMP_REPORTS_IMAP": f"imaps://reports@localhost:{mailbox.port}/INBOX",
        "BACKSTAMP_REPORTS_IMAP_PASSWORD": password,
        "BACKSTAMP_REPORTS_IMAP_CA": str(mailbox.folder / "ca.pem"),
        "BACKSTAMP_REPORTS_IMAP_SECONDS": "10",
    }


def test_bounces_in_a_mailbox_are_taken_and_marked_and_stay(tmp_path: Path, mailbox: Mailbox) -> None:
    mailbox.put("1", bounce("anna@example.com").replace(b"\r\n", b"\n"))
    mailbox.put("2", b"From: kim@example.net\nSubject: hello\n\nNo report.\n")
    server = Server(tmp_path, settings(mailbox)).start()
    try:
        until("both are marked", lambda: mailbox.seen() == {"1": True, "2": True})
        rows = server.query("SELECT words, addresses FROM records_unmatchedreport")
        assert rows == [("bounced", "anna@example.com")]
        mailbox.put("3", bounce("bert@example.com").replace(b"\r\n", b"\n"))
        until("the new one is, too", lambda: mailbox.seen() == {"1": True, "2": True, "3": True})
        rows = server.query("SELECT addresses FROM records_unmatchedreport ORDER BY id")
        assert rows == [("anna@example.com",), ("bert@example.com",)], "nothing is taken twice"
    finally:
        server.kill()


def test_a_wrong_password_is_told_in_one_line_without_it_and_nothing_is_touched(
    tmp_path: Path, mailbox: Mailbox
) -> None:
    mailbox.put("1", bounce().replace(b"\r\n", b"\n"))
    server = Server(tmp_path, settings(mailbox, "wrong horse")).start()
    try:
        until("it is told", lambda: "reports.imap cannot be looked at" in server.log.read_text())
        time.sleep(3)
        log = server.log.read_text()
        assert log.count("reports.imap cannot be looked at") == 1, "it does not hammer"
        assert "wrong horse" not in log
        assert "Traceback" not in log
        assert mailbox.seen() == {"1": False}
    finally:
        server.kill()
