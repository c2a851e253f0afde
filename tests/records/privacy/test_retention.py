"""What is older than the installation keeps is deleted with all that hangs on it, and nothing else is."""

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection

from backstamp.records.database.tracking_ids import numbered_before, to_database
from backstamp.records.ingest.batches import ingest
from backstamp.records.models import CapturedMail, Event, Link, ListWish, Message, Recipient, Suppression
from backstamp.records.privacy import retention
from backstamp.records.privacy.retention import Deleted, delete_before, write_back
from backstamp.records.rollups.changes import newest_version
from backstamp.tokens.tracking_ids import first_at
from backstamp.vocabulary import EventType, JournalRecord, WishAct
from tests.records.journal_records import START, after, batch, click, delivery, pixel, queued, report, wish

YEAR = 365 * 86_400
TURN = [
    START,
    *(datetime(2029, 10, 23, hour, tzinfo=UTC) for hour in (6, 7, 8, 9, 10)),
    datetime(2031, 1, 1, tzinfo=UTC),
]
"""Within 23 October 2029 the stored numbers become negative."""


def test_old_messages_go_with_everything_and_young_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_SLICE", 2)
    for number in range(1, 6):
        ingest(batch(f"p{number}", [queued(message=number), delivery(1, message=number)]), after(10))
    Message.objects.filter(pk=5).update(queued_at=after(1000))
    CapturedMail.objects.create(file_name="x.eml")
    before = newest_version()
    assert delete_before(after(500)) == Deleted(4, 0)
    assert list(Message.objects.values_list("pk", flat=True)) == [5]
    assert set(Recipient.objects.values_list("message_id", flat=True)) == {5}
    assert set(Link.objects.values_list("message_id", flat=True)) == {5}
    assert set(Event.objects.values_list("message_id", flat=True)) == {5}
    assert CapturedMail.objects.count() == 1
    assert newest_version() > before


def of_hour(at: datetime, number: int = 7) -> int:
    """A message's number of that hour."""
    return first_at(at.timestamp()) + number


def test_what_comes_years_later_of_a_deleted_message_is_not_kept_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "_EVENT_SLICE", 2)
    old, young = of_hour(START), of_hour(after(2 * YEAR))
    ingest(batch("gateway", [queued(message=old)]), after(10))
    delete_before(after(YEAR))
    late: list[JournalRecord] = [
        pixel(2 * YEAR, message=old),
        report(2 * YEAR, EventType.BOUNCED, message=old),
    ]
    late.append(click(2 * YEAR + 1, message=old))
    ingest(batch("edge", [*late, pixel(2 * YEAR + 60, message=young)]), after(2 * YEAR + 70))
    assert Event.objects.count() == 4
    assert delete_before(after(YEAR)) == Deleted(0, 3)
    assert Event.objects.get().message_id == young


def test_hits_whose_message_never_came_go_by_its_hour_or_where_no_number_says_it_by_their_age(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "_EVENT_SLICE", 2)
    hour, unordered = of_hour(START), 0xF00D_0000_0000_0009
    for message in (hour, unordered):
        hits = [pixel(n, message=message) for n in (0, 10, 20, 7000)]
        ingest(batch(f"edge{message}", hits), after(8000))
    ingest(batch("gateway", [queued()]), after(800))
    Message.objects.update(queued_at=after(8000))
    assert delete_before(after(3000)) == Deleted(0, 3)
    assert delete_before(after(3600)) == Deleted(0, 4)
    assert Event.objects.filter(type="opened").get().message_id == to_database(unordered)
    assert Message.objects.count() == 1


@pytest.mark.parametrize("day", [datetime(1970, 1, 1, tzinfo=UTC), datetime(1969, 10, 3, tzinfo=UTC)])
def test_a_clock_that_begins_in_1970_deletes_nothing(day: datetime) -> None:
    """Of the hours before that a number would be one of the year 2089."""
    early: list[JournalRecord] = [pixel(600, message=of_hour(START)), queued(message=of_hour(after(YEAR)))]
    ingest(batch("edge", early), after(10))
    assert delete_before(day) == Deleted(0, 0)
    assert (Event.objects.count(), Message.objects.count()) == (2, 1)


def test_numbers_are_in_the_order_of_time_also_when_they_have_become_negative() -> None:
    numbers = {to_database(of_hour(at)): at for at in TURN}
    ingest(batch("edge", [pixel(1, message=of_hour(at)) for at in TURN]), after(10))
    for limit in TURN:
        found = Event.objects.filter(numbered_before(limit)).values_list("message_id", flat=True)
        assert {numbers[each] for each in found} == {at for at in TURN if at < limit}


def test_nothing_deleted_can_be_read_in_the_files_of_sqlite(database: Path, vendor: str) -> None:
    if vendor == "postgresql":
        return  # Its VACUUM and its log are its own.
    ingest(batch("p", [queued(), delivery(1), report(2, EventType.BOUNCED)]), after(10))
    write_back()
    assert b"bert@example.com" in (database.parent / "backstamp.db").read_bytes()
    delete_before(after(500))
    write_back()
    files = {path.name: path.read_bytes() for path in database.parent.glob("backstamp.db*")}
    assert [name for name, data in files.items() if b"bert@example.com" in data or b"Offer" in data] == []


def busy_timeout() -> int:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        return int(cursor.fetchone()[0])


def test_a_reader_in_the_way_keeps_nobody_waiting_for_long(database: Path, vendor: str) -> None:
    if vendor == "postgresql":
        return
    ingest(batch("p", [queued()]), after(10))
    with closing(sqlite3.connect(database)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM records_message").fetchone()
        usual = busy_timeout()
        began = time.monotonic()
        write_back()
        assert time.monotonic() - began < 5
    assert busy_timeout() == usual


def test_wishes_go_by_their_own_age_and_what_they_came_to_stays() -> None:
    ingest(batch("edge", [wish(WishAct.UNSUBSCRIBE, 60)]), after(100))
    delete_before(after(70))
    assert ListWish.objects.count() == 0
    ingest(batch("a", [wish(WishAct.UNSUBSCRIBE, 80)]), after(100))
    assert Suppression.objects.get().since == after(60)
    ingest(batch("b", [wish(WishAct.RESUBSCRIBE, 90)]), after(100))
    assert Suppression.objects.count() == 0
    assert ListWish.objects.count() == 2
