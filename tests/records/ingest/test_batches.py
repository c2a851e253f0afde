"""From journal records to messages, deliveries and judged hits."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from backstamp.records.database.tracking_ids import to_database
from backstamp.records.events.groups import CROWD
from backstamp.records.ingest.batches import ingest
from backstamp.records.ingest.journal_cursors import (
    OlderCopyError,
    advance,
    cursors,
    forget_producers,
    producers_gone,
)
from backstamp.records.models import (
    LONGEST_METHOD,
    Consent,
    Event,
    Link,
    Message,
    MessageRollup,
    Recipient,
)
from backstamp.records.rollups.changes import message_version, newest_version, note_changed
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import ClickAction, ConsentMode, EventType, Hit, JournalRecord
from tests.records.dump import dump, signals, source
from tests.records.journal_records import (
    ANNA,
    APPLE_PREFETCH,
    BERT,
    BROWSER_CLICK,
    CHROME,
    MESSAGE,
    OTHER_SOURCE,
    SECOND,
    SOURCE,
    START_US,
    after,
    batch,
    click,
    delivery,
    guarded_click,
    pixel,
    queued,
    received,
    report,
)

NOW = after(1000)


def anna() -> Recipient:
    return Recipient.objects.get(message=to_database(MESSAGE), index=0)


def event(producer: str, number: int = 0) -> Event:
    return Event.objects.get(producer=producer, position=100 * number)


def test_a_queued_message_has_its_recipients_and_links() -> None:
    done = ingest(batch("gateway", [queued()]), NOW)
    assert (done.messages, done.hits, done.version) == (1, 0, 1)
    message = Message.objects.get()
    assert message.tracking_id == to_database(MESSAGE)
    assert (message.subject, message.sender, message.queued_at) == ("Offer", "me@example.org", after(0))
    assert (message.opens_tracked, message.links_tracked, message.manifest) == (True, True, "{}")
    assert list(Recipient.objects.values_list("index", "address", "delivery")) == [
        (0, "anna@example.com", "queued"),
        (1, "bert@example.com", "queued"),
    ]
    assert [bytes(key) for key in Recipient.objects.values_list("recipient_key", flat=True)] == [ANNA, BERT]
    assert list(Link.objects.values_list("number", "url", "text")) == [
        (n, f"https://example.net/{n}", f"link {n}") for n in range(3)
    ]
    assert list(Event.objects.values_list("type", "at", "final")) == [("queued", after(0), True)]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_the_latest_word_of_the_next_hop_stands_and_the_clock_starts_at_the_first_sent(
    order: tuple[int, ...],
) -> None:
    words = [
        delivery(10, type_=EventType.DEFERRED, code=451),
        delivery(20),
        delivery(30),
    ]
    ingest(batch("gateway", [queued(), *(words[n] for n in order)]), NOW)
    assert (anna().delivery, anna().delivery_at, anna().sent_at) == ("sent", after(30), after(20))
    assert (anna().reply_code, anna().enhanced_status, anna().reply_text) == (250, "2.0.0", "OK")


def test_a_refusal_shows_with_the_words_of_the_next_hop() -> None:
    ingest(batch("gateway", [queued(), delivery(1, type_=EventType.REJECTED, code=550)]), NOW)
    assert (anna().delivery, anna().reply_code, anna().sent_at) == ("rejected", 550, None)
    assert Event.objects.get(type="rejected").detail == {
        "code": 550,
        "enhanced_status": "4.2.0",
        "text": "later",
        "next_hop": "mx.example.com",
        "stage": "data",
    }


def test_an_open_is_judged_with_reasons_and_counted() -> None:
    ingest(batch("a", [queued(), delivery(1)]), NOW)
    ingest(batch("edge", [pixel(600)]), NOW)
    opened = event("edge")
    assert (opened.type, opened.actor, opened.counts, opened.recipient_index) == ("opened", "human", True, 0)
    assert (opened.client, opened.certainty, opened.final) == ("Outlook", "probable", False)
    assert signals(opened) == ["mail_program"]
    assert (anna().opened_at, anna().human_opens, anna().open_is_implied) == (after(600), 1, False)


def test_a_persons_click_implies_an_open() -> None:
    ingest(batch("a", [queued(), delivery(1), click(600)]), NOW)
    assert (anna().clicked_at, anna().opened_at, anna().open_is_implied) == (after(600), after(600), True)
    assert (anna().human_opens, anna().human_clicks) == (0, 1)


def test_a_machines_click_implies_no_open() -> None:
    ingest(batch("a", [queued(), delivery(1), click(600, headers={"user_agent": "curl/8.0"})]), NOW)
    assert (anna().clicked_at, anna().opened_at, anna().machine_hits) == (None, None, 1)


def test_a_burst_of_links_turns_an_earlier_click_into_a_machines() -> None:
    ingest(batch("a", [queued(), delivery(1)]), NOW)
    ingest(batch("edge", [click(600)]), NOW)
    assert (event("edge").actor, anna().human_clicks) == ("human", 1)
    before = message_version(to_database(MESSAGE))
    done = ingest(batch("edge", [click(600.2, link=1), click(600.4, link=2)], start=1), after(1001))
    first = event("edge")
    assert done.revised == 1
    assert first.actor != "human"
    assert first.revised_at == after(1001)
    assert "link_burst" in signals(first)
    assert (anna().human_clicks, anna().clicked_at, anna().opened_at) == (0, None, None)
    assert message_version(to_database(MESSAGE)) > before


def test_a_hit_that_comes_before_its_message_waits_and_is_judged_then() -> None:
    done = ingest(batch("edge", [pixel(600), click(700)]), NOW)
    assert (done.unmatched, done.version) == (2, None)
    assert list(Event.objects.values_list("actor", "recipient_index", "counts")) == [
        ("unknown", None, False),
        ("unknown", None, False),
    ]
    ingest(batch("gateway", [queued(), delivery(1)]), NOW)
    assert list(Event.objects.filter(producer="edge").values_list("actor", "recipient_index")) == [
        ("human", 0),
        ("human", 0),
    ]
    assert (anna().human_opens, anna().human_clicks) == (1, 1)


def test_a_delivery_that_comes_after_the_hit_sets_the_clock_anew() -> None:
    ingest(batch("a", [queued(), click(5)]), NOW)
    assert "before_delivery" not in signals(event("a", 1))
    ingest(batch("gateway", [delivery(60)]), NOW)
    assert signals(event("a", 1)) == ["before_delivery"]
    assert event("a", 1).actor == "scanner"


def test_the_clock_of_nobody_in_particular_is_that_of_the_first_copy_taken() -> None:
    ingest(batch("a", [queued(), click(5, index=9)]), NOW)
    ingest(batch("gateway", [delivery(60)]), NOW)
    assert signals(event("a", 1)) == ["before_delivery"]
    nobody = Recipient.objects.get(index=NO_RECIPIENT)
    assert (nobody.human_clicks, nobody.machine_hits, nobody.clicked_at) == (0, 1, None)


def test_hits_of_nobody_in_particular_have_a_row_of_their_own() -> None:
    hits = [pixel(600, key=bytes(8)), click(700, index=None), pixel(800, key=b"stranger")]
    ingest(batch("a", [queued(), delivery(1), *hits]), NOW)
    nobody = Recipient.objects.get(index=NO_RECIPIENT)
    assert (nobody.address, nobody.human_clicks, nobody.human_opens) == ("", 1, 1)
    assert (anna().human_opens, anna().human_clicks) == (0, 0)


@pytest.mark.parametrize(
    ("hit", "axis"), [(pixel(600), "opens"), (click(600), "links")], ids=["pixel", "link"]
)
@pytest.mark.parametrize("message_first", [True, False])
def test_hits_of_who_withdrew_are_dropped_on_that_axis_and_no_other(
    hit: Hit, axis: str, message_first: bool
) -> None:
    Consent.objects.create(address="anna@example.com", recipient_key=ANNA, **{axis: "withdrawn"})
    other = click(610, headers=BROWSER_CLICK) if axis == "opens" else pixel(610)
    batches = [batch("gateway", [queued()]), batch("edge", [hit, other])]
    done = [ingest(each, NOW) for each in (batches if message_first else reversed(batches))]
    assert sum(each.dropped for each in done) == 1
    kept = Event.objects.get(producer="edge")
    assert kept.position == 100


@pytest.mark.parametrize("message_first", [True, False])
@pytest.mark.parametrize(
    ("opens", "links", "kept"),
    [
        ("", "", [300, 400, 500]),
        ("granted", "", [100, 300, 400, 500]),
        ("", "granted", [200, 300, 400, 500]),
        ("granted", "withdrawn", [100, 300, 400, 500]),
    ],
)
def test_where_consent_is_required_by_now_nothing_is_recorded_of_who_never_gave_it_of_mail_of_before(
    opens: str, links: str, kept: list[int], *, message_first: bool
) -> None:
    if opens or links:
        Consent.objects.create(address="anna@example.com", recipient_key=ANNA, opens=opens, links=links)
    inbound = received(message=2)
    hits = [pixel(600), click(610), guarded_click(620, ClickAction.ALLOW, message=2)]
    hits += [click(630, index=None), pixel(640, key=bytes(8))]
    batches = [batch("gateway", [queued(), inbound]), batch("edge", hits, start=1)]
    for each in batches if message_first else reversed(batches):
        ingest(each, NOW, consent_mode=ConsentMode.REQUIRED)
    assert sorted(Event.objects.filter(producer="edge").values_list("position", flat=True)) == kept


def test_a_prefetch_by_apple_makes_opens_immeasurable() -> None:
    hit = msgspec.structs.replace(pixel(600, agent=APPLE_PREFETCH), network="apple_relay")
    ingest(batch("a", [queued(), delivery(1), hit]), NOW)
    assert (event("a", 2).actor, anna().open_is_measurable, anna().opened_at) == ("prefetch", False, None)


def test_the_pseudonym_of_an_address_lies_in_its_own_column_and_nowhere_else() -> None:
    ingest(batch("a", [queued(), pixel(600)]), NOW)
    stored = event("a", 1)
    assert source(stored) == SOURCE
    assert stored.headers is not None
    assert json.loads(stored.headers.headers) == {"user_agent": pixel(600).headers["user_agent"]}
    rest = [
        value for name, value in Event.objects.filter(pk=stored.pk).values()[0].items() if name != "source"
    ]
    assert SOURCE.decode() not in str(rest)


def test_a_crowd_of_recipients_from_one_source_is_seen_across_messages() -> None:
    messages = range(1, 8)
    everything: list[JournalRecord] = [queued(message=n) for n in messages]
    everything += [delivery(1, message=n) for n in messages]
    ingest(batch("gateway", everything), NOW)
    for n in messages:
        ingest(batch(f"edge{n}", [click(600 + n, message=n)]), NOW)
    assert all("same_source_crowd" in signals(event(f"edge{n}")) for n in messages)
    # A later hit on the first message, from elsewhere, must not lose sight of the crowd.
    ingest(batch("late", [pixel(700, message=1, source=OTHER_SOURCE)]), NOW)
    ingest(batch("later", [click(601.5, message=1, link=2, source=OTHER_SOURCE)]), NOW)
    assert "same_source_crowd" in signals(event("edge1"))


def test_one_program_from_three_networks_within_a_minute_is_seen_among_images_that_are_else_alike() -> None:
    ingest(batch("gateway", [queued(), delivery(1)]), NOW)
    ingest(batch("edge", [pixel(600 + n, agent=CHROME, source=bytes([n + 1]) * 8) for n in range(3)]), NOW)
    assert all("same_client_elsewhere" in signals(event("edge", n)) for n in range(3))


def test_a_replayed_batch_changes_nothing_at_all() -> None:
    whole = batch("a", [queued(), delivery(1), pixel(600), click(700), click(700.5, link=1)])
    ingest(whole, NOW)
    before = dump(), cursors(), newest_version()
    again = ingest(whole, NOW)
    assert (again.replayed, again.version) == (5, None)
    assert (dump(), cursors(), newest_version()) == before


def test_a_cursor_goes_on_with_each_batch_and_never_back() -> None:
    for position, stands in ((100, 100), (300, 300), (200, 300)):
        advance({"a": position})
        assert cursors() == {"a": stands}


def test_the_same_record_twice_in_a_batch_counts_once() -> None:
    whole = batch("a", [queued(), pixel(600)])
    whole.records.append(whole.records[1])
    ingest(whole, NOW)
    assert anna().human_opens == 1


def test_a_failure_in_the_middle_leaves_neither_rows_nor_cursors(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("in the middle")

    with monkeypatch.context() as patched:
        patched.setattr("backstamp.records.rollups.rollup.Rollup.hits", broken)
        with pytest.raises(RuntimeError):
            ingest(batch("a", [queued(), pixel(600)]), NOW)
    assert (Message.objects.count(), Event.objects.count(), cursors()) == (0, 0, {})
    ingest(batch("a", [queued(), pixel(600)]), NOW)
    assert anna().human_opens == 1


def test_where_the_cursors_cannot_be_written_there_are_no_rows_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patched:
        advance = "UPDATE no_such_table SET x = %s WHERE y = %s"
        patched.setattr("backstamp.records.ingest.journal_cursors._ADVANCE", advance)
        with pytest.raises(DatabaseError):
            ingest(batch("a", [queued(), pixel(600)]), NOW)
    assert (Message.objects.count(), Event.objects.count(), cursors()) == (0, 0, {})


def test_cursors_of_journals_that_were_deleted_long_ago_are_forgotten() -> None:
    ingest(batch("old", [queued()]), NOW)
    ingest(batch("newer", [pixel(600)]), NOW)
    ingest(batch("new", [pixel(601)]), NOW)
    producers_gone({"old", "never seen"}, NOW)
    producers_gone({"newer"}, NOW + timedelta(days=1))
    assert cursors() == {"old": 100, "newer": 100, "new": 100}
    forget_producers(NOW + timedelta(hours=1))
    assert cursors() == {"newer": 100, "new": 100}


def test_a_journal_that_a_restored_backup_brings_back_is_not_ingested_again() -> None:
    ingest(batch("edge", [queued(), pixel(600)]), NOW)
    producers_gone({"edge"}, NOW)
    again = ingest(batch("edge", [queued(), pixel(600), pixel(700)]), NOW)
    assert (again.messages, again.hits, again.replayed) == (0, 1, 2)
    assert Event.objects.filter(type="opened").count() == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda hit: msgspec.structs.replace(hit, at_us=-(2**62)),
        lambda hit: msgspec.structs.replace(hit, at_us=2**62),
        lambda hit: msgspec.structs.replace(hit, headers={"user_agent": "a\0\ud7ff\U0010ffff"}),
        lambda hit: msgspec.structs.replace(hit, headers={"user_agent": 'literally \\u0000", "x'}),
        lambda hit: msgspec.structs.replace(hit, headers={}, link_number=65_535),
        lambda hit: msgspec.structs.replace(hit, tracking_id=2**64 - 1),
        lambda hit: msgspec.structs.replace(hit, method="G\0ET" * 100),
    ],
)
def test_no_hit_stops_ingest_whatever_it_holds(spoil: Callable[[Hit], Hit]) -> None:
    ingest(batch("a", [queued(), spoil(click(600)), pixel(700)]), NOW)
    assert Event.objects.count() == 3
    assert anna().human_opens == 1
    kept = Event.objects.get(position=100)
    assert kept.headers is not None
    assert kept.method == spoil(click(600)).method.replace("\0", "")[:LONGEST_METHOD]
    assert json.loads(kept.headers.headers) == {
        name: value.replace("\0", "") for name, value in spoil(click(600)).headers.items()
    }


def test_texts_too_long_for_their_columns_are_cut() -> None:
    long = msgspec.structs.replace(
        queued(), subject="s" * 2000, sender="x" * 900, reverse_path="y" * 900, message_id="m\0" * 999
    )
    ingest(batch("a", [long]), NOW)
    message = Message.objects.get()
    assert (message.subject, message.sender) == ("s" * 998, "x" * 320)
    assert (message.reverse_path, message.message_id) == ("y" * 320, "m" * 640)


def test_a_flood_of_one_image_is_kept_to_the_last_hit() -> None:
    ingest(batch("a", [queued(), delivery(1)]), NOW)
    flood = [pixel(600 + n / 100, agent=CHROME) for n in range(2 * CROWD)]
    ingest(batch("edge", flood[:CROWD]), NOW)
    ingest(batch("edge", flood[CROWD:], start=CROWD), NOW)
    assert Event.objects.filter(producer="edge", recipient_index=0).count() == 2 * CROWD


def test_the_number_of_queries_does_not_grow_with_the_batch() -> None:
    def queries(hits: int) -> int:
        source = bytes([hits]) * 8
        records: list[JournalRecord] = [queued(message=hits)]
        records += [pixel(600 + n, message=hits, source=source) for n in range(hits)]
        with CaptureQueriesContext(connection) as captured:
            ingest(batch(f"p{hits}", records), NOW)
        return len(captured)

    # Reasons that were never given before are one statement more, however many they are.
    assert queries(100) <= queries(3) + 2


def test_the_counts_that_indexes_hold_are_written_where_they_change_alone() -> None:
    ingest(batch("gateway", [queued(), delivery(1)]), NOW)
    written = []
    for producer, seconds in (("edge", 600), ("later", 4000)):
        with CaptureQueriesContext(connection) as asked:
            ingest(batch(producer, [pixel(seconds, key=ANNA)]), NOW)
        changes = [q["sql"] for q in asked.captured_queries if 'UPDATE "records_messagerollup"' in q["sql"]]
        written += ['"opened"' in change for change in changes]
    assert written == [True, False]
    rollup = MessageRollup.objects.get()
    assert (rollup.opened, sum(json.loads(rollup.tally).values())) == (1, 2)


def test_versions_only_grow_and_tell_what_changed() -> None:
    ingest(batch("a", [queued(message=1), queued(message=2)]), NOW)
    assert (message_version(1), message_version(2), newest_version()) == (1, 1, 1)
    ingest(batch("edge", [pixel(600, message=2)]), NOW)
    assert (message_version(1), message_version(2), newest_version()) == (1, 2, 2)
    assert note_changed([1]) == 3
    assert (message_version(1), newest_version(), message_version(99)) == (3, 3, 0)


def test_the_clock_starts_where_the_receiving_system_says_the_mail_was_delivered() -> None:
    told = msgspec.structs.replace(
        report(4000, EventType.DELIVERED), happened_us=START_US + 3600 * SECOND, sealed=True
    )
    ingest(batch("g", [queued(), delivery(1)]), after(2))
    assert anna().sent_at == after(1)
    ingest(batch("w", [told]), after(4001))
    assert anna().sent_at == after(3600)


@pytest.mark.parametrize(
    "changes",
    [
        {"sealed": False, "happened_us": START_US + 3600 * SECOND},
        {"happened_us": START_US - SECOND},
        {"happened_us": START_US + 5000 * SECOND},
        {"happened_us": 0},
    ],
    ids=["anybody may say so", "before it was sent", "after the report came", "not told"],
)
def test_and_nowhere_else(changes: dict[str, Any]) -> None:
    told = msgspec.structs.replace(report(4000, EventType.DELIVERED), **changes)
    ingest(batch("g", [queued(), delivery(1)]), after(2))
    ingest(batch("w", [told]), after(4001))
    assert anna().sent_at == after(1)


def test_a_click_long_after_knows_of_the_opening_behind_what_was_no_person_s() -> None:
    hits = [pixel(600), pixel(700, method="HEAD"), click(2000)]
    ingest(batch("p", [queued(), delivery(1), *hits]), after(3000))
    assert "opened_before" in signals(Event.objects.get(type="clicked"))


@pytest.mark.parametrize("last", [EventType.BOUNCED, EventType.DELIVERED])
@pytest.mark.parametrize("slow", [EventType.DEFERRED, EventType.SENT])
def test_a_report_that_was_slower_than_the_last_word_of_a_copy_does_not_take_it_back(
    slow: EventType, last: EventType
) -> None:
    ingest(batch("gateway", [queued(), delivery(1)]), after(10))
    ingest(batch("worker", [report(60, last), report(70, slow)]), after(80))
    assert Recipient.objects.get(index=0).delivery == last.value
    assert Recipient.objects.get(index=0).delivery_at == after(60)
    ingest(batch("other", [report(75, EventType.BOUNCED)]), after(80))
    assert Recipient.objects.get(index=0).delivery == "bounced"


def test_a_batch_that_was_read_past_what_an_older_copy_has_changes_nothing() -> None:
    ingest(batch("edge", [queued()]), NOW)
    ahead = batch("edge", [pixel(600)], start=7)
    ahead.began = {"edge": 700}
    with pytest.raises(OlderCopyError):
        ingest(ahead, NOW)
    assert (cursors(), Event.objects.filter(type="opened").count()) == ({"edge": 100}, 0)
