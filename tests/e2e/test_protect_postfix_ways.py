"""docs/protect-postfix.md: what its ways do with aliases, blind copies, header checks and signatures."""

import asyncio
import hashlib
import smtplib
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from backstamp.gateway.config import ProtectionConfig
from backstamp.gateway.milter import MilterAnswer, MilterConfig, MilterEnvelope, MilterListener, Replace
from backstamp.mail.patches import Patched
from backstamp.policy import Axes
from backstamp.vocabulary import Origin
from tests.daemons import free_port
from tests.e2e.postfix import Postfix
from tests.e2e.test_protect_postfix_doc import blocks
from tests.e2e.test_received_mail import give, policy, until
from tests.gateway.client import Client
from tests.gateway.fake_next_hop import FakeNextHop
from tests.gateway.running import HTML, RING, StartGateway, gateways
from tests.gateway.test_protection import URL, guarded_link, tokens

pytestmark = pytest.mark.daemon

ANN, BOB, INFO, ARCHIVE = (f"{name}@guarded.example" for name in ("ann", "bob", "info", "archive"))
DAN = "dan@customer.example"
SETTINGS = {
    "virtual_alias_maps": f"inline:{{ {{ {INFO} = {INFO}, {BOB} }} }}",
    "always_bcc": ARCHIVE,
    "header_checks": "regexp:{{/^Subject: forbidden/ REJECT 5.7.1 not that}}",
    "local_header_rewrite_clients": "",
    # The way back must not ask what was asked when the mail came: there, this would refuse all.
    "smtpd_helo_restrictions": "check_helo_access inline:{backstamp.example=REJECT}",
    "smtpd_sender_restrictions": "check_client_access inline:{127.0.0.1=OK}",
    "smtpd_end_of_data_restrictions": "check_helo_access inline:{backstamp.example=REJECT}",
}


class Way:
    """A Postfix with the blocks of the page, on other ports, and the gateway that it asks."""

    def __init__(self, *names: str, **settings: str) -> None:
        self.front, self.submission = free_port(), free_port()
        self.protection, self.sent, self.back, self.signed_back = (free_port() for _ in range(4))
        self.signer = ""
        changes = {
            "127.0.0.1:2526": f"127.0.0.1:{self.protection}",
            "[127.0.0.1]:2526": f"[127.0.0.1]:{self.protection}",
            "[127.0.0.1]:2424": f"[127.0.0.1]:{self.sent}",
            "127.0.0.1:10026": f"127.0.0.1:{self.back}",
            "127.0.0.1:10027": f"127.0.0.1:{self.signed_back}",
            "smtp inet n - y -": f"127.0.0.1:{self.front} inet n - n -",
            "submission inet n - y -": f"127.0.0.1:{self.submission} inet n - n -",
            # Who may submit is not what is tried here.
            "-o smtpd_tls_security_level=encrypt": "-o smtpd_tls_security_level=none",
            "-o smtpd_sasl_auth_enable=yes": "-o smtpd_sasl_auth_enable=no",
            "permit_sasl_authenticated": "permit_mynetworks",
            "unix:opendkim/opendkim.sock": f"inet:127.0.0.1:{(signer := free_port())}",
        }
        self.signer = f"127.0.0.1:{signer}"
        text = "".join(block for name in names for block in blocks(f"master.cf {name}"))
        for there, here in changes.items():
            text = text.replace(there, here)
        self.postfix = Postfix(
            "ways", SETTINGS | settings, mailboxes=(ANN, BOB, INFO, ARCHIVE), extra=text.rstrip()
        )

    async def arrived(self, *addresses: str) -> dict[str, int]:
        """Wait until each has a mail and all is delivered; return how many mails each of ours has."""
        for address in addresses:
            await until(f"mail for {address}", partial(self.postfix.mails, address))
        await until("an empty queue", lambda: self.postfix.is_empty)
        return {each: len(self.postfix.mails(each)) for each in (ANN, BOB, INFO, ARCHIVE)}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[StartGateway]:
    async with gateways(tmp_path) as start:
        yield start


@pytest.fixture
async def way(gateway: StartGateway, tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    started: list[Way] = []

    async def start(*names: str, lmtp: bool = True, **settings: str) -> Way:
        made = Way(*names, **settings)
        started.append(made)
        address = f"127.0.0.1:{made.protection}"
        protection = ProtectionConfig(
            threat_lists=tmp_path / "threats.lists",
            listen="" if lmtp else address,
            lmtp_listen=address if lmtp else "",
            next_hop=f"smtp://127.0.0.1:{made.back}",
        )
        await asyncio.to_thread(made.postfix.start)
        hop = f"smtp://127.0.0.1:{made.signed_back}"
        untracked = {Origin.GATEWAY: Axes(opens=False, links=False)}
        kept = msgspec.structs.replace(policy(), origins=untracked)
        await gateway(hop, kept, protection=protection, lmtp_listen=f"127.0.0.1:{made.sent}")
        return made

    yield start
    for each in started:
        await asyncio.to_thread(each.postfix.stop)


async def test_behind_the_queue_everybody_gets_a_mail_once(way: Callable[..., Any]) -> None:
    tried = await way("A")
    assert (await asyncio.to_thread(give, tried.front, HTML, INFO, ANN, BOB))[0] == 250
    assert await tried.arrived(ANN, BOB, INFO, ARCHIVE) == {ANN: 1, BOB: 1, INFO: 1, ARCHIVE: 1}
    for address in (ANN, BOB):
        (token,) = tokens(tried.postfix.mails(address)[0].replace(b"\n", b"\r\n"))
        assert token.recipient_key == RING.recipient_key(address), "a click names the mailbox, not the alias"


async def test_before_the_queue_header_checks_hold_and_copies_are_mapped_one_by_one(
    way: Callable[..., Any],
) -> None:
    tried = await way("B", lmtp=False)
    refused = HTML.replace(b"Subject: offer", b"Subject: forbidden")
    assert await asyncio.to_thread(give, tried.front, refused, ANN) == (550, b"5.7.1 not that")
    assert (await asyncio.to_thread(give, tried.front, HTML, INFO, ANN))[0] == 250
    counted = await tried.arrived(ANN, BOB, INFO, ARCHIVE)
    assert counted == {ANN: 1, BOB: 1, INFO: 1, ARCHIVE: 2}, "the page says so"


async def test_before_the_queue_a_slow_sender_holds_no_connection_to_the_filter() -> None:
    tried = Way("B", always_bcc="")
    asked = await FakeNextHop(port=tried.protection).start()
    try:
        await asyncio.to_thread(tried.postfix.start)
        slow = await Client.connect(tried.front)
        await slow.begin()
        await slow.envelope(ANN)
        assert (await slow.say("DATA"))[:3] == "354"
        await slow.send(HTML[:100])
        await asyncio.sleep(0.5)
        assert asked.connections == 0
        await slow.send(HTML[100:] + b".\r\n")
        assert (await slow.reply())[:3] == "250"
        assert [mail.rcpts for mail in asked.accepted] == [[f"RCPT TO:<{ANN}>"]]
        slow.close()
    finally:
        await asked.stop()
        await asyncio.to_thread(tried.postfix.stop)


@pytest.mark.parametrize("name", ["A", "B"])
async def test_the_largest_mail_that_is_taken_has_room_for_what_is_added(
    way: Callable[..., Any], name: str
) -> None:
    (room,) = blocks("main.cf A")
    setting, _, limit = room.strip().partition(" = ")
    tried = await way(name, lmtp=name == "A", always_bcc="", **{setting: limit})
    links = b"".join(b'<p><a href="https://www.example.com/%d">x</a></p>\r\n' % n for n in range(500))
    mail = HTML.replace(b"text/html; charset=utf-8", b'multipart/mixed; boundary="b"').partition(b"\r\n\r\n")[
        0
    ]
    mail += b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n" + links
    mail += b"--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    lines = (10_240_000 - 1_000 - len(mail)) // 78  # Postfix's own fields count as well
    mail += (b"QUJD" * 19 + b"\r\n") * lines + b"--b--\r\n"
    assert (await asyncio.to_thread(give, tried.front, mail, ANN))[0] == 250
    await tried.arrived(ANN)
    (arrived,) = tried.postfix.mails(ANN)
    assert len(arrived) > 10_240_000 - lines, "LF alone, in a Maildir"
    assert b"X-Backstamp-Protection: protect; links=500\n" in arrived[:5000]


@pytest.mark.parametrize(
    "to",
    ["ann%guarded.example", '"ann@guarded.example"', "ann@(x)guarded.example", "(bob)ann%guarded.example"],
)
async def test_before_the_queue_no_spelling_of_a_mailbox_goes_round_the_protection(
    way: Callable[..., Any], to: str
) -> None:
    tried = await way("B", lmtp=False, always_bcc="")

    def say() -> int:
        with smtplib.SMTP("127.0.0.1", tried.front) as client:
            client.ehlo()
            client.mail("eve@sender.example")
            client.docmd("RCPT", f"TO:<{to}>")
            return client.data(HTML)[0]

    assert await asyncio.to_thread(say) == 250
    assert await tried.arrived(ANN) == {ANN: 1, BOB: 0, INFO: 0, ARCHIVE: 0}
    (token,) = tokens(tried.postfix.mails(ANN)[0].replace(b"\n", b"\r\n"))
    assert token.recipient_key == RING.recipient_key(ANN)


async def test_what_people_send_is_signed_with_the_targets_in_it(way: Callable[..., Any]) -> None:
    away = await FakeNextHop().start()
    tried = await way("A", "sent", default_transport=f"smtp:[127.0.0.1]:{away.port}", always_bcc="")
    seen: list[MilterEnvelope] = []

    async def sign(envelope: MilterEnvelope, raw: bytes) -> MilterAnswer:
        seen.append(envelope)
        return Replace(Patched(b"X-Signed: %s\r\n" % digest(raw) + raw))

    signer = MilterListener(MilterConfig(listen=tried.signer), sign)
    await signer.start()
    reply = HTML.replace(URL.encode(), guarded_link())
    with smtplib.SMTP("127.0.0.1", tried.submission) as client:
        await asyncio.to_thread(client.sendmail, ANN, [DAN], reply)
    await until("the reply", lambda: away.accepted)
    got = away.accepted[0].data
    assert HTML.partition(b"\r\n\r\n")[2] in got
    assert b"X-Signed: %s\r\n" % digest(got) in got, "nothing changes it behind the signer"
    assert [envelope.daemon_name for envelope in seen] == ["ORIGINATING"]
    await signer.close(1)
    await away.stop()


def digest(raw: bytes) -> bytes:
    return hashlib.sha256(raw.partition(b"\r\n\r\n")[2]).hexdigest().encode()
