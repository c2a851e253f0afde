"""Three recipients whose outcomes differ, at RCPT and after DATA, with retries as an MTA makes them."""

import asyncio
import collections
import re

import pytest

from backstamp.gateway.config import Timeouts
from backstamp.gateway.delivering.outcomes import Outcomes
from backstamp.vocabulary import EventType
from tests.gateway.client import Client
from tests.gateway.fake_next_hop import DROP, HANG, LOSE, OFFERS, FakeNextHop
from tests.gateway.running import HTML, NOTHING, TEXT, Running, StartGateway, StartNextHop

ANN = "ann@example.org"
THREE = ("one@example.net", "two@example.net", "three@example.net")
LATER = "452 4.2.2 mailbox full"
NEVER = "550 5.7.1 content refused"
WIRE = HTML + b".\r\n"


def received(hop: FakeNextHop) -> dict[str, int]:
    """How many copies each recipient has got."""
    return dict(
        collections.Counter(text.split("<")[1].split(">")[0] for mail in hop.accepted for text in mail.rcpts)
    )


def once(*addresses: str) -> dict[str, int]:
    return dict.fromkeys(addresses, 1)


async def start(
    gateway: StartGateway, hop: FakeNextHop, listener: str = "gateway.listen"
) -> tuple[Running, Client]:
    running = await gateway(hop)
    client = await running.client(listener)
    await client.begin("LHLO client.example" if "lmtp" in listener else "EHLO client.example")
    return running, client


async def retried(client: Client, *rcpts: str, received_field: bytes = b"") -> str:
    """Send the message as an MTA does that tries again: under a new Received field."""
    wire = b"Received: by mta.example id 2; Mon, 1 Jan 2024 00:00:00 +0000\r\n" + WIRE
    (answer,) = await client.send_mail(wire, *rcpts)
    return answer


def kept(running: Running) -> int:
    """How many unsettled copies are remembered."""
    outcomes = Outcomes(running.config.outcomes)
    (count,) = outcomes._database.execute("SELECT count(*) FROM copy").fetchone()
    outcomes.close()
    return int(count)


async def all_forgotten(running: Running) -> bool:
    """Whether nothing is remembered a moment after the client has heard its reply."""
    until = asyncio.get_running_loop().time() + 60
    while kept(running) != 0:
        if asyncio.get_running_loop().time() > until:
            return False
        await asyncio.sleep(0.02)
    return True


async def test_refusals_at_rcpt_reach_the_client_one_by_one(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(script={f"RCPT {THREE[0]}": NEVER, f"RCPT {THREE[1]}": [LATER]})
    running, client = await start(gateway, hop)
    assert await client.envelope(*THREE) == [NEVER, LATER, "250 2.1.5 Ok"]
    assert (await client.data(WIRE))[0].startswith("250 ")
    assert received(hop) == once(THREE[2])
    assert [(d.recipient_index, d.type, d.stage, d.code) for d in running.deliveries] == [
        (0, EventType.REJECTED, "rcpt", 550),
        (1, EventType.DEFERRED, "rcpt", 452),
        (2, EventType.SENT, "end_of_data", 250),
    ]
    # The MTA comes back with the one that was put off; it is still the same message.
    assert (await retried(client, THREE[1])).startswith("250 ")
    assert received(hop) == once(THREE[1], THREE[2])
    (queued,) = running.queued
    assert {d.tracking_id for d in running.deliveries} == {queued.tracking_id}
    assert [(d.recipient_index, d.type) for d in running.deliveries[3:]] == [(1, EventType.SENT)]
    assert await all_forgotten(running)


async def test_who_refuses_the_mail_of_a_copy_and_hangs_up_is_quoted(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(script={"MAIL": ["250 2.1.0 Ok", NEVER], "RCPT": ["250 2.1.5 Ok", DROP]})
    running, client = await start(gateway, hop)
    assert await client.send_mail(WIRE, THREE[0]) == [NEVER]
    assert [(d.stage, d.code) for d in running.deliveries] == [("mail", 550)]


async def test_who_refuses_the_mail_of_a_copy_and_falls_silent_did_not_answer_in_order(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(script={"MAIL": ["250 2.1.0 Ok", NEVER], "RCPT": ["250 2.1.5 Ok", HANG]})
    running = await gateway(hop, timeouts=Timeouts(command=0.2))
    client = await running.client("gateway.listen")
    await client.begin("EHLO client.example")
    (answer,) = await client.send_mail(WIRE, THREE[0])
    assert answer.startswith("451 4.4.2 ")
    assert [(d.type, d.stage) for d in running.deliveries] == [(EventType.DEFERRED, "mail")]


async def test_who_refuses_the_mail_of_a_copy_and_wants_its_data_is_left(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(script={"MAIL": ["250 2.1.0 Ok", NEVER]})  # it takes RCPT, and says 354
    _, client = await start(gateway, hop)
    assert await client.send_mail(WIRE, THREE[0]) == [NEVER]
    assert (await client.send_mail(WIRE, THREE[1]))[0].startswith("250 ")
    assert (hop.connections, received(hop)) == (2, once(THREE[1]))


async def test_a_retry_goes_only_to_those_who_have_no_copy_yet(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(script={f"END {THREE[1]}": [LATER, LATER]})
    running, client = await start(gateway, hop)
    assert await client.send_mail(WIRE, *THREE) == [LATER]
    assert received(hop) == once(THREE[0], THREE[2])
    assert kept(running) == 3
    assert await retried(client, *THREE) == LATER
    assert (await retried(client, *THREE)).startswith("250 ")
    assert received(hop) == once(*THREE)
    assert await all_forgotten(running)
    assert len(running.queued) == 1


@pytest.mark.parametrize("answer", [NEVER, LATER])
async def test_who_has_a_copy_and_is_refused_at_the_retry_is_not_recorded_as_refused(
    gateway: StartGateway, next_hop: StartNextHop, answer: str
) -> None:
    one, two, _ = THREE
    hop = await next_hop(script={f"END {two}": [LATER], f"RCPT {one}": []})
    running, client = await start(gateway, hop)
    assert await client.send_mail(WIRE, one, two) == [LATER]
    hop.script[f"RCPT {one}"] = [answer]
    assert await client.envelope(one, two) == [answer, "250 2.1.5 Ok"]
    assert (await client.data(WIRE))[0].startswith("250 ")
    assert received(hop) == once(one, two)
    assert [(d.recipient_index, d.type) for d in running.deliveries] == [
        (0, EventType.SENT),
        (1, EventType.DEFERRED),
        (1, EventType.SENT),
    ]
    # Who was put off at RCPT is named again by itself, and has it.
    if answer == LATER:
        assert (await retried(client, one)).startswith("250 ")
        assert received(hop) == once(one, two)
    assert await all_forgotten(running)


async def test_after_a_restart_the_retry_still_goes_only_to_the_rest(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(script={f"END {THREE[2]}": [LATER]})
    running, client = await start(gateway, hop)
    assert await client.send_mail(WIRE, *THREE) == [LATER]
    await running.stop()
    again = await gateway(hop, folder=running.folder)
    client = await again.client()
    await client.begin()
    assert (await retried(client, *THREE)).startswith("250 ")
    assert received(hop) == once(*THREE)


async def test_a_client_that_was_gone_before_the_reply_may_try_again_without_doubles(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(delay=0.1)
    running, client = await start(gateway, hop)
    await client.envelope(*THREE)
    await client.say("DATA")
    await client.send(WIRE)
    client.close()
    client = await running.client()
    await client.begin()
    answer = await retried(client, *THREE)
    assert answer == "250 2.0.0 The next hop has it from an earlier try of this message"
    assert received(hop) == once(*THREE)


async def test_all_refused_for_good_is_that_refusal(gateway: StartGateway, next_hop: StartNextHop) -> None:
    hop = await next_hop(script={"END": NEVER})
    running, client = await start(gateway, hop)
    assert await client.send_mail(WIRE, *THREE) == [NEVER]
    assert await all_forgotten(running)


async def test_a_late_refusal_is_reported_to_a_local_sender(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(script={f"END {THREE[1]}": NEVER})
    running, client = await start(gateway, hop)
    (answer,) = await client.send_mail(WIRE, *THREE)
    assert answer.startswith("250 ")
    *copies, report = hop.accepted
    assert len(copies) == 2
    assert report.mail.split(" SIZE=")[0] == "MAIL FROM:<>"
    assert report.rcpts == [f"RCPT TO:<{ANN}>"]
    for line in (
        b"Content-Type: multipart/report; report-type=delivery-status;",
        b"Final-Recipient: rfc822; two@example.net",
        b"Action: failed",
        b"Status: 5.7.1",
        b"Diagnostic-Code: smtp; 550 5.7.1 content refused",
        b"Message-ID: <1@example.org>",
    ):
        assert b"\r\n" + line + b"\r\n" in report.data
    assert b"three@example.net" not in report.data
    assert await all_forgotten(running)


@pytest.mark.parametrize("reason", ["null reverse path", "remote client"])
async def test_a_late_refusal_is_never_reported_to_a_stranger(
    gateway: StartGateway, next_hop: StartNextHop, reason: str
) -> None:
    hop = await next_hop(script={f"END {THREE[1]}": NEVER})
    _, client = await start(gateway, hop)
    if reason == "remote client":
        assert await client.say("XFORWARD ADDR=192.0.2.7 SOURCE=REMOTE") == "250 2.0.0 Ok"
    await client.envelope(*THREE, sender="" if reason == "null reverse path" else ANN)
    (answer,) = await client.data(WIRE)
    assert answer.startswith("451 4.3.0 Some recipients accepted")
    assert received(hop) == once(THREE[0], THREE[2])


async def test_no_report_for_who_asked_for_none(gateway: StartGateway, next_hop: StartNextHop) -> None:
    hop = await next_hop(script={f"END {THREE[1]}": NEVER})
    _, client = await start(gateway, hop)
    await client.say(f"MAIL FROM:<{ANN}>")
    await client.say(f"RCPT TO:<{THREE[0]}>")
    await client.say(f"RCPT TO:<{THREE[1]}> NOTIFY=NEVER")
    assert (await client.data(WIRE))[0].startswith("250 ")
    assert received(hop) == once(THREE[0])


async def test_a_report_that_cannot_be_handed_over_keeps_the_message_with_the_client(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(script={f"END {THREE[1]}": NEVER, f"RCPT {ANN}": [LATER]})
    _, client = await start(gateway, hop)
    assert await client.send_mail(WIRE, *THREE) == [LATER]
    (answer,) = await client.send_mail(WIRE, *THREE)
    assert answer.startswith("250 ")
    assert received(hop) == once(THREE[0], THREE[2], ANN)


async def test_transient_and_permanent_refusals_without_any_acceptance_are_tried_again(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(
        script={f"END {THREE[0]}": NEVER, f"END {THREE[1]}": LATER, f"END {THREE[2]}": NEVER}
    )
    _, client = await start(gateway, hop)
    assert await client.send_mail(WIRE, *THREE) == [LATER]


async def test_lmtp_input_gets_every_outcome_by_itself(gateway: StartGateway, next_hop: StartNextHop) -> None:
    hop = await next_hop(script={f"END {THREE[1]}": [LATER], f"END {THREE[2]}": NEVER})
    running, client = await start(gateway, hop, "gateway.lmtp_listen")
    answers = await client.send_mail(WIRE, *THREE, replies=3)
    assert answers == ["250 2.0.0 queued as 1", LATER, NEVER]
    assert (await client.send_mail(WIRE, THREE[1]))[0].startswith("250 ")
    assert received(hop) == once(THREE[0], THREE[1])
    assert len({d.tracking_id for d in running.deliveries}) == 1
    assert await all_forgotten(running)


async def test_untracked_mail_to_an_lmtp_next_hop_has_mixed_outcomes_too(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(lmtp=True, script={f"END {THREE[1]}": [LATER]})
    _, client = await start(gateway, hop)
    assert await client.send_mail(TEXT + b".\r\n", *THREE) == [LATER]
    (answer,) = await client.send_mail(TEXT + b".\r\n", *THREE)
    assert answer == f"250 2.0.0 kept for {THREE[1]}"
    assert received(hop) == once(*THREE)


@pytest.mark.parametrize("stage", ["RCPT", "DATA"])
async def test_a_connection_lost_between_copies_costs_only_the_copy_under_way(
    gateway: StartGateway, next_hop: StartNextHop, stage: str
) -> None:
    hop = await next_hop()
    _, client = await start(gateway, hop)
    await client.envelope(*THREE)
    hop.script[stage] = ["250 2.1.0 Ok" if stage != "DATA" else "354 go", DROP]
    (answer,) = await client.data(WIRE)
    assert answer == "451 4.4.2 The next hop closed the connection, try again later"
    assert received(hop) == once(THREE[0], THREE[2])
    assert (await retried(client, *THREE)).startswith("250 ")
    assert received(hop) == once(*THREE)


@pytest.mark.parametrize("end", ["421 4.7.0 too many messages in one connection", DROP])
@pytest.mark.parametrize("offers", [OFFERS, ("SIZE 10240000", "8BITMIME")], ids=["pipelined", "one by one"])
async def test_a_next_hop_that_ends_its_connections_after_some_mails_puts_nobody_off(
    gateway: StartGateway, next_hop: StartNextHop, end: str, offers: tuple[str, ...]
) -> None:
    everybody = [f"user{number}@example.net" for number in range(9)]
    hop = await next_hop(script={"MAIL": [*(["250 2.1.0 Ok"] * 4), end] * 3}, offers=offers)
    running, client = await start(gateway, hop)
    (answer,) = await client.send_mail(WIRE, *everybody)
    assert answer.startswith("250 ")
    assert received(hop) == once(*everybody)
    assert hop.connections == 3
    assert {(d.type, d.code) for d in running.deliveries} == {(EventType.SENT, 250)}


async def test_a_next_hop_that_takes_no_new_connection_is_not_asked_for_ever(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(script={"MAIL": ["250 2.1.0 Ok", "250 2.1.0 Ok", *["421 4.3.2 going down"] * 9]})
    _, client = await start(gateway, hop)
    assert await client.send_mail(WIRE, *THREE) == ["421 4.3.2 going down"]
    assert received(hop) == once(THREE[0])
    assert hop.connections == 3


@pytest.mark.parametrize("stage", ["MAIL", f"RCPT {THREE[1]}", f"END {THREE[1]}"])
@pytest.mark.parametrize("offers", [OFFERS, ("SIZE 10240000",)], ids=["pipelined", "one by one"])
async def test_a_copy_that_is_answered_neither_yes_nor_no_is_not_taken_for_sent(
    gateway: StartGateway, next_hop: StartNextHop, stage: str, offers: tuple[str, ...]
) -> None:
    asks = "354 and then?"
    hop = await next_hop(script={stage: [asks] if "END" in stage else ["250 Ok", asks]}, offers=offers)
    if stage == "MAIL":
        hop.script[stage] = ["250 2.1.0 Ok", "250 2.1.0 Ok", asks]
    running, client = await start(gateway, hop)
    (answer,) = await client.send_mail(WIRE, *THREE)
    assert answer.startswith("451 4.5.0 ")
    assert [(d.type, d.code) for d in running.deliveries] == [
        (EventType.SENT, 250),
        (EventType.DEFERRED, 451),
        (EventType.SENT, 250),
    ]


@pytest.mark.parametrize(
    "identity", [b"", b"Message-ID: <1@example.org>\r\n", b"Date: Mon, 1 Jan 2024 0:0:0 +0\r\n"]
)
async def test_two_alerts_of_the_same_words_are_two_mails_though_the_script_ends_its_half(
    gateway: StartGateway, next_hop: StartNextHop, identity: bytes
) -> None:
    """As `nc -N` does. Whether it hears us cannot be seen: the same again has to say that it is."""
    hop = await next_hop()
    running = await gateway(hop)
    dialog = (
        b"EHLO cron.example\r\nMAIL FROM:<cron@example.org>\r\nRCPT TO:<ops@example.net>\r\nDATA\r\n"
        b"From: cron@example.org\r\n" + identity + b"Subject: disk\r\n\r\nthe disk is full\r\n.\r\nQUIT\r\n"
    )
    for _ in range(2):
        client = await running.client()
        await client.send(dialog)
        client.writer.write_eof()
        assert b"\r\n250 2.0.0 " in await client.reader.read()
    assert received(hop) == {"ops@example.net": 1 if identity else 2}


async def test_an_alert_that_differs_in_its_subject_alone_is_no_retry_of_the_one_before(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    """Printers and UPSs say all in the subject, under no Date, and never try again."""
    hop = await next_hop(script={f"END {THREE[1]}": [LATER]})
    _, client = await start(gateway, hop)
    alert = WIRE.replace(b"Message-ID: <1@example.org>\r\n", b"")
    assert await client.send_mail(alert, *THREE) == [LATER]
    (answer,) = await client.send_mail(alert.replace(b"Subject: offer", b"Subject: on fire"), *THREE)
    assert answer.startswith("250 ")
    assert received(hop) == {THREE[0]: 2, THREE[1]: 1, THREE[2]: 2}


async def test_who_gets_a_mail_at_the_second_try_sees_the_message_id_that_the_others_saw(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(script={f"END {THREE[1]}": [LATER]})
    _, client = await start(gateway, hop)
    mail = WIRE.replace(b"Message-ID: <1@example.org>", b"Date: Mon, 1 Jan 2024 00:00:00 +0000")
    assert await client.send_mail(mail, *THREE) == [LATER]
    assert (await client.send_mail(mail, *THREE))[0].startswith("250 ")
    assert received(hop) == once(*THREE)
    names = [re.findall(rb"^Message-ID: (.*)\r$", copy.data, re.MULTILINE) for copy in hop.accepted]
    assert len(names[0]) == 1
    assert names == [names[0]] * 3


async def test_a_double_is_possible_only_when_the_reply_to_an_accepted_copy_is_lost(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    """RFC 1047: the next hop has the copy, and nobody can know. One recipient, one double."""
    hop = await next_hop(script={f"END {THREE[1]}": [LOSE]})
    _, client = await start(gateway, hop)
    assert (await client.send_mail(WIRE, *THREE))[0].startswith("451 4.4.2 ")
    assert received(hop) == once(*THREE)
    assert (await retried(client, *THREE)).startswith("250 ")
    assert received(hop) == once(*THREE) | {THREE[1]: 2}


async def test_a_recipient_named_twice_gets_one_copy(gateway: StartGateway, next_hop: StartNextHop) -> None:
    hop = await next_hop()
    running, client = await start(gateway, hop, "gateway.lmtp_listen")
    answers = await client.send_mail(WIRE, THREE[0], THREE[0], replies=2)
    assert answers == ["250 2.0.0 queued as 1"] * 2
    assert len(running.deliveries) == 1


async def test_a_second_try_waits_for_the_first_one(gateway: StartGateway, next_hop: StartNextHop) -> None:
    hop = await next_hop(script={f"END {THREE[0]}": [LATER]})
    running, first = await start(gateway, hop)
    second = await running.client()
    await second.begin()
    await first.envelope(*THREE)
    await second.envelope(*THREE)
    assert (await first.say("DATA")).startswith("354")
    assert (await second.say("DATA")).startswith("354")
    await first.send(WIRE)
    await second.send(WIRE)
    answers = sorted([await first.reply(), await second.reply()])
    assert answers[1] == LATER
    assert answers[0].startswith("250 ")
    assert received(hop) == once(*THREE)
    first.close()
    second.close()


async def test_the_same_message_for_others_waits_for_nobody_and_settles_nobody(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    """One message comes in several transactions where its recipients are many."""
    hop = await next_hop(script={f"END {THREE[1]}": [LATER]}, delay=0.2)
    running, first = await start(gateway, hop)
    second = await running.client()
    await second.begin()
    await first.envelope(*THREE[:2])
    await second.envelope(THREE[2])
    await first.say("DATA")
    await second.say("DATA")
    await first.send(WIRE)
    await second.send(WIRE)
    # The first has two copies to send, one after the other.
    assert (await second.reply()).startswith("250 ")
    assert await first.reply() == LATER
    assert (await retried(second, *THREE[:2])).startswith("250 ")
    assert received(hop) == once(*THREE)
    one, other = running.queued
    assert one.tracking_id != other.tracking_id
    named = {(d.tracking_id, d.recipient_index) for d in running.deliveries if d.type is EventType.SENT}
    assert named == {(one.tracking_id, 0), (one.tracking_id, 1), (other.tracking_id, 0)} or named == {
        (other.tracking_id, 0),
        (other.tracking_id, 1),
        (one.tracking_id, 0),
    }
    assert await all_forgotten(running)
    second.close()


async def test_those_put_off_in_different_transactions_may_come_back_together(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(script={f"END {THREE[1]}": [LATER], f"END {THREE[2]}": [LATER]})
    running, client = await start(gateway, hop)
    assert await client.send_mail(WIRE, *THREE[:2]) == [LATER]
    assert await client.send_mail(WIRE, THREE[2]) == [LATER]
    assert (await retried(client, *THREE)).startswith("250 ")
    assert received(hop) == once(*THREE)
    # They are a message of their own: an index of either of the first two would be somebody else's, too.
    *_, together = running.queued
    assert [each.address for each in together.recipients] == list(THREE)
    assert [(d.tracking_id, d.recipient_index) for d in running.deliveries[-2:]] == [
        (together.tracking_id, 1),
        (together.tracking_id, 2),
    ]
    assert await all_forgotten(running)


async def test_who_is_named_twice_and_put_off_once_gets_one_copy(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(script={"RCPT": ["450 4.2.0 greylisted"]})
    running, client = await start(gateway, hop, "gateway.lmtp_listen")
    assert [answer[:3] for answer in await client.envelope(THREE[0], THREE[0])] == ["450", "250"]
    assert (await client.data(WIRE))[0].startswith("250 ")
    assert (await retried(client, THREE[0])).startswith("250 2.0.0 The next hop has it from an earlier try")
    assert received(hop) == once(THREE[0])
    assert await all_forgotten(running)


async def test_a_client_that_is_gone_has_not_heard_that_the_session_ends_either(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    """Two copies are out when the next hop ends the session at the third: the retry goes to the rest."""
    hop = await next_hop(script={f"END {THREE[2]}": ["421 4.3.2 restarting"]}, delay=0.05)
    running, client = await start(gateway, hop, "gateway.lmtp_listen")
    await client.envelope(*THREE)
    await client.say("DATA")
    await client.send(WIRE)
    client.writer.transport.abort()
    while running.gateway._sessions:
        await asyncio.sleep(0.01)
    again = await running.client("gateway.lmtp_listen")
    await again.begin("LHLO client.example")
    assert {answer[:3] for answer in await again.send_mail(WIRE, *THREE, replies=3)} == {"250"}
    assert received(hop) == once(*THREE)


async def test_lmtp_recipients_hear_their_own_reply_though_that_to_another_ends_the_session(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(lmtp=True, script={f"END {THREE[0]}": ["421 4.3.2 restarting"]})
    client = await (await gateway(hop, NOTHING)).client("gateway.lmtp_listen")
    await client.begin("LHLO client.example")
    answers = await client.send_mail(WIRE, *THREE, replies=3)
    assert [answer[:3] for answer in answers] == ["421", "250", "250"]
    assert received(hop) == once(*THREE[1:])
    assert await client.closed()
