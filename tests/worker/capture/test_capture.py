"""The capture mailbox takes mail as it comes, or says why not."""

import asyncio
import errno
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backstamp.records.models import CapturedMail
from backstamp.worker import WorkerConfig
from backstamp.worker.capture.server import CaptureServer
from backstamp.worker.capture.store import CaptureStore
from backstamp.worker.parts.database import Database
from tests.worker.running import looked_up

MAIL = b"From: Me <me@example.org>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello\r\n"


class Client:
    """Says lines to the mailbox and hears its replies."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def hear(self) -> str:
        """Return a reply, its lines joined by "|"."""
        lines = []
        async with asyncio.timeout(60):
            while line := (await self.reader.readline()).decode().removesuffix("\r\n"):
                lines.append(line)
                if line[3:4] != "-":
                    break
        return "|".join(lines)

    async def say(self, text: str | bytes) -> str:
        self.writer.write(text.encode() + b"\r\n" if isinstance(text, str) else text)
        return await self.hear()

    async def begin(self, *forward_paths: str) -> None:
        assert (await self.say("LHLO test")).startswith("250-")
        assert await self.say("MAIL FROM:<me@example.org>") == "250 2.1.0 OK"
        for path in forward_paths:
            assert await self.say(f"RCPT TO:<{path}>") == "250 2.1.5 OK"


async def connected(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect, as soon as it listens."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await asyncio.open_unix_connection(path)
            except (FileNotFoundError, ConnectionRefusedError):
                await asyncio.sleep(0.01)


@pytest.fixture
async def client(config: WorkerConfig) -> AsyncIterator[Client]:
    stop = asyncio.Event()
    database = Database()
    server = asyncio.create_task(CaptureServer(config, database).run(stop))
    path = config.capture_listen.removeprefix("unix:")
    client = Client(*await connected(path))
    assert await client.hear() == "220 Backstamp capture mailbox, LMTP"
    yield client
    stop.set()
    async with asyncio.timeout(60):
        await server
    client.writer.close()
    await asyncio.to_thread(database.close)


def captured() -> list[tuple[str, str, str, str, int]]:
    return list(
        CapturedMail.objects.order_by("id").values_list(
            "reverse_path", "forward_path", "sender", "subject", "size"
        )
    )


def files(config: WorkerConfig) -> list[bytes]:
    return sorted(path.read_bytes() for path in config.capture_dir.iterdir())


async def test_a_mail_lies_in_a_file_byte_for_byte_before_it_is_acknowledged(
    client: Client, config: WorkerConfig
) -> None:
    await client.begin("anna@example.com")
    assert await client.say("DATA") == "354 End with a lone dot"
    assert await client.say(MAIL + b".\r\n") == "250 2.1.5 Captured"
    assert files(config) == [MAIL]
    (path,) = config.capture_dir.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert await looked_up(captured) == [
        ("me@example.org", "anna@example.com", "me@example.org", "Grüße", len(MAIL))
    ]


async def test_each_recipient_gets_a_reply_and_a_copy(client: Client, config: WorkerConfig) -> None:
    await client.begin("anna@example.com", "bert@example.com")
    assert await client.say("DATA") == "354 End with a lone dot"
    assert await client.say(MAIL + b".\r\n") == "250 2.1.5 Captured"
    assert await client.hear() == "250 2.1.5 Captured"
    assert files(config) == [MAIL, MAIL]
    assert [row[1] for row in await looked_up(captured)] == ["anna@example.com", "bert@example.com"]


async def test_leading_dots_are_taken_off_and_eight_bits_are_kept(
    client: Client, config: WorkerConfig
) -> None:
    await client.begin("anna@example.com")
    await client.say("DATA")
    await client.say(b"..\r\n...x\r\n\xff\x00 y\r\n.\r\n")
    assert files(config) == [b".\r\n..x\r\n\xff\x00 y\r\n"]


async def test_an_empty_mail_is_a_mail(client: Client, config: WorkerConfig) -> None:
    await client.begin("anna@example.com")
    await client.say("DATA")
    assert await client.say(b".\r\n") == "250 2.1.5 Captured"
    assert files(config) == [b""]


@pytest.mark.parametrize(
    "smuggled", [b"a\nb\r\n", b"a\rb\r\n", b"a\n.\nMAIL FROM:<x@y>\r\n", b"a\r\n.\n\r\n", b"\n"]
)
async def test_a_line_end_that_stands_alone_is_refused_and_ends_no_mail(
    client: Client, config: WorkerConfig, smuggled: bytes
) -> None:
    await client.begin("anna@example.com")
    await client.say("DATA")
    reply = await client.say(smuggled + b"\r\n.\r\n")
    assert reply == "554 5.6.0 Lines must end with CR LF, never with CR or LF alone"
    assert await client.say("NOOP") == "250 2.0.0 OK"
    assert files(config) == []


async def test_pipelined_commands_and_two_mails_in_one_write(client: Client, config: WorkerConfig) -> None:
    one = b"MAIL FROM:<> BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<j\xc3\xb6rg@example.com>\r\nDATA\r\n"
    replies = [await client.say(b"LHLO x\r\n" + one + b"1\r\n.\r\n" + one + b"2\r\n.\r\nQUIT\r\n")]
    replies += [await client.hear() for _ in range(9)]
    assert [reply[:3] for reply in replies] == [
        "250",
        "250",
        "250",
        "354",
        "250",
        "250",
        "250",
        "354",
        "250",
        "221",
    ]
    assert files(config) == [b"1\r\n", b"2\r\n"]
    assert [row[:2] for row in await looked_up(captured)] == [("", "jörg@example.com")] * 2


async def test_a_mail_larger_than_the_mailbox_is_refused_by_its_announced_size(client: Client) -> None:
    await client.say("LHLO test")
    reply = await client.say("MAIL FROM:<me@example.org> SIZE=100001")
    assert reply == "552 5.3.4 This mail is larger than the whole mailbox may be"


async def test_a_mail_larger_than_the_mailbox_is_refused_also_when_its_size_was_not_announced(
    client: Client, config: WorkerConfig
) -> None:
    await client.begin("anna@example.com", "bert@example.com")
    await client.say("DATA")
    reply = await client.say((b"x" * 998 + b"\r\n") * 500 + b".\r\n")
    assert reply == "552 5.3.4 This mail is larger than the whole mailbox may be"
    assert await client.hear() == reply
    assert await client.say("NOOP") == "250 2.0.0 OK"
    assert files(config) == []


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("MAIL FROM:<a@b>", "503 5.5.1 Say LHLO first"),
        ("RCPT TO:<a@b>", "503 5.5.1 Say MAIL first"),
        ("DATA", "503 5.5.1 No recipient"),
        ("EHLO x", "500 5.5.1 Unknown command; this server speaks LMTP"),
        ("VRFY a", "252 2.1.5 Every address is taken"),
        (b"\xff\xfe\r\n", "501 5.5.2 Commands are UTF-8"),
        (b"NOOP " + b"x" * 5000 + b"\r\n", "500 5.5.6 The line is too long"),
    ],
)
async def test_what_is_said_out_of_turn_gets_its_reply(client: Client, said: str | bytes, reply: str) -> None:
    assert await client.say(said) == reply


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("MAIL FROM:a@b", "501 5.5.4 Write MAIL FROM:<address>"),
        ("MAIL FROM:<a@b> NOTIFY=NEVER", "555 5.5.4 Unknown parameter"),
        ('MAIL FROM:<"a>b"@c>', "250 2.1.0 OK"),
    ],
)
async def test_paths_and_parameters_are_read_strictly(client: Client, said: str, reply: str) -> None:
    await client.say("LHLO test")
    assert await client.say(said) == reply


async def test_twenty_errors_end_the_connection(client: Client) -> None:
    replies = [await client.say("NONSENSE") for _ in range(20)]
    assert set(replies) == {"500 5.5.1 Unknown command; this server speaks LMTP"}
    assert await client.hear() == "421 4.7.0 Too many errors"
    assert await client.hear() == ""


async def test_who_talks_on_and_brings_no_mail_is_hung_up_on(client: Client) -> None:
    replies = [await client.say(said) for said in ["LHLO test", "NOOP", "RSET", "VRFY a"] * 25]
    assert {reply[:2] for reply in replies} == {"25"}
    assert await client.say("NOOP") == "421 4.7.0 Too many commands without a mail"
    assert await client.hear() == ""


async def test_only_the_owner_may_connect_from_the_first_moment(
    config: WorkerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, stop, database = config.capture_listen.removeprefix("unix:"), asyncio.Event(), Database()
    really, too_early = Path.chmod, list[int]()

    def looking(at: Path, mode: int) -> None:
        if str(at) == path:
            with socket.socket(socket.AF_UNIX) as stranger:
                too_early.append(stranger.connect_ex(path))
        really(at, mode)

    monkeypatch.setattr(Path, "chmod", looking)
    server = asyncio.create_task(CaptureServer(config, database).run(stop))
    client = Client(*await connected(path))
    assert await client.hear() == "220 Backstamp capture mailbox, LMTP"
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    assert too_early == [errno.ECONNREFUSED]
    stop.set()
    await server
    client.writer.close()
    await asyncio.to_thread(database.close)


def test_the_oldest_mails_go_when_the_mailbox_is_full(config: WorkerConfig) -> None:
    store = CaptureStore(config.capture_dir, 100)
    store.prepare()
    for number in range(5):
        store.save(b"%d" % number * 30, "", f"{number}@example.com")
    assert files(config) == [b"2" * 30, b"3" * 30, b"4" * 30]
    kept = list(CapturedMail.objects.order_by("id").values_list("forward_path", flat=True))
    assert kept == ["2@example.com", "3@example.com", "4@example.com"]


def test_a_file_without_a_row_is_taken_in_and_a_row_without_a_file_forgotten(config: WorkerConfig) -> None:
    store = CaptureStore(config.capture_dir, 1000)
    store.prepare()
    store.save(MAIL, "a@b", "c@d")
    store.save(b"gone\r\n", "a@b", "e@f")
    CapturedMail.objects.filter(forward_path="c@d").delete()
    (config.capture_dir / CapturedMail.objects.get().file_name).unlink()
    (config.capture_dir / "torn.eml.part").write_bytes(b"half")
    store.prepare()
    assert [(mail.subject, mail.size) for mail in CapturedMail.objects.all()] == [("Grüße", len(MAIL))]
    assert files(config) == [MAIL]


def test_a_header_that_is_no_text_is_kept_as_far_as_a_database_can(config: WorkerConfig) -> None:
    store = CaptureStore(config.capture_dir, 1000)
    store.prepare()
    store.save(b"Subject: a\x00\xff\xfeb\r\n\r\n", "a\udcff@b", "c@d")
    mail = CapturedMail.objects.get()
    assert "\0" not in mail.subject
    assert mail.reverse_path == "a?@b"
