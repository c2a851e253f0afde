"""Copies get a reverse path of their own, so that a report about one names it."""

import re

from backstamp.tokens import ReturnPath, open_return_path
from tests.gateway.running import HTML, NOTHING, RING, TEXT, Running, StartGateway, StartNextHop

OWNED = {"report_domain": "bounces.example.org", "return_path_domains": ("example.org",)}


def sealed(line: str) -> ReturnPath:
    """What the reverse path of a MAIL command says."""
    match = re.fullmatch(r"MAIL FROM:<([^@>]+)@bounces\.example\.org>(.*)", line)
    assert match is not None, line
    opened = open_return_path(RING, match[1])
    assert opened is not None, line
    return opened


def only_message(running: Running) -> int:
    (queued,) = running.queued
    return queued.tracking_id


async def test_each_tracked_copy_names_its_message_and_recipient(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    running = await gateway(hop, **OWNED)
    client = await running.client()
    await client.begin()
    await client.send_mail(HTML + b".\r\n", "bob@example.net", "eve@example.net")
    message = only_message(running)
    assert [sealed(mail.mail) for mail in hop.accepted] == [
        ReturnPath(1, message, 0),
        ReturnPath(1, message, 1),
    ]
    assert running.queued[0].reverse_path == "ann@example.org"


async def test_untracked_mail_for_several_names_each_recipient_to_whom_no_other_can_lend_a_bounce(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    running = await gateway(hop, policy=NOTHING, **OWNED)
    client = await running.client()
    await client.begin()
    await client.send_mail(TEXT + b".\r\n", "bob@example.net", "eve@example.net")
    message = only_message(running)
    assert [(mail.rcpts, sealed(mail.mail)) for mail in hop.accepted] == [
        (["RCPT TO:<bob@example.net>"], ReturnPath(1, message, 0)),
        (["RCPT TO:<eve@example.net>"], ReturnPath(1, message, 1)),
    ]


async def test_untracked_mail_for_one_names_its_recipient(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    running = await gateway(hop, policy=NOTHING, **OWNED)
    client = await running.client()
    await client.begin()
    await client.send_mail(TEXT + b".\r\n", "bob@example.net")
    (mail,) = hop.accepted
    assert sealed(mail.mail) == ReturnPath(1, only_message(running), 0)


async def test_reverse_paths_of_other_domains_stay(gateway: StartGateway, next_hop: StartNextHop) -> None:
    hop = await next_hop()
    running = await gateway(hop, report_domain="b.example.org", return_path_domains=("example.com",))
    client = await running.client()
    await client.begin()
    await client.send_mail(HTML + b".\r\n", "bob@example.net")
    (mail,) = hop.accepted
    assert mail.mail.startswith("MAIL FROM:<ann@example.org> ")


async def test_the_null_reverse_path_stays_null(gateway: StartGateway, next_hop: StartNextHop) -> None:
    hop = await next_hop()
    running = await gateway(hop, **OWNED)
    client = await running.client()
    await client.begin()
    await client.envelope("bob@example.net", sender="")
    await client.data(HTML + b".\r\n")
    (mail,) = hop.accepted
    assert mail.mail.startswith("MAIL FROM:<>")


async def test_mail_that_is_not_recorded_keeps_its_reverse_path(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    running = await gateway(hop, **OWNED)
    running.journal.close()
    client = await running.client()
    await client.begin()
    await client.send_mail(HTML + b".\r\n", "bob@example.net")
    (mail,) = hop.accepted
    assert mail.mail == "MAIL FROM:<ann@example.org>"
