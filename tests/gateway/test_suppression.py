"""Mail to addresses on the suppression list."""

import pytest

from backstamp.policy import Keys, SuppressionAction, SuppressionReason
from backstamp.vocabulary import EventType
from tests.gateway.running import HTML, RING, StartGateway, StartNextHop, snapshot

BOB, EVE = "bob@example.net", "eve@example.net"
LIST_MAIL = b"List-Unsubscribe: <https://example.org/u>\r\n" + HTML
KEY = RING.recipient_key(BOB)
R = SuppressionReason


async def test_mail_to_a_suppressed_address_is_refused_and_never_handed_over(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    running = await gateway(hop, snapshot(suppressed={"example.org": {R.HARD_BOUNCE: Keys.of({KEY})}}))
    client = await running.client()
    await client.begin()
    replies = await client.send_mail(HTML + b".\r\n", "BOB@example.net")
    assert replies == [
        "550 5.7.1 On the suppression list: the recipient does not exist, says an earlier bounce"
    ]
    assert hop.accepted == []
    (said,) = running.deliveries
    assert (said.type, said.stage, said.code) == (EventType.REJECTED, "suppressed", 550)


async def test_dropped_mail_is_taken_goes_nowhere_and_is_no_delivery_on_the_timeline(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    policy = snapshot(suppressed={"": {R.MANUAL: Keys.of({KEY})}}, suppression_action=SuppressionAction.DROP)
    running = await gateway(hop, policy)
    client = await running.client()
    await client.begin()
    assert (await client.send_mail(HTML + b".\r\n", BOB, EVE))[0].startswith("250 ")
    assert [mail.rcpts for mail in hop.accepted] == [[f"RCPT TO:<{EVE}>"]]
    assert {each.recipient_index: each.type for each in running.deliveries} == {
        0: EventType.REJECTED,
        1: EventType.SENT,
    }


@pytest.mark.parametrize(("mail", "arrives"), [(HTML, True), (LIST_MAIL, False)])
async def test_who_unsubscribed_gets_no_list_mail_but_still_gets_letters(
    gateway: StartGateway, next_hop: StartNextHop, mail: bytes, arrives: bool
) -> None:
    hop = await next_hop()
    running = await gateway(hop, snapshot(suppressed={"example.org": {R.UNSUBSCRIBED: Keys.of({KEY})}}))
    client = await running.client()
    await client.begin()
    (said,) = await client.send_mail(mail + b".\r\n", BOB)
    assert said.startswith("250 " if arrives else "550 5.7.1 ")
    assert len(hop.accepted) == arrives


async def test_without_a_policy_nobody_is_suppressed(gateway: StartGateway, next_hop: StartNextHop) -> None:
    hop = await next_hop()
    running = await gateway(hop, None)
    client = await running.client()
    await client.begin()
    assert (await client.send_mail(LIST_MAIL + b".\r\n", BOB))[0].startswith("250 ")
    assert len(hop.accepted) == 1
