"""Real Postfix hands received mail over in each of the three ways, and delivers it with guarded links."""

import asyncio
import re
import smtplib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backstamp.gateway.config import ProtectionConfig
from backstamp.gateway.milter import MilterConfig
from backstamp.policy import DomainPolicy, OnKnownBad, OnUnprotected, Protection, ProtectionMode, Snapshot
from backstamp.rewriting import unwrap
from backstamp.shared_files.threat_file import publish_lists
from backstamp.threats.lists import Source, SourceEntries
from backstamp.tokens import LinkToken, open_token
from backstamp.urls.safe_browsing import full_hashes
from backstamp.vocabulary import ThreatType
from tests.daemons import free_port
from tests.e2e.postfix import Postfix
from tests.gateway.client import Client
from tests.gateway.running import RING, TRACKING_URL, Running, StartGateway, gateways, snapshot

pytestmark = pytest.mark.daemon

ANN, BEN, CAT = "ann@guarded.example", "ben@guarded.example", "cat@other.example"
EVE = "eve@example.org"
HEAD = (
    b"From: Eve <eve@example.org>\r\nTo: many@guarded.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    b"Message-ID: <1@example.org>\r\nDate: Mon, 01 Jan 2024 10:00:00 +0000\r\n"
)
MIXED = HEAD + (
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative; boundary="b"\r\n\r\npreamble  \r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    b"..two dots\r\n.one dot\r\nGr\xc3\xbc\xc3\x9fe: https://www.example.com/text \r\n\r\n"
    b"--b\r\nContent-Type: text/html; charset=iso-8859-1\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    b'<html><body>Gr=FC=DFe, <a href=3D"https://www.example.com/html">here</a></body></html>\r\n'
    b"--b--\r\nepilogue\t\r\n"
)
SIGNED = HEAD + (
    b'Content-Type: multipart/signed; boundary="b"\r\n\r\n'
    b'--b\r\nContent-Type: text/html\r\n\r\n<a href="https://www.example.com/s">x</a>\r\n'
    b"--b\r\nContent-Type: application/pgp-signature\r\n\r\nnone\r\n--b--\r\n"
)
MALFORMED = (
    HEAD
    + b"no field at all\r\nContent-Type: multipart/mixed; boundary=\r\n\r\n--\r\n"
    + b'<a href="https://www.example.com/m">x</a>\r\n'
    + b"\xff\xfe" * 50
    + b"\r\n"
)
HUGE = HEAD + (
    b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b'--b\r\nContent-Type: text/html\r\n\r\n<a href="https://www.example.com/h">x</a>\r\n'
    b"--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + (b"QUJD" * 19 + b"\r\n") * 130_000
    + b"--b--\r\n"
)
TRACE = re.compile(
    rb"^(?:Return-Path|Received|X-Original-To|Delivered-To):[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*", re.MULTILINE
)
OURS = re.compile(re.escape(TRACKING_URL.encode()) + rb"/([A-Za-z0-9_-]+)")
WAYS = ("lmtp", "proxy", "milter")


def policy(**changes: Any) -> Snapshot:
    """guarded.example is protected, other.example is not."""
    protection = Protection(mode=ProtectionMode.PROTECT, **changes)
    domains = {
        "guarded.example": DomainPolicy(domain_id=7, name="guarded.example", protection=protection),
        "other.example": DomainPolicy(domain_id=8, name="other.example"),
    }
    return snapshot(domains=domains, guards=True)


class Line:
    """An MTA that receives mail for both domains, and the filter that it asks in one of the three ways."""

    def __init__(self, way: str, folder: Path) -> None:
        self.way = way
        self.folder = folder
        self.filter_port, self.back_port = free_port(), free_port()
        settings = {
            "message_size_limit": "60000000",
            "mailbox_size_limit": "0",
            "virtual_mailbox_limit": "0",
            # As on many a machine that was set up long ago: addresses may hold any octets.
            "smtputf8_enable": "no",
        }
        smtpd, extra = "", ""
        back = (
            f"127.0.0.1:{self.back_port} inet n - n - - smtpd -o content_filter= -o smtpd_proxy_filter= "
            "-o smtpd_milters= -o receive_override_options=no_unknown_recipient_checks,no_milters "
            "-o smtpd_authorized_xforward_hosts=127.0.0.0/8"
        )
        if way == "lmtp":
            smtpd, extra = f"-o content_filter=lmtp:[127.0.0.1]:{self.filter_port}", back
        elif way == "proxy":
            smtpd, extra = f"-o smtpd_proxy_filter=127.0.0.1:{self.filter_port}", back
        self.postfix = Postfix("received", settings, mailboxes=(ANN, BEN, CAT), smtpd=smtpd, extra=extra)
        if way == "milter":
            main = self.postfix.folder / "etc" / "main.cf"
            socket = self.postfix.folder / "milter"
            with main.open("a") as file:
                file.write(f"\nsmtpd_milters = unix:{socket}\nmilter_default_action = tempfail\n")
        self.running: Running | None = None
        self.before: dict[str, int] = {}

    def begin(self) -> None:
        """Forget what came for an earlier test."""
        self.running = None
        self.postfix.command("postsuper", "-d", "ALL")
        self.before = {address: len(self.postfix.mails(address)) for address in (ANN, BEN, CAT)}
        self.log_start = len(self.postfix.log_text.splitlines())
        (self.folder / "threats.lists").unlink(missing_ok=True)

    def said_of(self, address: str, words: str) -> bool:
        """Whether the MTA's log says this of mail to an address."""
        lines = self.postfix.log_text.splitlines()[self.log_start :]
        return any(f"to=<{address}>" in each and words in each for each in lines)

    @property
    def protection(self) -> ProtectionConfig:
        """What the gateway is told."""
        threats, address = self.folder / "threats.lists", f"127.0.0.1:{self.filter_port}"
        back = f"smtp://127.0.0.1:{self.back_port}"
        if self.way == "lmtp":
            return ProtectionConfig(threat_lists=threats, lmtp_listen=address, next_hop=back)
        if self.way == "proxy":
            return ProtectionConfig(threat_lists=threats, listen=address, next_hop=back)
        milter = MilterConfig(listen=f"unix:{self.postfix.folder}/milter", socket_group="postfix")
        return ProtectionConfig(threat_lists=threats, milter=milter)

    async def send(self, mail: bytes, *to: str) -> tuple[int, bytes]:
        """Give the MTA a mail as any stranger would; return its answer."""
        return await asyncio.to_thread(give, self.postfix.port, mail, *to)

    def new_mails(self, address: str) -> list[bytes]:
        """What came for an address in this test."""
        return self.postfix.mails(address)[self.before[address] :]

    async def delivered(self, address: str, number: int = 1) -> bytes:
        """Wait for an address's mail; return the last, without the fields that were put before it."""
        mails = await until(
            f"mail {number} for {address}",
            lambda: found if len(found := self.new_mails(address)) >= number else None,
        )
        return without_trace(mails[-1])


def give(port: int, mail: bytes, *to: str) -> tuple[int, bytes]:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.ehlo("stranger.example")
        replies = [client.mail(EVE, ["BODY=8BITMIME"]), *(client.rcpt(address) for address in to)]
        refused = next((reply for reply in replies if reply[0] != 250), None)
        return refused or client.data(mail)


def without_trace(stored: bytes) -> bytes:
    text = stored.replace(b"\n", b"\r\n")
    head, _, body = text.partition(b"\r\n\r\n")
    kept = re.sub(TRACE, b"", head + b"\r\n")
    return kept + b"\r\n" + body


def reader(url: str) -> str | None:
    token = open_token(RING, url.rpartition("/")[2]) if url.startswith(TRACKING_URL) else None
    return token.url if isinstance(token, LinkToken) else None


def tokens(mail: bytes) -> list[LinkToken]:
    found = [open_token(RING, token.decode()) for token in OURS.findall(unfolded(mail))]
    return [token for token in found if isinstance(token, LinkToken)]


def unfolded(mail: bytes) -> bytes:
    return mail.replace(b"=\r\n", b"")


async def until(what: str, look: Callable[[], Any], seconds: float = 120) -> Any:
    deadline = asyncio.get_running_loop().time() + seconds
    while not (found := look()):
        assert asyncio.get_running_loop().time() < deadline, f"{what}: not within {seconds} s"
        await asyncio.sleep(0.1)
    return found


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[StartGateway]:
    async with gateways(tmp_path) as start:
        yield start


@pytest.fixture(params=WAYS, scope="module")
def mta(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    made = Line(request.param, tmp_path_factory.mktemp("received"))
    try:
        made.postfix.start()
        yield made
    finally:
        made.postfix.stop()


@pytest.fixture
def line(mta: Line) -> Line:
    mta.begin()
    return mta


async def guard(line: Line, gateway: StartGateway, **changes: Any) -> Running:
    line.running = await gateway("smtp://127.0.0.1:9", policy(**changes), protection=line.protection)
    return line.running


async def test_both_kinds_of_recipients_in_one_transaction(line: Line, gateway: StartGateway) -> None:
    await guard(line, gateway)
    assert (await line.send(MIXED, ANN, BEN, CAT))[0] == 250
    ann, ben, cat = [await line.delivered(address) for address in (ANN, BEN, CAT)]
    for mail, address in ((ann, ANN), (ben, BEN)):
        assert mail.startswith(b"X-Backstamp-Protection: protect; links=2\r\n")
        assert {token.url for token in tokens(mail)} == {
            f"https://www.example.com/{x}" for x in ("text", "html")
        }
        # A milter cannot split a message: its links name nobody where there are several recipients.
        key = bytes(8) if line.way == "milter" else RING.recipient_key(address)
        assert {token.recipient_key for token in tokens(mail)} == {key}
        # Where long lines were broken in quoted-printable they stay so: it is the same text.
        assert unfolded(unwrap(mail, reader).partition(b"\r\n")[2]) == unfolded(MIXED)
    assert (cat == MIXED) is (line.way != "milter")
    assert line.running is not None
    (queued,) = line.running.queued
    assert [recipient.address for recipient in queued.recipients] == [ANN, BEN], "of Cat nothing is kept"


async def test_nobody_outside_gets_links_of_ours(line: Line, gateway: StartGateway) -> None:
    await guard(line, gateway)
    assert (await line.send(MIXED, ANN, "dan@customer.example"))[0] == 250
    ann = await line.delivered(ANN)
    if line.way == "milter":
        # He gets the same octets.
        assert ann.startswith(b"X-Backstamp-Protection: protect; links=0; unprotected=outside_recipient\r\n")
        assert tokens(ann) == []
    else:
        assert len(tokens(ann)) == 2


async def test_mail_for_one_mailbox_names_it(line: Line, gateway: StartGateway) -> None:
    await guard(line, gateway)
    assert (await line.send(MIXED, ANN))[0] == 250
    assert {token.recipient_key for token in tokens(await line.delivered(ANN))} == {RING.recipient_key(ANN)}


async def test_mail_for_a_domain_that_is_off_arrives_as_it_came(line: Line, gateway: StartGateway) -> None:
    await guard(line, gateway)
    for number, mail in enumerate((MIXED, SIGNED, HUGE), start=1):
        assert (await line.send(mail, CAT))[0] == 250
        assert await line.delivered(CAT, number) == mail
    assert line.running is not None
    assert line.running.records() == []


@pytest.mark.parametrize("mail", [SIGNED, MALFORMED, HUGE], ids=["signed", "malformed", "huge"])
async def test_odd_mail_arrives_too(line: Line, gateway: StartGateway, mail: bytes) -> None:
    await guard(line, gateway)
    assert (await line.send(mail, ANN))[0] == 250
    got = await line.delivered(ANN)
    if mail is HUGE:
        assert len(tokens(got[:2000])) == 1
        assert got.endswith(HUGE[-9_000_000:])
    elif mail is SIGNED:
        assert got.startswith(b"X-Backstamp-Protection: protect; links=0; unprotected=signed\r\n")
        assert b"\r\nSubject: [links not checked] =?utf-8?q?" in got
    else:
        assert b"; unprotected=" in got or len(tokens(got)) == 1


ENVELOPES = {
    "octets that are no UTF-8": (b"<e\xffve@example.org>", b""),
    "UTF-8 without SMTPUTF8": ("<jürgen@example.org>".encode(), b""),
    "control characters": (b"<e\x01ve@example.org>", b""),
    "a quoted pair": (b"<e\\ v\\<e@example.org>", b""),
    "a long ENVID": (b"<eve@example.org> ENVID=" + b"a" * 300, b""),
    "an ENVID that is no xtext": (b"<eve@example.org> ENVID=a=b", b""),
    "a long ORCPT": (b"<eve@example.org>", b" ORCPT=rfc822;" + b"a" * 900),
    "an odd ORCPT": (b"<eve@example.org>", b" ORCPT=x_400;a=b"),
}


@pytest.mark.parametrize("name", ENVELOPES)
async def test_whatever_envelope_postfix_takes_its_mail_is_guarded_and_sent_back_to_nobody(
    line: Line, gateway: StartGateway, name: str
) -> None:
    await guard(line, gateway)
    reverse_path, parameters = ENVELOPES[name]
    stranger = await Client.connect(line.postfix.port)
    assert (await stranger.begin())[:3] == "250"
    for command in (b"MAIL FROM:" + reverse_path, b"RCPT TO:<" + ANN.encode() + b">" + parameters):
        await stranger.send(command + b"\r\n")
        assert (await stranger.reply())[:3] == "250"
    assert (await stranger.data(MIXED + b".\r\n"))[0][:3] == "250"
    stranger.close()
    assert len(tokens(await line.delivered(ANN))) == 2
    assert line.running is not None
    assert [recipient.address for recipient in line.running.queued[0].recipients] == [ANN]


@pytest.mark.parametrize("how", [OnUnprotected.DEFER, OnUnprotected.REFUSE])
async def test_mail_that_cannot_be_guarded_waits_or_is_refused(
    line: Line, gateway: StartGateway, how: OnUnprotected
) -> None:
    await guard(line, gateway, on_unprotected=how)
    refused = await line.send(SIGNED, ANN)
    code = 451 if how is OnUnprotected.DEFER else 550
    if line.way == "lmtp":
        # Behind the queue: Postfix tries again, or sends a report.
        assert refused[0] == 250
        status = "deferred" if how is OnUnprotected.DEFER else "bounced"
        await until(status, lambda: line.said_of(ANN, f"status={status}"))
    else:
        assert refused[0] == code
    assert line.new_mails(ANN) == []


async def test_a_known_bad_link_is_refused_before_it_arrives(line: Line, gateway: StartGateway) -> None:
    listed = [digest for _, digest in full_hashes("https://www.example.com/html")][:1]
    bad = Source("urlhaus", ThreatType.MALWARE)
    publish_lists(line.folder / "threats.lists", [SourceEntries(bad, listed)])
    await guard(line, gateway, on_known_bad=OnKnownBad.REFUSE)
    refused = await line.send(MIXED, ANN)
    if line.way == "lmtp":
        await until("the report", lambda: line.said_of(ANN, "dangerous"))
    else:
        assert refused == (550, b"5.7.1 A link of this message is known to be dangerous")


async def test_mail_waits_while_backstamp_is_away_and_goes_on_when_it_is_back(
    line: Line, gateway: StartGateway
) -> None:
    first = await line.send(MIXED, ANN)
    if line.way == "lmtp":
        assert first[0] == 250
        await until("deferred", lambda: line.said_of(ANN, "status=deferred"))
    else:
        assert first[0] == 451
    await guard(line, gateway)
    if line.way == "lmtp":
        await asyncio.to_thread(line.postfix.command, "postqueue", "-f")
    else:
        assert (await line.send(MIXED, ANN))[0] == 250
    assert len(tokens(await line.delivered(ANN))) == 2
