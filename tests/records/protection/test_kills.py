"""Links switched off, in the records."""

import msgspec

from backstamp.policy import Kills, KillTarget, decode_policy, encode_policy
from backstamp.records import models
from backstamp.records.events.stored_hits import event_type
from backstamp.records.ingest.batches import ingest
from backstamp.records.protection import as_policy, kills
from backstamp.records.snapshot.parts import policy
from backstamp.urls.safe_browsing import full_hash
from backstamp.vocabulary import ClickAction, EventType, Hit, HitKind
from tests.records.journal_records import after, batch, click, delivery, queued
from tests.records.snapshot.test_parts import DEFAULTS

BIG = 0xF000_0000_0000_0001


def test_kills_reach_the_snapshot_and_survive_its_file() -> None:
    for target in (KillTarget(BIG), KillTarget(5, 3), KillTarget(5, 4, 0xFFFF), KillTarget(5, 0, 0)):
        kills.kill(target, "ada")
    published = policy(DEFAULTS, 1)
    assert published.kills == Kills(
        messages=frozenset({BIG}),
        links=frozenset({(5, 3)}),
        tokens=frozenset({(5, 4, 0xFFFF), (5, 0, 0)}),
    )
    assert decode_policy(encode_policy(published)).policy == published


def test_killed_hosts_and_urls_reach_the_snapshot_and_cover_what_is_below_them() -> None:
    for expression in ("evil.example/", "www.evil.example/a?b", "evil.example/"):
        kills.kill_expression(expression, "ada")
    digests = {full_hash("evil.example/")[:8], full_hash("www.evil.example/a?b")[:8]}
    assert policy(DEFAULTS, 1).kills == Kills(expressions=frozenset(digests))
    kills.kill_expression("other.example/", "ada")
    assert kills.around("www.evil.example/a?b") == ["evil.example/"]
    assert kills.around("evil.example/") == ["www.evil.example/a?b"]
    assert kills.around("example/") == []
    assert kills.revive_expression("other.example/")
    before = as_policy.fingerprint()
    assert [kills.revive_expression("evil.example/") for _ in range(2)] == [1, 0]
    assert as_policy.fingerprint() != before
    assert [row.expression for row in kills.listed_expressions()] == ["www.evil.example/a?b"]


def test_killing_twice_is_killing_once() -> None:
    for _ in range(2):
        for target in (KillTarget(BIG), KillTarget(5, 3), KillTarget(5, 3, 1)):
            kills.kill(target, "ada")
    assert models.Kill.objects.count() == 3


def test_reviving_undoes_what_is_part_of_it_and_nothing_wider() -> None:
    everything = [  # widest first
        KillTarget(5),
        KillTarget(5, 3),
        KillTarget(5, 3, 1),
        KillTarget(5, 3, 2),
        KillTarget(5, 4, 1),
    ]
    for target in [*everything, KillTarget(6)]:
        kills.kill(target, "ada")
    assert kills.of_message(5) == everything
    assert kills.revive(KillTarget(5, 3, 1)) == 1
    assert kills.revive(KillTarget(5, 3, 1)) == 0
    assert kills.revive(KillTarget(5, 3)) == 2
    assert kills.of_message(5) == [KillTarget(5), KillTarget(5, 4, 1)]
    assert kills.revive(KillTarget(5)) == 2
    assert kills.switched_off() == Kills(messages=frozenset({6}))


def test_a_link_that_was_blocked_is_no_click() -> None:
    hit = Hit(at_us=1, kind=HitKind.REDIRECT, domain_id=1, tracking_id=1, link_number=0)
    assert event_type(hit) is EventType.CLICKED
    blocked = Hit(
        at_us=1, kind=HitKind.REDIRECT, domain_id=1, tracking_id=1, link_number=0, action=ClickAction.BLOCK
    )
    assert event_type(blocked) is EventType.BLOCKED


def test_a_persons_blocked_click_is_judged_and_never_counts_as_a_click() -> None:
    blocked = msgspec.structs.replace(click(700), action=ClickAction.BLOCK)
    ingest(batch("gateway", [queued(), delivery(1)]), after(1000))
    ingest(batch("edge", [blocked]), after(1000))
    # A sibling that comes later has it read from the records, and judged, once more.
    ingest(batch("other", [click(710, link=1, index=1)]), after(1000))
    event = models.Event.objects.get(producer="edge")
    assert (event.type, event.actor, event.link_number) == ("blocked", "human", 0)
    recipient = models.Recipient.objects.get(index=0)
    assert (recipient.clicked_at, recipient.human_clicks) == (None, 0)


def test_a_target_names_a_message_that_is_on_record_or_none() -> None:
    ingest(batch("gateway", [queued(message=BIG)]), after(1000))
    assert [kills.names_a_message(KillTarget(number)) for number in (BIG, 0x0123_4567_89AB_CDEF)] == [
        True,
        False,
    ]
