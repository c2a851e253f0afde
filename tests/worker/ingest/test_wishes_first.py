"""What recipients wish waits for one batch of hits at most, whatever lies in the journal."""

import asyncio
import threading
from datetime import datetime
from typing import Any

import pytest

from backstamp.journal import Batch, JournalWriter
from backstamp.policy import Consent, ConsentState
from backstamp.records.ingest.batches import ingest
from backstamp.records.models import Event
from backstamp.shared_files import SnapshotFile
from backstamp.vocabulary import WishAct
from backstamp.worker import WorkerConfig
from backstamp.worker.ingest import batches as ingest_batches
from backstamp.worker.ingest import loop as ingest_loop
from backstamp.worker.ingest.loop import BATCH, FEWEST, IngestLoop, next_limit
from backstamp.worker.parts.database import Database
from backstamp.worker.publishing import policy as publisher
from tests.records.journal_records import ANNA, pixel, queued, wish
from tests.worker.running import eventually, running


async def test_a_wish_goes_in_by_itself_before_the_next_batch_of_a_backlog(
    config: WorkerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_loop, "BATCH", 10)
    monkeypatch.setattr(ingest_loop, "FEWEST", 10)
    really = ingest
    batches: list[list[str]] = []
    edge = JournalWriter(config.journal_dir, role="edge")
    ahead = JournalWriter(config.journal_dir, role="edge", ahead=True)
    edge.append(queued())
    for number in range(39):
        edge.append(pixel(600 + number))
    ahead.append(wish(WishAct.STOP_LINKS, 60))

    def noting(batch: Batch, now: datetime, *others: Any) -> object:
        batches.append([type(record).__name__ for _, record in batch.records])
        if len(batches) in {2, 3}:  # while hits are ingested, and while wishes are
            ahead.append(wish(WishAct.STOP_LINKS, 60 + len(batches)))
        return really(batch, now, *others)

    monkeypatch.setattr(ingest_batches, "ingest", noting)
    async with running(config):
        await eventually(Event.objects.filter(type="opened").count, 39)
    edge.close()
    ahead.close()
    assert batches[:3] == [["Wish"], ["Queued", *["Hit"] * 9], ["Wish"]]
    assert "Hit" in batches[3], "however many wishes come, hits have their turn"


async def test_a_worker_that_starts_or_begins_anew_beside_a_backlog_begins_with_few_records(
    config: WorkerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_loop, "BATCH", 40)
    monkeypatch.setattr(ingest_loop, "FEWEST", 10)
    monkeypatch.setattr(ingest_loop, "TRANSACTION_SECONDS", 1000.0)
    sizes: list[int] = []
    threads: set[str] = set()
    edge = JournalWriter(config.journal_dir, role="edge")

    def noting(batch: Batch, now: datetime, *others: Any) -> object:
        sizes.append(len(batch.records))
        threads.add(threading.current_thread().name)
        return ingest(batch, now, *others)

    monkeypatch.setattr(ingest_batches, "ingest", noting)
    database = Database()
    loop = IngestLoop(config.journal_dir, database)
    for first in (600, 700):
        for number in range(100):
            edge.append(pixel(first + number))
        stop = asyncio.Event()
        ingesting = asyncio.create_task(loop.run(stop))
        async with asyncio.timeout(60):
            await asyncio.sleep(0)  # It may have caught up before.
            await loop.caught_up.wait()
        stop.set()
        await ingesting
    edge.close()
    database.close()  # A connection that nobody closed is an error of a later test (Python 3.13).
    assert sizes == [10, 20, 40, 30] * 2
    assert threads == {"database ingest_0"}, "each further thread would keep what a batch needs"


async def test_a_wish_is_published_without_waiting_for_the_next_look(
    config: WorkerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "POLL_SECONDS", 1000.0)
    ahead = JournalWriter(config.journal_dir, role="edge", ahead=True)
    file = SnapshotFile(config.snapshot_path)

    def said() -> object:
        snapshot = file.current()
        return snapshot and (dict(snapshot.consents), [*snapshot.suppressed])

    async with running(config):
        await eventually(said, ({}, []))
        ahead.append(wish(WishAct.STOP_OPENS, 60))
        ahead.append(wish(WishAct.UNSUBSCRIBE, 61))
        await eventually(said, ({ANNA: Consent(ConsentState.WITHDRAWN, None)}, ["example.org"]))
    ahead.close()


@pytest.mark.parametrize(
    ("limit", "seconds", "expected"),
    [
        (BATCH, 0.4, BATCH),
        (BATCH, 1.0, BATCH // 2),
        (BATCH, 60.0, FEWEST),
        (FEWEST, 0.2, 2 * FEWEST),
        (FEWEST, 0.0, 2 * FEWEST),
        (8_000, 0.1, BATCH),
    ],
)
def test_a_batch_that_took_long_is_followed_by_a_smaller_one(
    limit: int, seconds: float, expected: int
) -> None:
    assert next_limit(limit, seconds) == expected
