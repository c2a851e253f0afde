"""Mail of the worker's own goes to the next hop, whose answer is the answer."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backstamp.vocabulary import TlsMode
from backstamp.worker.onward import NextHop, NotTakenError, hand_on
from tests.gateway.fake_next_hop import FakeNextHop

MAIL = b"From: a@example.org\r\nSubject: hi\r\n\r\n.dot\r\n"


def hop(address: str, tls: TlsMode = TlsMode.OPPORTUNISTIC) -> NextHop:
    return NextHop(address=address, hostname="backstamp.example", tls=tls)


@pytest.fixture
async def next_hop() -> AsyncIterator[FakeNextHop]:
    fake = await FakeNextHop().start()
    yield fake
    await fake.stop()


async def test_a_mail_arrives_byte_for_byte(next_hop: FakeNextHop) -> None:
    await asyncio.to_thread(hand_on, hop(next_hop.url), "", "ann@example.org", MAIL)
    (mail,) = next_hop.accepted
    assert (mail.mail, mail.rcpts) == ("MAIL FROM:<>", ["RCPT TO:<ann@example.org>"])
    assert mail.data == MAIL


@pytest.mark.parametrize(
    "address",
    [
        "ann(of sales)@example.org",
        "ann@example.org,eve@example.net",
        "ann;eve@example.org",
        "ann:eve@example.org",
        "@relay.example,@other.example:ann@example.org",
        r'"ann \"<eve@example.net>\", (x)"@example.org',
        "änn(ü)@example.org",
    ],
)
async def test_an_address_stays_as_it_is_in_the_envelope(next_hop: FakeNextHop, address: str) -> None:
    await asyncio.to_thread(hand_on, hop(next_hop.url), address, address, MAIL)
    (mail,) = next_hop.accepted
    options = "" if address.isascii() else " SMTPUTF8"
    assert (mail.mail, mail.rcpts) == (f"MAIL FROM:<{address}>{options}", [f"RCPT TO:<{address}>"])


@pytest.mark.parametrize(
    ("stage", "reply", "permanent"),
    [
        ("RCPT", "550 5.1.1 no such user", True),
        ("RCPT", "451 4.2.0 later", False),
        ("MAIL", "421 4.3.2 closing", False),
        ("END", "554 5.7.1 no", True),
        ("DATA", "451 4.3.0 later", False),
        ("greeting", "554 5.3.2 not today", True),
    ],
)
async def test_a_refusal_says_whether_it_is_for_good(
    next_hop: FakeNextHop, stage: str, reply: str, permanent: bool
) -> None:
    next_hop.script[stage] = reply
    with pytest.raises(NotTakenError) as raised:
        await asyncio.to_thread(hand_on, hop(next_hop.url), "", "ann@example.org", MAIL)
    assert raised.value.permanent is permanent
    assert next_hop.accepted == []


async def test_lmtp_is_spoken_where_the_address_says_so() -> None:
    fake = await FakeNextHop(lmtp=True).start()
    await asyncio.to_thread(hand_on, hop(fake.url), "", "ann@example.org", MAIL)
    await fake.stop()
    assert [mail.data for mail in fake.accepted] == [MAIL]
    assert fake.commands[0].startswith("lhlo")


async def test_nobody_there_is_no_loss_but_a_reason_to_come_again(tmp_path: Path) -> None:
    for address in ("smtp://127.0.0.1:1", f"lmtp+unix:{tmp_path / 'nothing'}"):
        with pytest.raises(NotTakenError) as raised:
            await asyncio.to_thread(hand_on, hop(address), "", "ann@example.org", MAIL)
        assert not raised.value.permanent


async def test_without_tls_where_it_is_required_nothing_is_sent(next_hop: FakeNextHop) -> None:
    with pytest.raises(NotTakenError) as raised:
        await asyncio.to_thread(hand_on, hop(next_hop.url, TlsMode.REQUIRED), "", "ann@example.org", MAIL)
    assert not raised.value.permanent
    assert next_hop.accepted == []
