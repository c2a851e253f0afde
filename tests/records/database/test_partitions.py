"""PostgreSQL's events lie in months, which are made ahead and dropped when their time is over."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.db import ProgrammingError, connection

from backstamp.records.database.partitions import DEFAULT, drop_before, make_ahead, missing_next
from backstamp.records.ingest.batches import ingest
from backstamp.records.models import DayCount, Event
from backstamp.records.privacy.retention import delete_before
from backstamp.records.rollups.day_counts import count_anew, take_away_month
from tests.records.dump import dump
from tests.records.journal_records import after, batch, click, delivery, pixel, queued

pytestmark = [pytest.mark.daemon, pytest.mark.parametrize("vendor", ["postgresql"])]

MARCH = datetime(2026, 3, 15, tzinfo=UTC)
DAY = 86_400


def rows(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT COUNT(*) FROM "{table}"')
        return int(cursor.fetchone()[0])


def test_months_are_made_once_up_to_two_ahead() -> None:
    assert make_ahead(MARCH, datetime(2026, 1, 31, tzinfo=UTC)) == 5
    assert make_ahead(MARCH, datetime(2026, 1, 31, tzinfo=UTC)) == 0
    assert make_ahead(datetime(2026, 4, 1, tzinfo=UTC), MARCH) == 1
    ingest(batch("a", [queued(), pixel(600), click(40 * DAY), pixel(-3000 * DAY)]), after(50 * DAY))
    assert [rows(f"records_event_m2026_{month:02}") for month in (3, 4)] == [2, 1]
    assert rows(DEFAULT) == 1


def test_what_comes_next_is_made_first() -> None:
    """An old month may fail each time: what lies in the default partition does not go there."""
    with connection.cursor() as cursor:
        cursor.execute('CREATE TABLE "records_event_m2026_02" ()')
    assert missing_next(MARCH) == ["records_event_m2026_03", "records_event_m2026_04"]
    with pytest.raises(ProgrammingError, match="already exists"):
        make_ahead(MARCH, datetime(2026, 2, 1, tzinfo=UTC))
    assert missing_next(MARCH) == []
    assert missing_next(datetime(2026, 4, 30, tzinfo=UTC)) == []
    assert missing_next(datetime(2026, 5, 1, tzinfo=UTC)) == ["records_event_m2026_06"]


def test_what_came_before_its_month_was_made_is_moved_there() -> None:
    ingest(batch("a", [queued(), delivery(1), pixel(600), click(40 * DAY)]), after(50 * DAY))
    before = dump()
    assert rows(DEFAULT) == 4
    make_ahead(MARCH, MARCH)
    assert (rows(DEFAULT), rows("records_event_m2026_03"), rows("records_event_m2026_04")) == (0, 3, 1)
    assert dump() == before
    ingest(batch("a", [click(600.2), click(600.4, link=1), click(600.6, link=2)], start=4), after(50 * DAY))
    assert Event.objects.count() == 7


def test_a_month_that_is_over_its_time_goes_at_once_and_is_not_counted_any_more() -> None:
    make_ahead(MARCH, datetime(2026, 1, 1, tzinfo=UTC))
    ingest(batch("a", [queued(), delivery(1), pixel(600)]), after(50 * DAY))
    ingest(batch("b", [queued(message=7)]), after(50 * DAY))
    limit = datetime(2026, 4, 2, tzinfo=UTC)
    assert drop_before(datetime(2026, 3, 31, tzinfo=UTC), take_away_month) == 2
    assert Event.objects.count() == 4
    deleted = delete_before(limit)
    assert (deleted.messages, Event.objects.count(), DayCount.objects.count()) == (2, 0, 0)
    count_anew()
    assert DayCount.objects.count() == 0


def test_a_group_of_hits_is_read_through_the_index_of_each_month() -> None:
    make_ahead(MARCH, MARCH)
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM records_event WHERE message_id = 1 AND recipient_index = 0 ORDER BY at"
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan" not in plan
    assert "message_id_recipient_index_at" in plan


@contextmanager
def beside(*statements: str) -> Iterator[psycopg.Connection[Any]]:
    """Another client of the same database, which has a transaction open."""
    settings = connection.settings_dict
    with psycopg.connect(host=settings["HOST"], user=settings["USER"], dbname=settings["NAME"]) as other:
        for statement in statements:
            other.execute(statement.encode())
        yield other
        other.rollback()


@pytest.mark.timeout(60)
def test_while_a_backup_reads_the_tables_nobody_waits_for_it_and_what_is_old_goes_all_the_same() -> None:
    make_ahead(MARCH, datetime(2026, 1, 1, tzinfo=UTC))
    ingest(batch("a", [queued(), delivery(1), pixel(600)]), after(50 * DAY))
    with beside("LOCK TABLE records_event IN ACCESS SHARE MODE"):
        assert drop_before(datetime(2026, 4, 2, tzinfo=UTC), take_away_month) == 0
        assert delete_before(datetime(2026, 4, 2, tzinfo=UTC)).messages == 1
        assert (Event.objects.count(), DayCount.objects.count()) == (0, 0)
        assert make_ahead(datetime(2026, 8, 1, tzinfo=UTC), MARCH) == 0
    assert drop_before(datetime(2026, 4, 2, tzinfo=UTC), take_away_month) == 3
    assert make_ahead(datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC)) == 5


def test_a_role_that_may_make_and_drop_no_tables_still_deletes_what_is_old() -> None:
    make_ahead(MARCH, MARCH)
    ingest(batch("a", [queued(), delivery(1), pixel(600)]), after(50 * DAY))
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE guest")
        cursor.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO guest")
        cursor.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO guest")
        cursor.execute("DISCARD TEMP")
        cursor.execute("SET ROLE guest")
        try:
            with pytest.raises(ProgrammingError, match="permission denied"):
                make_ahead(datetime(2026, 8, 1, tzinfo=UTC), MARCH)
            assert delete_before(datetime(2026, 4, 2, tzinfo=UTC)).messages == 1
            assert Event.objects.count() == 0
        finally:
            cursor.execute("RESET ROLE")
            cursor.execute("DROP OWNED BY guest")
            cursor.execute("DROP ROLE guest")
