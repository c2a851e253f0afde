"""List-Unsubscribe that the gateway adds."""

import re
from typing import Any

import pytest

from backstamp.policy import Consent, Consents, ConsentState, Keys, SuppressionReason
from backstamp.tokens import open_page
from backstamp.vocabulary import Origin
from tests.gateway.fake_next_hop import FakeNextHop
from tests.gateway.running import HTML, RING, TRACKING_URL, StartGateway, StartNextHop, snapshot

BOB, EVE = "bob@example.net", "eve@example.net"
OURS = re.compile(rb"List-Unsubscribe: <" + re.escape(TRACKING_URL.encode()) + rb"/u/([A-Za-z0-9_-]+)>\r\n")
TRACE = re.compile(rb"Received: [^\r\n]*\r\n(?:\t[^\r\n]*\r\n)+")
ADDED = {"unsubscribe": frozenset({Origin.GATEWAY})}
WITHDRAWN = Consent(ConsentState.WITHDRAWN, ConsentState.WITHDRAWN)


async def arrived(
    gateway: StartGateway, next_hop: StartNextHop, mail: bytes, *to: str, **policy: Any
) -> FakeNextHop:
    hop = await next_hop()
    running = await gateway(hop, snapshot(**policy))
    client = await running.client()
    await client.begin()
    assert {reply[:4] for reply in await client.send_mail(mail + b".\r\n", *to)} == {"250 "}
    return hop


async def test_each_recipient_gets_an_address_of_their_own(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await arrived(gateway, next_hop, HTML, BOB, EVE, **ADDED)
    tokens = [open_page(RING, OURS.findall(mail.data)[0].decode()) for mail in hop.accepted]
    assert [token.recipient_key for token in tokens if token] == [RING.recipient_key(a) for a in (BOB, EVE)]
    assert {token.sender_domain for token in tokens if token} == {"example.org"}


async def test_mail_that_is_not_tracked_is_given_it_too_and_nothing_else(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    consents = Consents.said({RING.recipient_key(each): WITHDRAWN for each in (BOB, EVE)})
    hop = await arrived(gateway, next_hop, HTML, BOB, EVE, consents=consents, **ADDED)
    assert len(hop.accepted) == 2
    keys = set()
    for mail in hop.accepted:
        content = TRACE.sub(b"", mail.data, count=1)
        fields, rest = content[: len(content) - len(HTML)], content[len(content) - len(HTML) :]
        assert rest == HTML
        token = open_page(RING, OURS.findall(fields)[0].decode())
        assert token is not None
        keys.add(token.recipient_key)
        expected = f"List-Unsubscribe: <{TRACKING_URL}/u/{OURS.findall(fields)[0].decode()}>\r\n"
        if TRACKING_URL.startswith("https:"):
            expected += "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        assert fields.decode() == expected
    assert keys == {RING.recipient_key(BOB), RING.recipient_key(EVE)}


@pytest.mark.parametrize(
    ("mail", "policy"),
    [
        (HTML, {}),
        (b"List-Unsubscribe: <mailto:u@example.org>\r\n" + HTML, ADDED),
        (HTML, ADDED | {"anonymous": True}),
        (HTML, {"unsubscribe": frozenset({Origin.SUBMISSION})}),
    ],
    ids=["not asked for", "has its own", "anonymous", "asked for elsewhere"],
)
async def test_where_it_is_not_to_be_it_is_not(
    gateway: StartGateway, next_hop: StartNextHop, mail: bytes, policy: dict[str, Any]
) -> None:
    hop = await arrived(gateway, next_hop, mail, BOB, **policy)
    assert OURS.search(hop.accepted[0].data) is None
    assert b"List-Unsubscribe-Post" not in hop.accepted[0].data


async def test_who_unsubscribed_gets_no_mail_that_would_be_given_one(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    suppressed = {"example.org": {SuppressionReason.UNSUBSCRIBED: Keys.of({RING.recipient_key(BOB)})}}
    running = await gateway(hop, snapshot(suppressed=suppressed, **ADDED))
    client = await running.client()
    await client.begin()
    (said,) = await client.send_mail(HTML + b".\r\n", BOB)
    assert said.startswith("550 5.7.1 ")
    assert hop.accepted == []
