"""The overview adds up what every day held."""

from datetime import date, timedelta

import msgspec

from backstamp.records.ingest.batches import ingest
from backstamp.records.models import DayCount, MessageRollup
from backstamp.records.privacy.retention import delete_before
from backstamp.records.queries.overview import overview
from backstamp.records.rollups.day_counts import count_anew
from backstamp.records.rollups.rebuild import rebuild
from backstamp.vocabulary import Actor, EventType, JournalRecord
from tests.records.journal_records import APPLE_PREFETCH, BERT, after, batch, click, delivery, pixel, queued

MONDAY = date(2026, 3, 2)
DAY = 86_400


def story() -> list[JournalRecord]:
    return [
        queued(),
        delivery(1),
        delivery(1, index=1, type_=EventType.REJECTED, code=550),
        pixel(600),
        click(700),
        pixel(DAY, agent=APPLE_PREFETCH, key=BERT),
        msgspec.structs.replace(queued(message=7), domain_id=3),
    ]


def test_a_day_has_what_happened_on_it_and_what_came_of_its_messages() -> None:
    ingest(batch("a", story()), after(2 * DAY))
    found = overview(MONDAY, MONDAY + timedelta(days=30))
    assert [day for day, _ in found.days] == [MONDAY, MONDAY + timedelta(days=1)]
    monday = found.days[0][1]
    assert (monday["messages"], monday["recipients"], monday["queued"]) == (2, 4, 2)
    assert (monday["sent"], monday["rejected"], monday["recipients_troubled"]) == (1, 1, 1)
    assert (monday["recipients_opened"], monday["recipients_clicked"]) == (1, 1)
    assert (monday.human_opens, monday.human_clicks) == (1, 1)
    tuesday = found.days[1][1]
    assert (tuesday["messages"], tuesday.fetches(EventType.OPENED, Actor.PREFETCH)) == (0, 1)
    assert found.total["messages"] == 2


def test_one_domain_is_seen_alone_and_a_stretch_of_days_ends_where_it_says() -> None:
    ingest(batch("a", story()), after(2 * DAY))
    assert overview(MONDAY, MONDAY, domain_id=3).total["messages"] == 1
    assert overview(MONDAY, MONDAY).total.fetches(EventType.OPENED, Actor.PREFETCH) == 0
    assert overview(MONDAY - timedelta(days=9), MONDAY - timedelta(days=1)).days == ()


def test_days_and_messages_that_were_counted_wrong_are_made_again_as_ingest_made_them() -> None:
    ingest(batch("a", story()), after(2 * DAY))
    days = DayCount.objects.order_by("day", "domain_id", "measure").values_list("day", "measure", "number")
    messages = MessageRollup.objects.order_by("pk").values_list("pk", "opened", "clicked", "troubled")
    before = (list(days), list(messages))
    assert sum(number for _, _, number in before[0]) > 0
    DayCount.objects.filter(measure="queued").delete()
    DayCount.objects.update(number=7)
    MessageRollup.objects.update(opened=9, clicked=9, troubled=9)
    rebuild()
    assert (list(days.all()), list(messages.all())) == before


def test_what_retention_deletes_is_taken_away() -> None:
    later = [
        msgspec.structs.replace(r, at_us=r.at_us + 40 * DAY * 1_000_000, tracking_id=99) for r in story()
    ]
    ingest(batch("a", [*story(), *later]), after(50 * DAY))
    delete_before(after(30 * DAY))
    kept = list(
        DayCount.objects.order_by("day", "domain_id", "measure").values_list("day", "measure", "number")
    )
    assert kept
    assert all(day > MONDAY + timedelta(days=30) for day, _, _ in kept)
    count_anew()
    again = DayCount.objects.order_by("day", "domain_id", "measure").values_list("day", "measure", "number")
    assert kept == list(again)
