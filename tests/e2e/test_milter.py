"""Real Postfix with the milter: what it delivers is what was asked for, octet by octet."""

import asyncio
import re
import smtplib
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backstamp.gateway.milter import (
    Accept,
    MilterAnswer,
    MilterConfig,
    MilterEnvelope,
    MilterListener,
    MilterPath,
    Refuse,
    Replace,
)
from backstamp.gateway.protocol.reply import reply
from backstamp.mail.patches import Patched
from backstamp.vocabulary import MilterFailure
from tests.daemons import free_port
from tests.e2e.postfix import Postfix
from tests.gateway.fake_next_hop import FakeNextHop

pytestmark = pytest.mark.daemon

ONE, TWO, THREE = "one@example.net", "two@example.net", "three@example.net"


class Line:
    """A client, Postfix with the milter, and the server that gets the mail."""

    def __init__(self, postfix: Postfix, hop: FakeNextHop, other_port: int) -> None:
        self.postfix = postfix
        self.hop = hop
        self.other_port = other_port
        self.seen: list[tuple[MilterEnvelope, bytes]] = []
        self.answer: Callable[[MilterEnvelope, bytes], MilterAnswer] = lambda envelope, raw: Accept()
        self.seconds = 0.0
        self.under_way = asyncio.Event()
        self.listener: MilterListener | None = None

    async def examine(self, envelope: MilterEnvelope, raw: bytes) -> MilterAnswer:
        self.under_way.set()
        await asyncio.sleep(self.seconds)
        self.seen.append((envelope, raw))
        return self.answer(envelope, raw)

    async def start(self, **config: Any) -> None:
        listen = f"unix:{self.postfix.folder}/milter"
        values: dict[str, Any] = {"listen": listen, "socket_group": "postfix"} | config
        self.listener = MilterListener(MilterConfig(**values), self.examine)
        await self.listener.start()

    async def stop(self) -> None:
        if self.listener is not None:
            await self.listener.close(5)
            self.listener = None

    async def send(self, *mails: tuple[bytes, tuple[str, ...]], port: int = 0) -> list[str]:
        """Send mails to their recipients in one session, octet by octet, and return the replies."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port or self.postfix.port)

        async def say(line: bytes) -> str:
            writer.write(line)
            answer = b""
            while not re.fullmatch(rb"(?:\d{3}-[^\n]*\n)*\d{3} [^\n]*\n", answer):
                more = await reader.readline()
                assert more, "Postfix hung up"
                answer += more
            return answer.decode().replace("\r\n", "\n").strip()

        await reader.readline()
        await say(b"EHLO client.example\r\n")
        replies = []
        for mail, recipients in mails:
            await say(b"MAIL FROM:<ann@example.org> BODY=8BITMIME\r\n")
            for recipient in recipients:
                await say(b"RCPT TO:<%s>\r\n" % recipient.encode())
            await say(b"DATA\r\n")
            stuffed = (b"\r\n" + mail).replace(b"\r\n.", b"\r\n..")[2:]
            replies.append(await say(stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n"))
        await say(b"QUIT\r\n")
        writer.close()
        await writer.wait_closed()
        return replies

    async def delivered(self, count: int) -> dict[str, bytes]:
        """Wait for so many mails; return each by its recipients, without the field Postfix puts above."""
        async with asyncio.timeout(60):
            while len(self.hop.accepted) < count:
                await asyncio.sleep(0.02)
        return {
            " ".join(text.split("<")[1].split(">")[0] for text in each.rcpts): without_received(each.data)
            for each in self.hop.accepted
        }


def without_received(message: bytes) -> bytes:
    field = re.match(rb"Received: from client\.example [^\r]*\r\n(?:\t[^\r]*\r\n)+", message)
    assert field, message[:500]
    return message[field.end() :]


@pytest.fixture(scope="module")
def postfix() -> Iterator[tuple[Postfix, int, int]]:
    """One for all tests, the port it hands mail on to, and a second port, where mail is not held up."""
    hop_port, other_port = free_port(), free_port()
    postfix = Postfix(
        "milter",
        {
            "default_transport": f"smtp:[127.0.0.1]:{hop_port}",
            "smtpd_milters": "unix:$queue_directory/../milter",
            "milter_default_action": "tempfail",
            "message_size_limit": "50000000",
            # Postfix breaks long lines where it sends mail, and adds fields to mail of its own machine.
            "smtp_line_length_limit": "0",
            "local_header_rewrite_clients": "",
        },
        extra=f"127.0.0.1:{other_port} inet n - n - - smtpd -o milter_default_action=accept",
    )
    yield postfix.start(), hop_port, other_port
    postfix.stop()


@pytest.fixture
async def line(postfix: tuple[Postfix, int, int]) -> AsyncIterator[Line]:
    hop = await FakeNextHop(port=postfix[1], offers=("PIPELINING", "8BITMIME")).start()
    line = Line(postfix[0], hop, postfix[2])
    await line.start()
    yield line
    await line.stop()
    await hop.stop()


BODY = b"hello\r\n"
HEADER = b"From: ann@example.org\r\n"
ORDINARY = (
    b"Received: from a by b;\r\n\tMon, 1 Jan 2024 00:00:00 +0000\r\nReceived: from c by a\r\n"
    b"From: ann@example.org\r\nSubject: hi\r\nX-Twice: 1\r\nTo: one@example.net\r\nx-twice: 2\r\n"
    b"X-Last: z\r\n\r\n"
)
MESSAGES = {
    "ordinary": ORDINARY + BODY,
    "odd spacing": HEADER + b"Subject:none\r\nX-Tab:\ttab\r\nX-Many:    many  \r\nX-Empty:\r\nX-Blank: \r\n"
    b"x-CASE: 1\r\n\r\nhello\r\n",
    "folded": HEADER
    + b"Subject: one\r\n\ttwo\r\n   three \r\n \r\n\tfour\r\nX-After:\r\n y\r\n\r\nhello\r\n",
    "8bit": HEADER + b"Subject: Gr\xfc\xdfe\r\n\r\nGr\xc3\xbc\xc3\x9fe \xff\x80\r\n",
    "long lines": HEADER + b"Subject: " + b"s" * 5000 + b"\r\n\r\n" + b"x" * 200_000 + b"\r\n\r\n",
    "empty body": HEADER + b"Subject: nothing\r\n\r\n",
    "no header": b"\r\nhello\r\n",
    "dots": HEADER + b"\r\n.\r\n..\r\n.a\r\n",
    "nul": HEADER + b"\r\nx\0y\r\n\0\r\n",
    "empty lines": HEADER + b"\r\n\r\n\r\nhello\r\n\r\n\r\n",
}
WANTED = {
    "nothing changed": ORDINARY + BODY,
    "a field on top": b"X-Verdict: safe\r\n" + ORDINARY + BODY,
    "fields on top": b"X-Verdict: safe;\r\n\tfolded by a tab\r\nX-Other:\r\nX-No:space\r\n" + ORDINARY + BODY,
    "a field in the middle": ORDINARY.replace(b"Subject:", b"X-Mid:\tone\r\nX-Mid: two\r\nSubject:") + BODY,
    "a field behind all": ORDINARY[:-2] + b"X-Behind: 1\r\nX-Behind: 2\r\n\r\n" + BODY,
    "another subject": ORDINARY.replace(b"Subject: hi", b"Subject:   other \r\n\tand more\t") + BODY,
    "a subject of nothing": ORDINARY.replace(b"Subject: hi", b"Subject:") + BODY,
    "the second of two": ORDINARY.replace(b"x-twice: 2", b"x-twice: 3") + BODY,
    "the first of two": ORDINARY.replace(b"X-Twice: 1", b"X-Twice: 3") + BODY,
    "one of two gone": ORDINARY.replace(b"X-Twice: 1\r\n", b"") + BODY,
    "the other gone": ORDINARY.replace(b"x-twice: 2\r\n", b"") + BODY,
    "both changed": ORDINARY.replace(b"X-Twice: 1", b"X-Twice: a").replace(b"x-twice: 2", b"x-twice: b")
    + BODY,
    "another order": ORDINARY.replace(b"Subject: hi\r\n", b"").replace(b"To:", b"Subject: hi\r\nTo:") + BODY,
    "a trace field changed": ORDINARY.replace(b"from c by a", b"from c by a (x)") + BODY,
    "all at once": b"X-Verdict: bad\r\nReceived: from c by a\r\nX-New: n\r\nSubject: [!] hi\r\nX-Twice: 9\r\n"
    b"To: one@example.net\r\nX-Tail: t\r\n\r\nanother\r\n",
    "all fields gone but one": b"To: one@example.net\r\n\r\n" + BODY,
    "a long field": ORDINARY.replace(b"Subject: hi", b"Subject: " + b"s" * 20_000) + BODY,
    "8bit in a field": ORDINARY.replace(b"Subject: hi", b"Subject: Gr\xfc\xdfe \xf0\x9f\x98\x80") + BODY,
    "a longer body": ORDINARY + b"".join(b"line %d\r\n" % number for number in range(30_000)),
    "a shorter body": ORDINARY + b"h\r\n",
    "no body": ORDINARY,
    "8bit body": ORDINARY + bytes(range(128, 256)) + b"\r\n",
    "long lines in the body": ORDINARY + b"y" * 300_000 + b"\r\n" + b"z" * 70_000 + b"\r\n",
    "lines of just a chunk": ORDINARY + (b"a" * 65_533 + b"\r\n") * 3 + (b"b" * 65_534 + b"\r\n") * 3,
    "dots": ORDINARY + b".\r\n..\r\n.a\r\n\r\n.\r\n",
    "nul": ORDINARY + b"\0a\0\r\n\0\r\n",
    "a cr in a chunk": ORDINARY + b"\r\n" * 100_000,
}


def numbered(cases: dict[str, bytes]) -> dict[str, str]:
    """An address for each case."""
    return {f"case{number}@example.net": name for number, name in enumerate(cases)}


async def test_the_milter_sees_and_postfix_delivers_what_was_sent(line: Line) -> None:
    names = numbered(MESSAGES)
    await line.send(*((MESSAGES[name], (address,)) for address, name in names.items()))
    delivered = await line.delivered(len(names))
    for envelope, raw in line.seen:
        address = envelope.recipients[0].path
        assert raw == MESSAGES[names[address]], names[address]
        assert delivered[address] == raw, names[address]


async def test_what_is_asked_for_is_delivered(line: Line) -> None:
    names = numbered(WANTED)
    line.answer = lambda envelope, raw: Replace(Patched(WANTED[names[envelope.recipients[0].path]]))
    await line.send(*((ORDINARY + BODY, (address,)) for address in names))
    delivered = await line.delivered(len(names))
    for address, name in names.items():
        assert delivered[address] == WANTED[name], name


async def test_postfix_ends_the_last_line(line: Line) -> None:
    line.answer = lambda envelope, raw: Replace(Patched(ORDINARY + b"no end"))
    await line.send((ORDINARY + BODY, (ONE,)))
    assert (await line.delivered(1))[ONE] == ORDINARY + b"no end\r\n"


async def test_a_message_for_several_is_seen_once_with_all_of_them(line: Line) -> None:
    line.answer = lambda envelope, raw: Replace(Patched(raw + b"more\r\n"))
    (answer,) = await line.send((ORDINARY + BODY, (ONE, TWO, THREE)))
    assert answer.startswith("250 2.0.0 Ok")
    assert await line.delivered(1) == {f"{ONE} {THREE} {TWO}": ORDINARY + BODY + b"more\r\n"}
    ((envelope, _),) = line.seen
    assert envelope.recipients == tuple(map(MilterPath, (ONE, TWO, THREE)))
    assert envelope.reverse_path == MilterPath("ann@example.org", ("BODY=8BITMIME",))
    assert (envelope.client_address, envelope.helo) == ("127.0.0.1", "client.example")
    assert envelope.daemon_name == "milter.example"
    assert envelope.queue_id in answer


async def test_what_is_refused_hears_the_examiners_reply(line: Line) -> None:
    answers: dict[str, MilterAnswer] = {
        ONE: Refuse(reply(554, "5.7.1 100% bad: %s", "5.7.1 https://example.org/why%20not")),
        TWO: Refuse(reply(451, "4.7.1 later")),
        THREE: Accept(),
    }
    line.answer = lambda envelope, raw: answers[envelope.recipients[0].path]
    replies = await line.send(*((ORDINARY + BODY, (each,)) for each in answers))
    assert replies[:2] == [
        "554-5.7.1 100% bad: %s\n554 5.7.1 https://example.org/why%20not",
        "451 4.7.1 later",
    ]
    assert list(await line.delivered(1)) == [THREE]


async def test_a_transaction_that_is_dropped_leaves_nothing_behind(line: Line) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", line.postfix.port)
    # Postfix 3.9 takes no content before it has said 354.
    await reader.readline()
    writer.write(b"EHLO client.example\r\n")
    await reader.readuntil(b"\n250 ")
    writer.write(
        b"MAIL FROM:<x@example.org>\r\nRCPT TO:<%s>\r\nRSET\r\n"
        b"MAIL FROM:<ann@example.org>\r\nRCPT TO:<%s>\r\nDATA\r\n" % (TWO.encode(), ONE.encode())
    )
    await reader.readuntil(b"\n354 ")
    writer.write(ORDINARY + b".\r\nMAIL FROM:<>\r\nRCPT TO:<%s>\r\nDATA\r\n" % TWO.encode())
    await reader.readuntil(b"\n354 ")
    writer.write(ORDINARY + b"second\r\n.\r\nQUIT\r\n")
    await reader.read()
    writer.close()
    await writer.wait_closed()
    assert await line.delivered(2) == {ONE: ORDINARY, TWO: ORDINARY + b"second\r\n"}
    assert [envelope.reverse_path.path for envelope, _ in line.seen] == ["ann@example.org", ""]
    assert [len(envelope.recipients) for envelope, _ in line.seen] == [1, 1]


async def test_20_mb_pass_and_are_replaced(line: Line) -> None:
    body = b"".join(b"%070d\r\n" % number for number in range(280_000))
    line.answer = lambda envelope, raw: (
        Accept()
        if envelope.recipients[0].path == ONE
        else Replace(Patched(b"X-Big: 1\r\n" + raw[:-9] + b"changed\r\n"))
    )
    replies = await line.send((ORDINARY + body, (ONE,)), (ORDINARY + body, (TWO,)))
    assert all(each.startswith("250 ") for each in replies), replies
    delivered = await line.delivered(2)
    assert delivered[ONE] == ORDINARY + body
    assert delivered[TWO] == b"X-Big: 1\r\n" + ORDINARY + body[:-9] + b"changed\r\n"


async def test_an_examiner_that_fails_costs_one_message_and_one_line(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(envelope: MilterEnvelope, raw: bytes) -> MilterAnswer:
        raise ValueError("secret")

    line.answer = fail
    (let_through,) = await line.send((ORDINARY + BODY, (ONE,)))
    await line.stop()
    await line.start(on_failure=MilterFailure.TEMPFAIL)
    (put_off,) = await line.send((ORDINARY + BODY, (TWO,)))
    await line.stop()
    await line.start(on_failure=MilterFailure.TEMPFAIL, examine_seconds=0.1)
    line.seconds = 5
    (late,) = await line.send((ORDINARY + BODY, (THREE,)))
    assert let_through.startswith("250 ")
    assert re.fullmatch(r"451 4\.3\.0 Not checked, try again later, trace id [0-9a-f]{16}", put_off)
    assert late.startswith("451 4.3.0 Not checked")
    assert await line.delivered(1) == {ONE: ORDINARY + BODY}
    first, second, third = (record.getMessage()[18:] for record in caplog.records)
    assert re.fullmatch(
        r"a message was let through unexamined: internal error ValueError in test_milter\.py, line \d+", first
    )
    assert second == first.replace("let through", "put off")
    assert third == "a message was put off unexamined: it took too long"


async def test_mail_waits_or_flows_on_while_the_milter_is_down(line: Line) -> None:
    await line.stop()
    with smtplib.SMTP("127.0.0.1", line.postfix.port) as client:
        client.ehlo()
        waits = client.mail("ann@example.org")
    flows = await line.send((ORDINARY + BODY, (TWO,)), port=line.other_port)
    assert waits == (451, b"4.7.1 Service unavailable - try again later")
    assert flows[0].startswith("250 ")
    assert await line.delivered(1) == {TWO: ORDINARY + BODY}
    await line.start()
    line.answer = lambda envelope, raw: Replace(Patched(ORDINARY + b"checked\r\n"))
    await line.send((ORDINARY + BODY, (THREE,)), port=line.other_port)
    assert (await line.delivered(2))[THREE] == ORDINARY + b"checked\r\n"


def documented(name: str) -> str:
    """The lines of docs/protect-postfix.md below a comment of that name."""
    text = (Path(__file__).parents[2] / "docs" / "protect-postfix.md").read_text()
    found = re.search(rf"^<!-- {re.escape(name)} -->\n((?:    .+\n)+)", text, re.MULTILINE)
    assert found, name
    return re.sub(r"^    ", "", found[1], flags=re.MULTILINE)


async def test_a_chrooted_postfix_finds_the_socket_where_the_documents_put_it(line: Line) -> None:
    port = free_port()
    settings = dict(each.split(" = ", 1) for each in documented("main.cf C").splitlines()) | {
        "default_transport": f"smtp:[127.0.0.1]:{line.hop.port}",
        "local_header_rewrite_clients": "",
    }
    postfix = Postfix("chroot", settings, extra=f"127.0.0.1:{port} inet n - y - - smtpd")
    spool = postfix.folder / "queue"
    try:
        for command in documented("shell C").splitlines():
            words = command.replace("/var/spool/postfix", str(spool)).replace("-o backstamp", "-o nobody")
            await asyncio.to_thread(subprocess.run, words.split(), check=True)
        listen = documented("backstamp.toml C").split('"')[1].replace("/var/spool/postfix", str(spool))
        await line.stop()
        await line.start(listen=listen, socket_group="")
        line.answer = lambda envelope, raw: Replace(Patched(raw + b"checked\r\n"))
        await asyncio.to_thread(postfix.start)
        (answer,) = await line.send((ORDINARY + BODY, (ONE,)), port=port)
        assert answer.startswith("250 ")
        assert (await line.delivered(1))[ONE] == ORDINARY + BODY + b"checked\r\n"
        await line.stop()
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.ehlo()
            assert client.mail("ann@example.org")[0] == 451
        complaints = [line for line in postfix.log_text.splitlines() if "warning: " in line]
        # Postfix also tells of a clock that was set, and why it is slower then.
        awaited = ("connect to Milter service", "file system clock is", "resetting file time stamps")
        assert [line for line in complaints if not any(words in line for words in awaited)] == []
    finally:
        await asyncio.to_thread(postfix.stop)


async def test_a_message_under_way_is_answered_before_the_end(line: Line) -> None:
    line.seconds = 0.5
    line.answer = lambda envelope, raw: Replace(Patched(ORDINARY + b"checked\r\n"))
    sending = asyncio.create_task(line.send((ORDINARY + BODY, (ONE,))))
    await asyncio.wait_for(line.under_way.wait(), 60)
    await line.stop()
    assert (await sending)[0].startswith("250 ")
    assert await line.delivered(1) == {ONE: ORDINARY + b"checked\r\n"}
