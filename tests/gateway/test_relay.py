"""Mail goes through: untracked as it came, tracked with a copy for each recipient."""

import asyncio
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backstamp.gateway.protocol.wire import Wire
from backstamp.tokens import LinkToken, PixelToken, open_token
from backstamp.vocabulary import EventType
from tests.gateway.client import Client
from tests.gateway.fake_next_hop import FakeNextHop
from tests.gateway.running import (
    HTML,
    NOTHING,
    RING,
    TEXT,
    TRACKING_URL,
    StartGateway,
    StartNextHop,
    gateways,
)


def untraced(data: bytes) -> bytes:
    """Take our Received field off."""
    match = re.match(rb"Received: [^\r\n]*\r\n(?:\t[^\r\n]*\r\n)+", data)
    assert match is not None, data[:200]
    return data[match.end() :]


async def test_untracked_mail_arrives_as_it_came_under_a_received_field(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    client = await (await gateway(hop, policy=NOTHING)).client()
    await client.begin()
    assert await client.send_mail(HTML + b".\r\n", "bob@example.net", "eve@example.net") == [
        "250 2.0.0 queued as 1"
    ]
    (mail,) = hop.accepted
    assert mail.mail == "MAIL FROM:<ann@example.org>"
    assert mail.rcpts == ["RCPT TO:<bob@example.net>", "RCPT TO:<eve@example.net>"]
    assert untraced(mail.data) == HTML
    assert mail.data.startswith(
        b"Received: from client.example ([127.0.0.1])\r\n\tby backstamp.example (Backstamp) with ESMTP id "
    )


async def test_each_recipient_of_tracked_mail_gets_a_copy_of_its_own(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    running = await gateway(hop)
    client = await running.client()
    await client.begin()
    assert await client.send_mail(HTML + b".\r\n", "bob@example.net", "eve@example.net") == [
        "250 2.0.0 queued as 2"
    ]
    assert [mail.rcpts for mail in hop.accepted] == [
        ["RCPT TO:<bob@example.net>"],
        ["RCPT TO:<eve@example.net>"],
    ]
    (queued,) = running.queued
    for index, mail in enumerate(hop.accepted):
        tokens = [
            open_token(RING, token.decode())
            for token in re.findall(TRACKING_URL.encode() + rb"/([A-Za-z0-9_-]+)", mail.data)
        ]
        link, pixel = tokens
        assert isinstance(link, LinkToken)
        assert isinstance(pixel, PixelToken)
        assert (link.url, link.recipient_index) == ("https://www.example.com/offer", index)
        assert link.tracking_id == pixel.tracking_id == queued.tracking_id
        assert pixel.recipient_key == RING.recipient_key(("bob", "eve")[index] + "@example.net")
    assert [each.address for each in queued.recipients] == ["bob@example.net", "eve@example.net"]
    assert queued.tracked_links[0].url == "https://www.example.com/offer"
    assert [(each.recipient_index, each.type, each.stage) for each in running.deliveries] == [
        (0, EventType.SENT, "end_of_data"),
        (1, EventType.SENT, "end_of_data"),
    ]


async def test_a_large_message_that_is_taken_as_fast_as_it_is_sent_leaves_turns_to_others(
    gateway: StartGateway, next_hop: StartNextHop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never_full(_: Wire) -> None:
        pass

    client = await (await gateway(await next_hop(), NOTHING)).client()
    await client.begin()
    await client.envelope("bob@example.net")
    monkeypatch.setattr(Wire, "drain", never_full)
    monkeypatch.setattr("backstamp.gateway.relaying.next_hop._BLOCK", 1_000)
    turns: list[int] = []
    write = Wire.write

    def noting(wire: Wire, data: bytes) -> None:
        turns.append(turn)
        write(wire, data)

    monkeypatch.setattr(Wire, "write", noting)
    sending = asyncio.create_task(client.data(TEXT + b"x" * 50_000 + b"\r\n.\r\n"))
    turn = 0
    while not sending.done():
        turn += 1
        await asyncio.sleep(0)
    assert sending.result() == ["250 2.0.0 queued as 1"]
    assert len(set(turns)) >= 50


async def test_whoever_offers_smtputf8_takes_mail_of_eight_bits_though_it_does_not_say_so(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    """`smtpd_discard_ehlo_keywords = 8bitmime`: another Postfix sends it BODY=8BITMIME all the same."""
    hop = await next_hop(offers=("SMTPUTF8", "PIPELINING"))
    client = await (await gateway(hop, NOTHING)).client()
    assert "8BITMIME" not in await client.begin()
    assert (await client.say("MAIL FROM:<ann@example.org> BODY=8BITMIME")).startswith("250 ")
    await client.say("RCPT TO:<bob@example.net>")
    assert await client.data(TEXT + b"\xc3\xa4\r\n.\r\n") == ["250 2.0.0 queued as 1"]
    assert hop.accepted[0].mail == "MAIL FROM:<ann@example.org> BODY=8BITMIME"


async def test_mail_without_anything_to_track_is_not_split(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    running = await gateway(hop)
    client = await running.client()
    await client.begin()
    await client.send_mail(TEXT + b".\r\n", "bob@example.net", "eve@example.net")
    (mail,) = hop.accepted
    assert untraced(mail.data) == TEXT
    (queued,) = running.queued
    assert queued.untracked_reason
    assert not queued.opens


@pytest.mark.parametrize("hop_speaks_lmtp", [False, True])
async def test_lmtp_clients_get_a_reply_for_each_recipient(
    gateway: StartGateway, next_hop: StartNextHop, hop_speaks_lmtp: bool
) -> None:
    hop = await next_hop(lmtp=hop_speaks_lmtp)
    client = await (await gateway(hop)).client("gateway.lmtp_listen")
    await client.begin("LHLO client.example")
    replies = await client.send_mail(HTML + b".\r\n", "bob@example.net", "eve@example.net", replies=2)
    assert [reply[:9] for reply in replies] == ["250 2.0.0", "250 2.0.0"]
    assert len(hop.accepted) == 2


legal_lines = st.lists(
    st.one_of(
        st.sampled_from([b"", b".", b"..", b".x", b"Received: x", b"X-Backstamp: y", b"\0", b"\xff" * 1200]),
        st.binary(max_size=40).map(lambda line: line.translate(None, b"\r\n")),
    ),
    max_size=10,
)


def test_any_message_that_is_legal_on_the_wire_arrives_as_it_came(tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        hop = runner.run(FakeNextHop().start())
        context = gateways(tmp_path)

        async def begin() -> Client:
            start = await context.__aenter__()
            client = await (await start(hop, policy=NOTHING)).client()
            await client.begin()
            return client

        client = runner.run(begin())

        @settings(max_examples=150, deadline=None)
        @given(legal_lines)
        @example([b"\t"])
        @example([b" lead", b"X: y"])
        def arrives(lines: list[bytes]) -> None:
            message = b"".join(line + b"\r\n" for line in lines)
            stuffed = b"".join(b"." * line.startswith(b".") + line + b"\r\n" for line in lines)
            runner.run(client.send_mail(stuffed + b".\r\n", "bob@example.net"))
            # White space at the very beginning would continue our field; an empty line sets it apart.
            apart = b"\r\n" if message[:1] in (b" ", b"\t") else b""
            assert untraced(hop.accepted[-1].data) == apart + message

        arrives()
        runner.run(context.__aexit__(None, None, None))
        runner.run(hop.stop())
