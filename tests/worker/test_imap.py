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
from tests.worker.bounces import bounce

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
        self.taken = 0

    async def deliver(self, mail_data: bytes, reverse_path: str, forward_path: str) -> str:
        self.taken += 1
        return self.replies.pop(0)


async def looked_at(mailbox: Mailbox, replies: Replies, ca: Path | None) -> None:
    """Look into the mailbox once."""
    config = ImapConfig(
        address=f"imaps://reports@localhost:{mailbox.port}/INBOX", password=PASSWORD, seconds=3600, ca=ca
    )
    stop = asyncio.Event()
    looking = asyncio.create_task(ImapMailbox(config, cast("ReportMailbox", replies)).run(stop))
    await asyncio.sleep(2)
    stop.set()
    await looking


async def test_what_cannot_be_kept_now_stays_unseen_and_is_taken_at_the_next_look(mailbox: Mailbox) -> None:
    mailbox.put("1", bounce().replace(b"\r\n", b"\n"))
    replies = Replies(AGAIN, TAKEN)
    await looked_at(mailbox, replies, mailbox.folder / "ca.pem")
    assert mailbox.seen() == {"1": False}
    await looked_at(mailbox, replies, mailbox.folder / "ca.pem")
    assert mailbox.seen() == {"1": True}
    assert replies.taken == 2


async def test_a_server_that_proves_nothing_is_not_told_the_password(
    mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.put("1", bounce().replace(b"\r\n", b"\n"))
    replies = Replies()
    await looked_at(mailbox, replies, None)
    (told,) = [record.message for record in caplog.records if "reports.imap" in record.message]
    assert "certificate verify failed" in told
    assert PASSWORD not in caplog.text
    assert mailbox.seen() == {"1": False}
    assert replies.taken == 0
