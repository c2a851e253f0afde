"""Several change the records at the same time: nobody is ended for it, and the sums stay right."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

import pytest
from django.db import connection

from backstamp.records.alerting import allowances
from backstamp.records.alerting.allowances import tell_allowed
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.ingest import settle
from backstamp.records.ingest.batches import ingest
from backstamp.records.models import Alert, OwnListEntry
from backstamp.records.privacy.retention import delete_before
from backstamp.records.protection.own_lists import take_off
from backstamp.records.rollups import day_counts, rebuild, standing
from backstamp.urls.safe_browsing import full_hash
from tests.records.dump import dump
from tests.records.journal_records import ANNA, MESSAGE, after, batch, click, delivery, pixel, queued
from tests.records.received import followed, received

OTHER = MESSAGE + 1
DAY = 86_400


def begun(call: Callable[[], object]) -> Future[None]:
    """Begin a call beside us, on a connection of its own; give it time until it is done or waits."""

    def guarded() -> None:
        try:
            call()
        finally:
            connection.close()

    executor = ThreadPoolExecutor(1)
    future = executor.submit(guarded)
    executor.shutdown(wait=False)
    wait([future], 1)
    return future


@contextmanager
def meanwhile(
    call: Callable[[], object], module: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Let a call come in the middle of the block: where a function is called for the first time."""
    usual, beside = getattr(module, name), list[Future[None]]()

    def delayed(*arguments: object) -> object:
        monkeypatch.setattr(module, name, usual)
        beside.append(begun(call))
        return usual(*arguments)

    monkeypatch.setattr(module, name, delayed)
    yield
    beside[0].result(60)


def told() -> None:
    of_both = [(queued(message=each), delivery(1, message=each)) for each in (MESSAGE, OTHER)]
    ingest(batch("a", [record for both in of_both for record in both]), after(2))


def test_a_hit_that_comes_while_roll_ups_are_made_again_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    told()
    with meanwhile(
        lambda: ingest(batch("b", [pixel(600, key=ANNA)]), after(601)), standing, "write_hits", monkeypatch
    ):
        rebuild.rebuild()
    before = dump()
    rebuild.rebuild()
    assert dump() == before


def test_a_hit_that_comes_while_days_are_counted_anew_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    told()
    with meanwhile(
        lambda: ingest(batch("b", [click(5 * DAY)]), after(5 * DAY)), day_counts, "_of_events", monkeypatch
    ):
        day_counts.count_anew()
    before = dump()
    day_counts.count_anew()
    assert dump() == before


def test_ingest_and_retention_do_not_end_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """They touch the number of the last change and the day's counts, each in its own order."""
    told()
    with meanwhile(lambda: delete_before(after(60)), day_counts, "add", monkeypatch):
        ingest(batch("b", [queued(message=OTHER + 1)]), after(100))
    assert dump()["Message"] == []


def test_what_is_taken_off_a_list_while_it_is_told_allows_no_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    expression = "evil.example/"
    ingest(batch("a", [received(), followed(30)]), after(31))
    entry = OwnListEntry.objects.create(
        kind="allowed", expression=expression, digest=full_hash(expression)[:8]
    )
    with meanwhile(lambda: take_off(entry), allowances, "tell_together", monkeypatch):
        assert tell_allowed([entry], after(100)) == 1
    assert not OwnListEntry.objects.exists()
    assert list(Alert.objects.values_list("allowance_id", flat=True)) == [None]


def test_settling_waits_for_its_turn() -> None:
    ingest(batch("a", [queued(), delivery(1), pixel(600, key=ANNA), click(601)]), after(602))
    with one_at_a_time():
        settling = begun(lambda: settle.erase_sources(after(5 * DAY), caught_up=True))
        assert "None" not in str(sources())
    settling.result(60)
    assert sources() == [None, None]


def sources() -> list[object]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT source FROM records_event WHERE headers_id IS NOT NULL")
        return [row[0] for row in cursor.fetchall()]
