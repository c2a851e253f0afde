"""Real Postfix on both sides: Postfix -> gateway -> Postfix, and smtp-sink where refusals are wanted."""

import asyncio
import collections
import contextlib
import re
import smtplib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from backstamp.gateway.config import Timeouts
from backstamp.rewriting import unwrap
from backstamp.tokens import LinkToken, PixelToken, open_token
from tests.daemons import free_port, require
from tests.e2e.postfix import Postfix
from tests.gateway.running import NOTHING, RING, TRACKING_URL, Running, StartGateway, gateways

pytestmark = pytest.mark.daemon

ANN = "ann@example.org"
ONE, TWO, THREE = THREE_RECIPIENTS = ("one@example.net", "two@example.net", "three@example.net")
SHORT = Timeouts(connect=2, greeting=2, command=2, data=2, data_block=5, end_of_data=2, idle=60)
MAIL = (
    b"From: Ann <ann@example.org>\r\nTo: many@example.net\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    b"Date: Mon, 01 Jan 2024 10:00:00 +0000\r\nMessage-ID: <e2e.%d@example.org>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative; boundary="b"\r\n\r\npreamble  \r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    b"..two dots\r\n.one dot\r\n.\tdot and tab\r\nGr\xc3\xbc\xc3\x9fe: https://www.example.com/text \r\n"
    b"\r\n\r\n"
    b"--b\r\nContent-Type: text/html; charset=iso-8859-1\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    b'<html><body><p>Gr=FC=DFe, <a href=3D"https://www.example.com/html">here</a>=\r\n</p></body></html>\r\n'
    b"--b--\r\nepilogue\t\r\n"
)


def reader(url: str) -> str | None:
    """The original of one of our URLs, "" for the pixel, None for others."""
    if not url.startswith(TRACKING_URL):
        return None
    token = open_token(RING, url.rpartition("/")[2])
    if isinstance(token, LinkToken):
        return token.url
    return "" if isinstance(token, PixelToken) else None


def without_trace(stored: bytes) -> bytes:
    """What Postfix stored, with CRLF again and without the fields that the hops put before it."""
    text = stored.replace(b"\n", b"\r\n")
    field = re.compile(
        rb"(?:Return-Path|Received|X-Original-To|Delivered-To):[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*"
    )
    while (match := field.match(text)) is not None:
        text = text[match.end() :]
    return text


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[StartGateway]:
    async with gateways(tmp_path) as start:
        yield start


async def until(what: str, look: Callable[[], Any], seconds: float = 120) -> Any:
    deadline = asyncio.get_running_loop().time() + seconds
    while not (found := look()):
        assert asyncio.get_running_loop().time() < deadline, f"{what}: not within {seconds} s"
        await asyncio.sleep(0.1)
    return found


async def submit(postfix: Postfix, number: int, *recipients: str, sender: str = ANN) -> bytes:
    """Give a mail to the first Postfix."""
    mail = MAIL % number

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", postfix.port, timeout=60) as client:
            client.ehlo("client.example")
            assert client.mail(sender, ["BODY=8BITMIME"])[0] == 250
            for recipient in recipients:
                assert client.rcpt(recipient)[0] == 250
            assert client.data(mail)[0] == 250

    await asyncio.to_thread(send)
    return mail


@pytest.fixture
def postfixes() -> Iterator[Callable[..., Postfix]]:
    started: list[Postfix] = []

    def start(*args: Any, **options: Any) -> Postfix:
        started.append(Postfix(*args, **options))
        return started[-1].start()

    yield start
    for each in started:
        each.stop()


class Chain:
    """Postfix -> gateway -> Postfix."""

    def __init__(self, first: Postfix, running: Running, last: Postfix) -> None:
        self.first = first
        self.running = running
        self.last = last

    def received(self) -> dict[str, int]:
        counts = collections.Counter({each: len(self.last.mails(each)) for each in THREE_RECIPIENTS})
        return {address: count for address, count in counts.items() if count}

    async def settled(self) -> None:
        await until("the first queue is empty", lambda: self.first.is_empty)
        await until("the last queue is empty", lambda: self.last.is_empty)

    async def flushed(self) -> None:
        """Have all that waits tried again until nothing does.

        For two seconds the gateway may keep a connection whose smtpd has the rules from before a reload.
        """
        await self._flush_until("the first queue is empty", lambda: self.first.is_empty)
        await self.settled()

    async def tries(self, address: str, number: int) -> list[str]:
        """Return what is logged of an address once it was tried so many times."""
        await self._flush_until("it was tried", lambda: len(self.first.deliveries(address)) >= number)
        return self.first.deliveries(address)

    async def _flush_until(self, what: str, look: Callable[[], bool]) -> None:
        """Wait with `postqueue -f`: a queue manager that found a mail "still being delivered" forgets it."""
        for _ in range(40):
            with contextlib.suppress(AssertionError):
                await until(what, look, 3)
                return
            self.first.command("postqueue", "-f")
        await until(what, look, 3)


@pytest.fixture
def chain(
    postfixes: Callable[..., Postfix],
    gateway: StartGateway,
) -> Callable[..., Any]:
    async def start(protocol: str, rules: dict[str, str] | None = None, **first_settings: str) -> Chain:
        last = await asyncio.to_thread(
            postfixes,
            "last",
            {
                "smtpd_recipient_restrictions": "check_recipient_access texthash:$config_directory/rcpt",
                "smtpd_end_of_data_restrictions": "check_recipient_access texthash:$config_directory/end",
                **(rules or {}),
            },
            mailboxes=(ANN, *THREE_RECIPIENTS),
        )
        for name in ("rcpt", "end"):
            last.path(name).write_text("")
        running = await gateway(f"smtp://127.0.0.1:{last.port}")
        listener = "gateway.lmtp_listen" if protocol == "lmtp" else "gateway.listen"
        route = f"inet:127.0.0.1:{running.gateway.ports[listener]}"
        transport = (
            f"lmtp:{route}" if protocol == "lmtp" else f"smtp:[127.0.0.1]:{running.gateway.ports[listener]}"
        )
        first = await asyncio.to_thread(
            postfixes, "first", {"default_transport": transport, **first_settings}
        )
        return Chain(first, running, last)

    return start


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
async def test_mail_arrives_with_every_byte_outside_the_patches(chain: Any, protocol: str) -> None:
    line = await chain(protocol)
    sent = await submit(line.first, 1, *THREE_RECIPIENTS)
    await line.settled()
    assert line.received() == dict.fromkeys(THREE_RECIPIENTS, 1)
    copies = [without_trace(line.last.mails(each)[0]) for each in THREE_RECIPIENTS]
    assert len(set(copies)) == 3
    for copy in copies:
        assert copy != sent
        assert unwrap(copy, reader) == sent
    stored = line.last.mails(ONE)[0]
    assert re.search(rb"Received: from first\.example \(\[127\.0\.0\.1\]\)\n\tby backstamp\.example ", stored)


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
async def test_three_recipients_fare_differently_at_rcpt(chain: Any, protocol: str) -> None:
    line = await chain(protocol)
    line.last.path("rcpt").write_text(f"{TWO} 550 5.7.1 not here\n{THREE} 450 4.2.1 later\n")
    await submit(line.first, 2, *THREE_RECIPIENTS)
    await until("the third is put off", lambda: line.first.deliveries(THREE))
    await until("the second has bounced", lambda: line.last.mails(ANN))
    assert line.received() == {ONE: 1}
    assert (
        "550 5.7.1 <two@example.net>: Recipient address rejected: not here" in line.first.deliveries(TWO)[0]
    )
    assert (
        "450 4.2.1 <three@example.net>: Recipient address rejected: later" in line.first.deliveries(THREE)[0]
    )
    line.last.path("rcpt").write_text("")
    line.last.command("postfix", "reload")
    await line.flushed()
    assert line.received() == {ONE: 1, THREE: 1}
    assert len({each.tracking_id for each in line.running.deliveries if each.text}) == len(
        line.running.queued
    )


async def test_three_recipients_fare_differently_after_data_through_lmtp(chain: Any) -> None:
    line = await chain("lmtp")
    line.last.path("end").write_text(f"{TWO} 550 5.7.1 not this\n{THREE} 450 4.2.1 later\n")
    await submit(line.first, 3, *THREE_RECIPIENTS)
    await until("the third is put off", lambda: line.first.deliveries(THREE))
    await until("the second has bounced", lambda: line.last.mails(ANN))
    assert "status=sent (250 2.0.0 Ok: queued as " in line.first.deliveries(ONE)[0]
    assert "dsn=5.7.1, status=bounced" in line.first.deliveries(TWO)[0]
    assert "dsn=4.2.1, status=deferred" in line.first.deliveries(THREE)[0]
    line.last.path("end").write_text("")
    line.last.command("postfix", "reload")
    await line.flushed()
    assert line.received() == {ONE: 1, THREE: 1}
    assert len(line.last.mails(ANN)) == 1


async def test_three_recipients_fare_differently_after_data_through_smtp(chain: Any) -> None:
    line = await chain("smtp")
    line.last.path("end").write_text(f"{TWO} 550 5.7.1 not this\n{THREE} 450 4.2.1 later\n")
    await submit(line.first, 4, *THREE_RECIPIENTS)
    assert all("450 4.2.1 <three@example.net>" in each for each in await line.tries(THREE, 2))
    # SMTP has one reply for all three; the accepted copy does not go twice for that.
    assert line.received() == {ONE: 1}
    line.last.path("end").write_text(f"{TWO} 550 5.7.1 not this\n")
    line.last.command("postfix", "reload")
    await line.flushed()
    assert line.received() == {ONE: 1, THREE: 1}
    (report,) = await until("the refusal is reported", lambda: line.last.mails(ANN))
    assert b"Final-Recipient: rfc822; two@example.net" in report
    assert b"Diagnostic-Code: smtp; 550 5.7.1" in report


async def test_one_recipient_at_a_time_needs_no_rules_for_mixed_outcomes(chain: Any) -> None:
    line = await chain("smtp", smtp_destination_recipient_limit="1")
    line.last.path("end").write_text(f"{TWO} 550 5.7.1 not this\n")
    await submit(line.first, 5, *THREE_RECIPIENTS)
    await line.settled()
    assert line.received() == {ONE: 1, THREE: 1}
    assert "dsn=5.7.1, status=bounced" in line.first.deliveries(TWO)[0]
    (bounce,) = line.last.mails(ANN)
    assert b"first.example" in bounce


async def test_a_bounce_keeps_its_null_reverse_path(chain: Any) -> None:
    line = await chain("smtp")
    await submit(line.first, 6, ONE, sender="")
    await line.settled()
    assert b"Return-Path: <>\n" in line.last.mails(ONE)[0]


async def test_one_postfix_with_the_gateway_as_its_content_filter(
    postfixes: Callable[..., Postfix], gateway: StartGateway
) -> None:
    """The configuration of docs/gateway.md."""
    way_back = free_port()
    running = await gateway(f"smtp://127.0.0.1:{way_back}")
    port = running.gateway.ports["gateway.listen"]
    postfix = await asyncio.to_thread(
        postfixes,
        "mail",
        {"backstamp_destination_recipient_limit": "1"},
        mailboxes=(ANN, *THREE_RECIPIENTS),
        smtpd=f"-o content_filter=backstamp:[127.0.0.1]:{port}",
        extra=(
            "backstamp unix - - n - 10 smtp\n"
            "  -o smtp_send_xforward_command=yes -o disable_mime_output_conversion=yes\n"
            f"127.0.0.1:{way_back} inet n - n - - smtpd\n"
            "  -o content_filter= -o mynetworks=127.0.0.0/8\n"
            "  -o smtpd_authorized_xforward_hosts=127.0.0.0/8\n"
            "  -o receive_override_options=no_unknown_recipient_checks,no_header_body_checks\n"
        ),
    )
    sent = await submit(postfix, 7, *THREE_RECIPIENTS)
    await until("all have arrived", lambda: all(postfix.mails(each) for each in THREE_RECIPIENTS))
    for recipient in THREE_RECIPIENTS:
        (stored,) = postfix.mails(recipient)
        assert TRACKING_URL.encode() in stored
        assert unwrap(without_trace(stored), reader) == sent
    # The one in which the recipient was asked about, and its copy's, which has a reverse path of its own.
    assert postfix.log_text.count("orig_client=unknown[127.0.0.1]") == 2 * len(THREE_RECIPIENTS)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


@asynccontextmanager
async def sink(port: int, *flags: str) -> AsyncIterator[None]:
    """A next hop that refuses where it is told to (smtp-sink(1))."""
    process = await asyncio.create_subprocess_exec(
        *(str(require("smtp-sink")), "-u", "nobody", *flags, f"127.0.0.1:{port}", "10"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until("the next hop listens", partial(_listens, port))
        assert process.returncode is None
        yield
    finally:
        process.kill()
        await process.wait()


SILENT = "silent.example"
STAGES = {
    "connect": "CONNECT",
    "ehlo": "EHLO,HELO",
    "mail": "MAIL",
    "rcpt": "RCPT",
    "data": "DATA",
    "final dot": ".",
}
WAYS = {
    "4yz": ("-r", "450 4.3.0 Error: command failed"),
    "5yz": ("-f", "500 5.3.0 Error: command failed"),
    "dropped": ("-q", "The next hop closed the connection"),
}


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
async def test_a_next_hop_that_refuses_anywhere_is_seen_by_postfix(
    postfixes: Callable[..., Postfix],
    gateway: StartGateway,
    protocol: str,
) -> None:
    """Every stage and way in one Postfix, for starting one takes longer than all these mails."""
    port = free_port()
    listener = "gateway.lmtp_listen" if protocol == "lmtp" else "gateway.listen"

    async def route(timeouts: Timeouts) -> str:
        running = await gateway(f"smtp://127.0.0.1:{port}", policy=NOTHING, timeouts=timeouts)
        target = running.gateway.ports[listener]
        return f"lmtp:inet:127.0.0.1:{target}" if protocol == "lmtp" else f"smtp:[127.0.0.1]:{target}"

    first = await asyncio.to_thread(
        postfixes,
        "first",
        {
            "default_transport": await route(Timeouts(idle=60)),
            # Only silence is waited for: on a busy machine an answer may take longer than that.
            "transport_maps": f"inline:{{ {{ {SILENT} = {await route(SHORT)} }} }}",
            "minimal_backoff_time": "1h",
            "maximal_backoff_time": "1h",
            "bounce_queue_lifetime": "0",
        },
    )
    number = 100
    cases = [(stage, way) for stage in STAGES for way in WAYS] + [
        ("mail", "timeout"),
        ("final dot", "timeout"),
    ]
    for stage, way in cases:
        number += 1
        domain = SILENT if way == "timeout" else "example.net"
        recipient = f"{stage.replace(' ', '-')}.{way}@{domain}"
        flag, seen = WAYS.get(way, ("-W", "The next hop did not answer in time"))
        command = f"{STAGES[stage]}:20" if way == "timeout" else STAGES[stage]
        async with sink(port, flag, command):
            await submit(first, number, recipient)
            (line,) = await until(f"{stage} {way} is logged", partial(first.deliveries, recipient))
        assert seen in line, f"{stage} {way}: {line}"
        # A greeting of 5yz is for Postfix a reason to try another host.
        bounced = way == "5yz" and stage != "connect"
        assert f"status={'bounced' if bounced else 'deferred'}" in line, f"{stage} {way}: {line}"
