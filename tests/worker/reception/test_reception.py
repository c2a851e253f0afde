"""The dialog of a mailbox that takes mail by SMTP and by LMTP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from backstamp.worker.reception.session import Session

MAIL = b"Subject: x\r\n\r\nhello\r\n.\r\n"


class Box:
    """Keeps what it is given."""

    name = "test mailbox"
    max_bytes = 1000

    def __init__(self, *, speaks_smtp: bool) -> None:
        self.speaks_smtp = speaks_smtp
        self.mails: list[tuple[str, str, bytes]] = []

    def refusal(self, forward_path: str) -> str | None:
        return "550 5.1.1 No such user" if forward_path.startswith("nobody@") else None

    async def deliver(self, mail_data: bytes, reverse_path: str, forward_path: str) -> str:
        self.mails.append((reverse_path, forward_path, mail_data))
        return "250 2.0.0 Taken"


@asynccontextmanager
async def dialog(box: Box) -> AsyncIterator["Dialog"]:
    stop = asyncio.Event()

    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(EOFError, OSError):
            await Session(reader, writer, box, stop).run()
        await closed(writer)
        ended.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    try:
        yield Dialog(reader, writer, stop)
    finally:
        await closed(writer)
        await asyncio.wait_for(ended.wait(), 10)
        server.close()


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


class Dialog:
    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stop: asyncio.Event
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.stop = stop

    async def heard(self) -> list[str]:
        """The lines of one reply."""
        lines = [(await asyncio.wait_for(self._reader.readline(), 10)).decode().rstrip("\r\n")]
        while lines[-1][3:4] == "-":
            lines.append((await asyncio.wait_for(self._reader.readline(), 10)).decode().rstrip("\r\n"))
        return lines

    async def say(self, line: str) -> list[str]:
        self._writer.write(f"{line}\r\n".encode())
        return await self.heard()

    async def send(self, data: bytes, replies: int) -> list[str]:
        self._writer.write(data)
        return [(await self.heard())[0] for _ in range(replies)]


async def test_smtp_is_spoken_with_extensions_and_without() -> None:
    async with dialog(Box(speaks_smtp=True)) as client:
        assert await client.heard() == ["220 Backstamp test mailbox, SMTP and LMTP"]
        assert await client.say("EHLO mx.example") == [
            "250-Backstamp test mailbox",
            "250-PIPELINING",
            "250-8BITMIME",
            "250-SMTPUTF8",
            "250-ENHANCEDSTATUSCODES",
            "250 SIZE 1000",
        ]
        assert await client.say("HELO mx.example") == ["250 Backstamp test mailbox"]
        assert await client.say("AUTH PLAIN") == [
            "500 5.5.1 Unknown command; this server speaks SMTP and LMTP"
        ]


@pytest.mark.parametrize("hello", ["EHLO mx.example", "HELO mx.example"])
async def test_by_smtp_there_is_one_recipient_and_one_reply_after_the_mail(hello: str) -> None:
    box = Box(speaks_smtp=True)
    async with dialog(box) as client:
        await client.heard()
        await client.say(hello)
        assert await client.say("MAIL FROM:<>") == ["250 2.1.0 OK"]
        assert await client.say("RCPT TO:<nobody@example.org>") == ["550 5.1.1 No such user"]
        assert await client.say("RCPT TO:<a@example.org>") == ["250 2.1.5 OK"]
        assert await client.say("RCPT TO:<b@example.org>") == ["452 4.5.3 Too many recipients"]
        assert await client.say("DATA") == ["354 End with a lone dot"]
        assert await client.send(MAIL, 1) == ["250 2.0.0 Taken"]
        assert await client.say("QUIT") == ["221 2.0.0 Goodbye"]
    assert box.mails == [("", "a@example.org", b"Subject: x\r\n\r\nhello\r\n")]


async def test_by_lmtp_each_recipient_has_a_reply_after_the_mail() -> None:
    box = Box(speaks_smtp=False)
    async with dialog(box) as client:
        assert await client.heard() == ["220 Backstamp test mailbox, LMTP"]
        assert await client.say("EHLO x") == ["500 5.5.1 Unknown command; this server speaks LMTP"]
        assert await client.say("MAIL FROM:<>") == ["503 5.5.1 Say LHLO first"]
        await client.say("LHLO mx.example")
        await client.say("MAIL FROM:<eve@example.com>")
        for name in "ab":
            await client.say(f"RCPT TO:<{name}@example.org>")
        await client.say("DATA")
        assert await client.send(MAIL, 2) == ["250 2.0.0 Taken"] * 2
    assert [mail[:2] for mail in box.mails] == [("eve@example.com", f"{name}@example.org") for name in "ab"]


async def test_a_hello_in_between_begins_anew() -> None:
    async with dialog(Box(speaks_smtp=True)) as client:
        await client.heard()
        assert await client.say("MAIL FROM:<>") == ["503 5.5.1 Say EHLO or LHLO first"]
        await client.say("EHLO x")
        await client.say("MAIL FROM:<>")
        assert await client.say("MAIL FROM:<>") == ["503 5.5.1 A transaction is open already"]
        await client.say("EHLO x")
        assert await client.say("RCPT TO:<a@example.org>") == ["503 5.5.1 Say MAIL first"]
        assert (await client.say("MAIL FROM:<> SIZE=1001"))[0].startswith("552 ")


async def test_who_is_told_to_stop_ends_what_was_begun_and_begins_nothing() -> None:
    box = Box(speaks_smtp=False)
    async with dialog(box) as client:
        await client.heard()
        await client.say("LHLO mx.example")
        await client.say("MAIL FROM:<>")
        client.stop.set()
        assert await client.say("RCPT TO:<a@example.org>") == ["250 2.1.5 OK"]
        assert await client.say("DATA") == ["354 End with a lone dot"]
        assert await client.send(MAIL, 2) == ["250 2.0.0 Taken", "421 4.3.2 Closing"]
    assert len(box.mails) == 1
