"""What time alone changes."""

from datetime import timedelta

import pytest

from backstamp.records.database.tracking_ids import to_database
from backstamp.records.ingest import settle as module
from backstamp.records.ingest.batches import ingest
from backstamp.records.ingest.settle import erase_sources, mark_final
from backstamp.records.models import DayCount, Event, Link, Message, MessageRollup, MessageText, Recipient
from backstamp.records.rollups.changes import message_version, newest_version
from backstamp.vocabulary import JournalRecord
from tests.records.dump import dump, source
from tests.records.journal_records import (
    BROWSER_CLICK,
    MESSAGE,
    OTHER_SOURCE,
    SOURCE,
    after,
    batch,
    click,
    delivery,
    pixel,
    queued,
)


def finals() -> list[bool]:
    return list(Event.objects.filter(producer="edge").order_by("at").values_list("final", flat=True))


def sources() -> list[bytes | None]:
    return [source(event) for event in Event.objects.filter(producer="edge").order_by("at")]


def test_a_verdict_is_final_a_quarter_of_an_hour_after_its_hit() -> None:
    ingest(batch("edge", [pixel(600), pixel(700)]), after(710))
    ingest(batch("gateway", [queued()]), after(710))
    before = message_version(to_database(MESSAGE))
    assert mark_final(after(600 + 899)) == 0
    assert (finals(), message_version(to_database(MESSAGE))) == ([False, False], before)
    assert mark_final(after(600 + 900)) == 1
    assert finals() == [True, False]
    assert message_version(to_database(MESSAGE)) > before


def test_a_final_verdict_stays_final_and_is_still_revised_when_a_sibling_arrives() -> None:
    ingest(batch("a", [queued(), delivery(1)]), after(2))
    ingest(batch("edge", [click(600)]), after(601))
    mark_final(after(2000))
    ingest(batch("late", [click(600.3, link=1), click(600.6, link=2)]), after(2001))
    first = Event.objects.get(producer="edge")
    assert (first.final, first.actor == "human", first.revised_at) == (True, False, after(2001))


def test_settling_in_between_makes_no_difference_to_the_verdicts() -> None:
    hits: list[JournalRecord] = [
        click(600),
        click(600.3, link=1),
        pixel(640),
        click(900, source=OTHER_SOURCE),
    ]
    ingest(batch("a", [queued(), delivery(1), *hits]), after(5000))
    at_once = [row["reasons"] for row in dump()["Event"]]
    for model in (Event, Message, Recipient, Link, DayCount, MessageRollup, MessageText):
        model.objects.all().delete()
    for n, record in enumerate([queued(), delivery(1), *hits]):
        ingest(batch("b", [record], start=n), after(5000))
        mark_final(after(5000))
        erase_sources(after(5000), caught_up=True)
    assert [row["reasons"] for row in dump()["Event"]] == at_once


def test_pseudonyms_go_after_a_day_once_the_journal_is_read_to_its_end() -> None:
    ingest(batch("edge", [pixel(0), pixel(3600, source=OTHER_SOURCE)]), after(10))
    day = timedelta(hours=24)
    assert erase_sources(after(0) + day, caught_up=True) == 0
    assert erase_sources(after(60) + day, caught_up=False) == 0
    assert sources() == [SOURCE, OTHER_SOURCE]
    assert erase_sources(after(60) + day, caught_up=True) == 1
    assert sources() == [None, OTHER_SOURCE]
    assert erase_sources(after(3660) + 2 * day, caught_up=False) == 1
    assert sources() == [None, None]


def test_a_hit_without_its_pseudonym_is_not_judged_again() -> None:
    ingest(batch("a", [queued(), delivery(1)]), after(2))
    ingest(batch("edge", [click(600, headers=BROWSER_CLICK)]), after(601))
    erase_sources(after(0) + timedelta(days=3), caught_up=True)
    before = Event.objects.get(producer="edge").reasons
    ingest(batch("late", [click(600.3, link=1), click(600.6, link=2)]), after(2001))
    assert Event.objects.get(producer="edge").reasons == before


def test_slices_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SLICE", 2)
    ingest(batch("edge", [pixel(n) for n in range(5)]), after(10))
    assert mark_final(after(5000)) == 5
    assert erase_sources(after(0) + timedelta(days=2), caught_up=True) == 5
    assert newest_version() == 3
