"""What is tracked, for whom, and what happens when it cannot be."""

import asyncio
import logging
import os
import re
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from backstamp.gateway.access import Party
from backstamp.gateway.delivering.transaction import Submitted, Transactions
from backstamp.gateway.protocol.mail_data import Budget
from backstamp.gateway.protocol.reply import reply
from backstamp.gateway.relaying.onward import Onward
from backstamp.gateway.rewriter.config import RewritingLimits
from backstamp.gateway.rewriter.messages import RewriteAnswer, RewriteRequest
from backstamp.gateway.tracking import Tracker
from backstamp.journal import JournalUnavailableError, RecordTooLargeError
from backstamp.mail.patches import Patched
from backstamp.policy import Axes, Consent, Consents, ConsentState, DomainPolicy
from backstamp.tokens import Keyring, KeyringError
from backstamp.vocabulary import EventType, Queued
from tests.gateway.client import Client
from tests.gateway.fake_next_hop import OFFERS, FakeNextHop
from tests.gateway.running import (
    HTML,
    NOTHING,
    RING,
    TEXT,
    TRACKING_URL,
    Running,
    StartGateway,
    StartNextHop,
    snapshot,
)

BOB, EVE = "bob@example.net", "eve@example.net"
LIMITS = RewritingLimits(workers=1, cpu_seconds=1, memory_bytes=400 << 20)
HOSTILE = (
    b"Content-Type: text/html\r\n\r\n<html><body>"
    + b"".join(b"<b a=%d>" % n for n in range(500))
    + b"<p>x\r\n" * 40_000
)
DELIVERED = re.compile(rb"Received: [^\r\n]*\r\n(?:\t[^\r\n]*\r\n)+")


def content(hop: FakeNextHop, number: int = 0) -> bytes:
    """A message as it arrived, without our Received field."""
    return DELIVERED.sub(b"", hop.accepted[number].data, count=1)


async def opened(running: Running) -> Client:
    client = await running.client()
    await client.begin()
    return client


async def test_a_record_that_is_too_large_is_made_smaller(
    gateway: StartGateway, next_hop: StartNextHop, monkeypatch: pytest.MonkeyPatch
) -> None:
    hop = await next_hop()
    running = await gateway(hop)
    append, tried = running.journal.append_telling, list[tuple[bool, int]]()

    def choosy(record: Queued, tell: Any) -> None:
        tried.append((bool(record.manifest), len(record.tracked_links)))
        if len(tried) % 3:
            raise RecordTooLargeError("too large")
        append(record, tell)

    monkeypatch.setattr(running.journal, "append_telling", choosy)
    client = await opened(running)
    await client.send_mail(HTML + b".\r\n", BOB)
    assert tried == [(True, 1), (False, 1), (False, 0)]
    assert TRACKING_URL.encode() in content(hop)
    assert running.queued[0].untracked_reason == ""


async def test_mail_that_kills_its_worker_is_delivered_as_it_came(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    running = await gateway(hop, rewriting=LIMITS)
    client = await opened(running)
    await client.send_mail(HTML + b".\r\n", BOB)
    (worker,) = running.gateway._rewriter._idle
    assert worker._process is not None
    os.kill(worker._process.pid, signal.SIGSTOP)
    assert (await client.send_mail(HTML + b".\r\n", BOB, EVE))[0].startswith("250 ")
    assert content(hop, 1) == HTML
    assert hop.accepted[1].rcpts == [f"RCPT TO:<{BOB}>", f"RCPT TO:<{EVE}>"]
    assert running.queued[1].untracked_reason == "it would cost too much to read"


async def test_hostile_markup_ends_at_the_limit_of_cpu_or_memory_and_the_mail_goes_out(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    running = await gateway(hop, rewriting=LIMITS)
    client = await opened(running)
    message = HOSTILE
    assert (await client.send_mail(message + b".\r\n", BOB))[0].startswith("250 ")
    assert content(hop) == message
    assert running.queued[0].untracked_reason


async def test_control_fields_are_obeyed_and_removed(gateway: StartGateway, next_hop: StartNextHop) -> None:
    hop = await next_hop()
    running = await gateway(hop)
    client = await opened(running)
    both_off = b"X-Backstamp-Opens: off\r\nX-Backstamp-Links: off\r\n"
    await client.send_mail(both_off + HTML + b".\r\n", BOB, EVE)
    assert content(hop) == HTML
    assert len(hop.accepted) == 1
    await client.send_mail(b"X-Backstamp-Links: off\r\n" + HTML + b".\r\n", BOB)
    assert b'"https://www.example.com/offer"' in content(hop, 1)
    assert b"<img " in content(hop, 1)
    assert b"X-Backstamp" not in content(hop, 1)
    assert [queued.untracked_reason != "" for queued in running.queued] == [True, False]


async def test_copies_of_a_message_without_a_message_id_share_one_and_the_record_knows_it(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    """The next hop would give each copy its own: answers to one mail were then strangers to each other."""
    hop = await next_hop()
    running = await gateway(hop)
    client = await opened(running)
    bare = HTML.replace(b"Message-ID: <1@example.org>\r\n", b"")
    for _ in range(2):
        assert (await client.send_mail(bare + b".\r\n", BOB, EVE))[0].startswith("250 ")
    given = [
        re.match(rb"Message-ID: (<[0-9a-f]{32}@backstamp\.example>)\r\nFrom: Ann", content(hop, number))
        for number in range(4)
    ]
    names = [match[1].decode() for match in given if match]
    assert names[0] == names[1] != names[2] == names[3]
    assert [queued.message_id for queued in running.queued] == [names[0], names[2]]


async def test_a_message_id_is_given_to_no_mail_that_goes_as_it_came(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    running = await gateway(hop)
    client = await opened(running)
    await client.send_mail(TEXT + b".\r\n", BOB, EVE)
    assert content(hop) == TEXT
    assert running.queued[0].message_id == ""


@pytest.mark.parametrize("field", [b"Message-ID: <1@example.org>\r\n", b"Message-ID:\r\n", b"no field\r\n"])
async def test_a_message_id_is_given_to_none_that_has_one_or_whose_header_is_torn(
    gateway: StartGateway, next_hop: StartNextHop, field: bytes
) -> None:
    hop = await next_hop()
    client = await opened(await gateway(hop))
    mail = HTML.replace(b"Message-ID: <1@example.org>\r\n", field)
    await client.send_mail(mail + b".\r\n", BOB)
    assert b"@backstamp.example>" not in content(hop)


async def test_recipients_who_said_no_share_one_untouched_copy(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    no = Consent(opens=ConsentState.WITHDRAWN, links=ConsentState.WITHDRAWN)
    refusers = ("r1@example.net", "r2@example.net")
    policy = snapshot(consents=Consents.said({RING.recipient_key(each): no for each in refusers}))
    hop = await next_hop()
    client = await opened(await gateway(hop, policy))
    await client.send_mail(HTML + b".\r\n", refusers[0], BOB, refusers[1])
    assert [mail.rcpts for mail in hop.accepted] == [
        [f"RCPT TO:<{BOB}>"],
        [f"RCPT TO:<{refusers[0]}>", f"RCPT TO:<{refusers[1]}>"],
    ]
    assert content(hop, 1) == HTML


async def test_anonymous_tracking_needs_no_splitting(gateway: StartGateway, next_hop: StartNextHop) -> None:
    policy = snapshot(domains={"example.org": DomainPolicy(domain_id=5, name="example.org", anonymous=True)})
    hop = await next_hop()
    running = await gateway(hop, policy)
    client = await opened(running)
    await client.send_mail(HTML + b".\r\n", BOB, EVE)
    (mail,) = hop.accepted
    assert len(mail.rcpts) == 2
    (queued,) = running.queued
    assert queued.opens
    assert queued.domain_id == 5
    assert {each.recipient_key for each in queued.recipients} == {b""}


async def test_without_a_policy_nothing_is_tracked(gateway: StartGateway, next_hop: StartNextHop) -> None:
    hop = await next_hop()
    running = await gateway(hop, None)
    client = await opened(running)
    await client.send_mail(HTML + b".\r\n", BOB)
    assert content(hop) == HTML
    assert "policy could not be read" in running.queued[0].untracked_reason


async def test_without_a_journal_mail_goes_out_untracked(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    running = await gateway(hop)
    (running.folder / "journal").write_text("in the way")
    client = await opened(running)
    assert (await client.send_mail(HTML + b".\r\n", BOB, EVE))[0].startswith("250 ")
    (mail,) = hop.accepted
    assert content(hop) == HTML
    assert len(mail.rcpts) == 2


async def test_a_retry_is_recorded_where_the_first_try_could_not_be(
    gateway: StartGateway, next_hop: StartNextHop, monkeypatch: pytest.MonkeyPatch
) -> None:
    hop = await next_hop(script={"END": ["451 4.3.0 later"]})
    running = await gateway(hop)
    client = await opened(running)

    def full(*_: object) -> None:
        raise JournalUnavailableError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(running.journal, "append", full)
        patch.setattr(running.journal, "append_telling", full)
        assert await client.send_mail(HTML + b".\r\n", BOB) == ["451 4.3.0 later"]
    assert await client.send_mail(HTML + b".\r\n", BOB) == ["250 2.0.0 queued as 1"]
    assert TRACKING_URL.encode() in hop.accepted[0].data
    assert [queued.recipients[0].address for queued in running.queued] == [BOB]


async def test_without_a_key_ring_mail_goes_untracked(
    gateway: StartGateway, next_hop: StartNextHop, caplog: pytest.LogCaptureFixture
) -> None:
    def unreadable() -> Keyring:
        raise KeyringError("key ring is not readable")

    hop = await next_hop()
    running = await gateway(hop)
    tracker = running.gateway._about.transactions.tracker
    assert isinstance(tracker, Tracker)
    tracker.keyring = unreadable
    client = await opened(running)
    assert (await client.send_mail(HTML + b".\r\n", BOB, EVE))[0].startswith("250 ")
    assert content(hop) == HTML
    assert "not tracked: KeyringError" in caplog.text


async def test_a_copy_that_grew_too_large_is_sent_as_it_came(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(offers=(*OFFERS[1:], f"SIZE {len(HTML) + 300}"))
    hop.offers = tuple(offer for offer in hop.offers if offer != OFFERS[1])
    client = await opened(await gateway(hop))
    await client.send_mail(HTML + b".\r\n", BOB)
    assert content(hop) == HTML


async def test_many_recipients_are_rewritten_in_batches(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    running = await gateway(hop)
    client = await opened(running)
    rcpts = [f"r{n}@example.net" for n in range(250)]
    assert (await client.send_mail(HTML + b".\r\n", *rcpts))[0].startswith("250 ")
    assert len({mail.data for mail in hop.accepted}) == 250
    assert [each.recipient_index for each in running.deliveries] == list(range(250))
    assert {each.type for each in running.deliveries} == {EventType.SENT}


async def test_of_a_large_message_only_what_is_changed_in_it_is_kept_for_each_recipient(
    gateway: StartGateway, next_hop: StartNextHop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backstamp.gateway.batches.BATCH_BYTES", 4_000)
    hop = await next_hop()
    running = await gateway(hop)
    made: list[list[Patched]] = []
    rewrite = running.gateway._rewriter.rewrite

    async def noting(
        request: RewriteRequest, raw: bytes, party: Party
    ) -> tuple[RewriteAnswer, list[Patched]]:
        answer, copies = await rewrite(request, raw, party)
        made.append(copies)
        return answer, copies

    monkeypatch.setattr(running.gateway._rewriter, "rewrite", noting)
    client = await opened(running)
    large = HTML + b"<!--" + b"x" * 5_000 + b"-->\r\n"
    await client.send_mail(large + b".\r\n", *(f"r{n}@example.net" for n in range(20)))
    step = 4_000 // made[0][0].changed
    assert 8 < step < 19
    assert [len(copies) for copies in made] == [1, step, 19 - step], "what a copy needs the first one tells"
    assert [content(hop, n) for n in range(20)] == [copy.whole() for copies in made for copy in copies]


async def test_a_fault_of_ours_is_451_with_a_trace_id_and_the_session_goes_on(
    gateway: StartGateway,
    next_hop: StartNextHop,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    hop = await next_hop()
    client = await opened(await gateway(hop, NOTHING))

    def broken(*_: object) -> None:
        raise KeyError("ann@example.org")

    with monkeypatch.context() as patch:
        patch.setattr("backstamp.gateway.delivering.transaction.message_facts", broken)
        (answer,) = await client.send_mail(HTML + b".\r\n", BOB)
    assert re.fullmatch(r"451 4\.3\.0 Internal error, trace id [0-9a-f]{16}", answer)
    assert answer.split()[-1] in caplog.text
    assert "ann@" not in caplog.text
    assert hop.accepted == []
    assert (await client.send_mail(HTML + b".\r\n", BOB))[0].startswith("250 ")


@pytest.mark.parametrize("listener", ["gateway.listen", "gateway.lmtp_listen"])
async def test_a_fault_of_ours_has_as_many_replies_as_the_client_waits_for(
    gateway: StartGateway, next_hop: StartNextHop, monkeypatch: pytest.MonkeyPatch, listener: str
) -> None:
    running = await gateway(await next_hop(), NOTHING)
    lmtp = listener == "gateway.lmtp_listen"
    client = await running.client(listener)
    await client.begin("LHLO client.example" if lmtp else "EHLO client.example")

    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Transactions, "carry_out", fail)
    await client.envelope("bob@example.net", "cat@example.net")
    for answer in await client.data(TEXT + b".\r\n", replies=2 if lmtp else 1):
        assert answer.startswith("451 4.3.0 Internal error, trace id ")
    assert await client.say("NOOP") == "250 2.0.0 Ok"

    async def fail_late(
        _: Transactions, submitted: Submitted, onward: Onward, tell: Callable[..., Awaitable[bool]]
    ) -> None:
        await tell((reply(250, "2.0.0 one"),) * (2 if lmtp else 1))
        raise ZeroDivisionError

    monkeypatch.setattr(Transactions, "carry_out", fail_late)
    await client.envelope("bob@example.net", "cat@example.net")
    told = await client.data(TEXT + b".\r\n", replies=2 if lmtp else 1)
    assert set(told) == {"250 2.0.0 one"}
    assert await client.closed()


async def test_after_a_fault_of_ours_the_rest_of_a_message_is_no_commands(
    gateway: StartGateway, next_hop: StartNextHop, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await gateway(await next_hop(), NOTHING)
    client = await running.client()
    await client.begin()

    def fail(*_: object) -> bool:
        raise MemoryError

    await client.envelope("bob@example.net")
    assert (await client.say("DATA")).startswith("354 ")
    monkeypatch.setattr(Budget, "take", fail)
    await client.send(b"MAIL FROM:<whoever.wrote.this@example.com>\r\n")
    assert await client.closed()


async def test_the_log_says_what_became_of_a_message_and_names_nobody(
    gateway: StartGateway, next_hop: StartNextHop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="backstamp")
    running = await gateway(await next_hop(script={f"RCPT {EVE}": "550 5.1.1 no"}))
    client = await opened(running)
    await client.send_mail(HTML + b".\r\n", BOB, EVE)
    (line,) = [each for each in caplog.records if getattr(each, "outcomes", None)]
    assert line.__dict__["outcomes"] == ["end_of_data 250", "rcpt 550"]
    assert line.__dict__["trace_id"] == running.queued[0].trace_id
    said = " ".join(str(record.__dict__) for record in caplog.records)
    assert "@example" not in said


async def test_a_client_that_closes_its_half_still_gets_its_reply(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    client = await (await gateway(await next_hop(), NOTHING)).client()
    await client.send(
        b"EHLO nc.example\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"
        + HTML
        + b".\r\n"
    )
    client.writer.write_eof()
    said = await asyncio.wait_for(client.reader.read(), 60)
    assert b"250 2.0.0 queued as 1\r\n" in said


async def test_a_stop_lets_the_transaction_under_way_end(
    gateway: StartGateway, next_hop: StartNextHop, tmp_path: Path
) -> None:
    hop = await next_hop(delay=0.3)
    running = await gateway(hop, NOTHING)
    idle, busy = await opened(running), await opened(running)
    await busy.envelope(BOB)
    await busy.say("DATA")
    await busy.send(HTML + b".\r\n")
    await asyncio.sleep(0.1)
    stop = asyncio.create_task(running.gateway.close())
    assert (await idle.reply()).startswith("421 4.3.2 ")
    assert (await busy.reply()).startswith("250 ")
    await stop
    assert len(hop.accepted) == 1
    idle.close()
    busy.close()


async def test_sender_axes_of_the_policy_hold(gateway: StartGateway, next_hop: StartNextHop) -> None:
    hop = await next_hop()
    policy = snapshot(senders={"ann@example.org": Axes(links=False)})
    client = await opened(await gateway(hop, policy))
    await client.send_mail(HTML + b".\r\n", BOB)
    assert b'"https://www.example.com/offer"' in content(hop)
