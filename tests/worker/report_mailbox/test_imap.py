"""A look for reports at a real Dovecot: what cannot be kept now stays, as does all where nobody is proven."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from backstamp.worker.config import ImapConfig
from backstamp.worker.report_mailbox.imap import ImapMailbox
from backstamp.worker.report_mailbox.mailbox import AGAIN, TAKEN, ReportMailbox
from tests.e2e.imap_mailbox import PASSWORD, Mailbox
from tests.worker.report_mailbox.bounces import bounce

pytestmark = pytest.mark.daemon


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    made = Mailbox()
    yield made
    made.stop()


class Replies:
    """Stands for the report mailbox: gives these replies, one for each mail."""

    max_bytes = 1_000_000

    def __init__(self, *replies: str) -> None:
        self.replies = list(replies)
        self.mails: list[bytes] = []

    async def deliver(self, mail_data: bytes, reverse_path: str, forward_path: str) -> str:
        self.mails.append(mail_data)
        return self.replies.pop(0)


def looking(mailbox: Mailbox, replies: Replies, ca: Path | None) -> ImapMailbox:
    config = ImapConfig(
        address=f"imaps://reports@localhost:{mailbox.port}/INBOX", password=PASSWORD, seconds=3600, ca=ca
    )
    return ImapMailbox(config, cast("ReportMailbox", replies))


async def test_what_cannot_be_kept_now_stays_unseen_and_is_taken_at_the_next_look(mailbox: Mailbox) -> None:
    mailbox.put("1", bounce().replace(b"\r\n", b"\n"))
    replies = Replies(AGAIN, TAKEN)
    imap = looking(mailbox, replies, mailbox.folder / "ca.pem")
    await imap.look(asyncio.Event())
    assert mailbox.seen() == {"1": False}
    await imap.look(asyncio.Event())
    assert mailbox.seen() == {"1": True}
    assert len(replies.mails) == 2


async def test_what_was_not_taken_lets_all_others_go_first_at_the_next_look(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backstamp.worker.report_mailbox.imap.MOST_AT_ONCE", 1)
    for name in ("1", "2"):
        mailbox.put(name, f"To: reports@example.org\nSubject: {name}\n\nFailed.\n".encode())
    replies = Replies(AGAIN, TAKEN, TAKEN)
    imap = looking(mailbox, replies, mailbox.folder / "ca.pem")
    for _ in range(3):
        await imap.look(asyncio.Event())
    first, second, third = replies.mails
    assert first == third != second
    assert mailbox.seen() == {"1": True, "2": True}


async def test_a_server_that_proves_nothing_is_not_told_the_password(
    mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.put("1", bounce().replace(b"\r\n", b"\n"))
    replies, stop = Replies(), asyncio.Event()
    looks = asyncio.create_task(looking(mailbox, replies, None).run(stop))
    async with asyncio.timeout(60):
        while "reports.imap" not in caplog.text:
            await asyncio.sleep(0.05)
    stop.set()
    await looks
    (told,) = [record.message for record in caplog.records if "reports.imap" in record.message]
    assert "certificate verify failed" in told
    assert PASSWORD not in caplog.text
    assert mailbox.seen() == {"1": False}
    assert not replies.mails


async def test_a_mail_that_is_too_large_is_marked_counted_and_told_of_without_an_address(
    mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.put("1", b"To: ann@example.org\n\n" + b"x" * Replies.max_bytes)
    mailbox.put("2", bounce().replace(b"\r\n", b"\n"))
    replies = Replies(TAKEN)
    imap = looking(mailbox, replies, mailbox.folder / "ca.pem")
    assert not await imap.look(asyncio.Event())
    assert mailbox.seen() == {"1": True, "2": True}
    assert (len(replies.mails), imap.number_too_large()) == (1, 1)
    (told,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "larger than gateway.max_size" in told.message
    assert "@" not in caplog.text
