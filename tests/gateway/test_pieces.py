"""What a client says in one breath and what it says octet by octet is answered alike (RFC 2920)."""

import asyncio
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateway.client import Client
from tests.gateway.fake_next_hop import OFFERS, FakeNextHop
from tests.gateway.running import NOTHING, Running, gateways

MESSAGE = b"Subject: hi\r\n\r\n..dot\r\n.\r\n"
SAID = st.sampled_from(
    [
        b"MAIL FROM:<ann@example.org>\r\n",
        b"MAIL FROM:<ann@example.org> SIZE=100\r\n",
        b"MAIL FROM:<ann@example.org> FOO=BAR\r\n",
        b"RCPT TO:<bob@example.net>\r\n",
        b"RCPT TO:<bob@example.net>\r\nRCPT TO:<bad@example.net>\r\nDATA\r\n" + MESSAGE,
        b"RCPT TO:<bad@example.net>\r\n",
        b"MAIL FROM:<>\r\nRCPT TO:<bob@example.net>\nRCPT TO:<bob@example.net>\r\n",
        b"RCPT TO:<later@example.net> NOTIFY=NEVER\r\n",
        b"DATA\r\n" + MESSAGE,
        b"BDAT 5 LAST\r\nhello",
        b"RSET\r\n",
        b"NOOP\n",
        b"XFORWARD ADDR=192.0.2.1\r\n",
        b"EHLO again.example\r\n",
        b"A" * 3000 + b"\r\n",
        b"\r\n",
    ]
)


@pytest.mark.parametrize("offers", [OFFERS, OFFERS[1:]], ids=["pipelining", "one by one"])
def test_the_replies_and_the_mail_are_the_same_in_whatever_pieces_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offers: tuple[str, ...]
) -> None:
    script: dict[str, str | list[str]] = {
        "RCPT bad@example.net": "550 no",
        "RCPT later@example.net": "451 no",
    }
    with asyncio.Runner() as runner:
        hop = runner.run(FakeNextHop(offers=offers, script=script).start())
        context = gateways(tmp_path)

        async def begin() -> Running:
            start = await context.__aenter__()
            return await start(hop, policy=NOTHING)

        running = runner.run(begin())

        async def heard(pieces: list[bytes]) -> tuple[bytes, list[tuple[str, list[str]]]]:
            had = len(hop.accepted)
            client: Client = await running.client()
            for piece in pieces:
                await client.send(piece)
                await asyncio.sleep(0)
            replies = await asyncio.wait_for(client.reader.read(), 60)
            client.close()
            return re.sub(rb"queued as \d+", b"", replies), [(m.mail, m.rcpts) for m in hop.accepted[had:]]

        @settings(max_examples=30, deadline=None)
        @given(st.lists(SAID, max_size=8), st.lists(st.integers(1, 60), min_size=1, max_size=4))
        def alike(said: list[bytes], lengths: list[int]) -> None:
            whole = b"EHLO client.example\r\n" + b"".join(said) + b"\r\nQUIT\r\n"
            pieces, at = list[bytes](), 0
            while at < len(whole):
                length = lengths[len(pieces) % len(lengths)]
                pieces.append(whole[at : at + length])
                at += length
            assert runner.run(heard(pieces)) == runner.run(heard([whole]))

        alike()
        runner.run(context.__aexit__(None, None, None))
        runner.run(hop.stop())
