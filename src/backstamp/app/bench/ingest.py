"""`backstamp bench ingest`: hits a second into SQLite, judged, beside a bare INSERT of the same rows."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

from backstamp.journal import Batch, RecordId
from backstamp.vocabulary import (
    Delivery,
    EventType,
    Hit,
    HitKind,
    JournalRecord,
    Origin,
    Queued,
    QueuedLink,
    QueuedRecipient,
)

_BATCH: Final = 2000
"""As the worker reads them (`worker.ingest_loop.BATCH`)."""
_LINKS: Final = 5
_SECOND: Final = 1_000_000
_HEADERS: Final = {
    "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/138.0.0.0 Safari/537.36",
    "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "accept_language": "de-DE,de;q=0.9",
    "sec_fetch_mode": "navigate",
    "sec_fetch_dest": "document",
}


def run(out: TextIO, quick: bool) -> None:
    """Print the rate of one process on one core, and the share of the peer's rate that it is."""
    messages = 2_000 if quick else 20_000
    hits = list(_hits(messages))
    with tempfile.TemporaryDirectory(prefix="backstamp-bench-") as folder, _database(Path(folder)):
        ours = _rate(hits, _ours(messages))
        size = _size(Path(folder))
        peer = _rate(hits, _peer())
    print(f"{'hits':>10} {'ours/s':>10} {'bare INSERT/s':>14} {'ratio':>7} {'MB':>6}", file=out)
    print(f"{len(hits):>10,} {ours:>10,.0f} {peer:>14,.0f} {ours / peer:>7.2f} {size / 1e6:>6.0f}", file=out)


def _hits(messages: int) -> Iterator[Hit]:
    """Give for each message an open, and clicks on two links a minute apart, in the order of time."""
    start = _start_us()
    for wave, kind in enumerate((HitKind.PIXEL, HitKind.REDIRECT, HitKind.REDIRECT)):
        for message in range(messages):
            yield Hit(
                at_us=start + (600 + 60 * wave) * _SECOND + message * 100,
                kind=kind,
                domain_id=1,
                tracking_id=_tracking_id(message),
                recipient_key=message.to_bytes(8, "big") if kind is HitKind.PIXEL else b"",
                recipient_index=None if kind is HitKind.PIXEL else 0,
                link_number=None if kind is HitKind.PIXEL else wave,
                headers=_HEADERS,
                source=message.to_bytes(8, "little"),
            )


def _start_us() -> int:
    return 1_770_000_000 * _SECOND


def _tracking_id(message: int) -> int:
    """Spread them as random ones are: neighbours in time are none in the index."""
    return (message + 1) * 0x9E3779B97F4A7C15 & (1 << 64) - 1


def _sent(messages: int) -> Iterator[JournalRecord]:
    start = _start_us()
    links = tuple(QueuedLink(number, f"https://example.net/{number}") for number in range(_LINKS))
    for message in range(messages):
        recipient = QueuedRecipient(0, f"{message}@example.net", message.to_bytes(8, "big"))
        yield Queued(
            at_us=start,
            tracking_id=_tracking_id(message),
            origin=Origin.GATEWAY,
            recipients=(recipient,),
            opens=True,
            links=True,
            tracked_links=links,
        )
        yield Delivery(
            at_us=start + _SECOND,
            tracking_id=_tracking_id(message),
            type=EventType.SENT,
            recipient_index=0,
            code=250,
        )


def _batches(producer: str, records: Iterator[JournalRecord]) -> Iterator[Batch]:
    position = 0
    while piece := list(islice(records, _BATCH)):
        numbered = [(RecordId(producer, position + n), record) for n, record in enumerate(piece)]
        position += len(piece)
        yield Batch(list(numbered), {producer: position})


def _rate(hits: list[Hit], take: Callable[[Batch], object]) -> float:
    batches = list(_batches("edge", iter(hits)))
    began = time.perf_counter()
    for batch in batches:
        take(batch)
    return len(hits) / (time.perf_counter() - began)


def _ours(messages: int) -> Callable[[Batch], object]:
    from backstamp.records.ingest import ingest

    now = datetime.now(UTC)
    for batch in _batches("gateway", _sent(messages)):
        ingest(batch, now)
    return lambda batch: ingest(batch, now)


def _peer() -> Callable[[Batch], object]:
    """Return what inserts the events that we made of a batch, as they are, into a table without anything."""
    from django.db import connection, transaction

    from backstamp.records.models import Event

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_peer AS SELECT * FROM records_event WHERE 1 = 0")
        cursor.execute("SELECT * FROM records_event WHERE hit IS NOT NULL ORDER BY id")
        rows = iter(cursor.fetchall())
    marks = ", ".join(["%s"] * len(Event._meta.concrete_fields))
    statement = f"INSERT INTO bench_peer VALUES ({marks})"  # noqa: S608 - nothing but marks

    def insert(batch: Batch) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(statement, list(islice(rows, len(batch.records))))

    return insert


@contextmanager
def _database(folder: Path) -> Iterator[None]:
    """Set Django up over an empty database in `folder`, whatever the settings name."""
    os.environ["BACKSTAMP_DATA_DIR"] = str(folder)
    os.environ["BACKSTAMP_DATABASE_URL"] = ""
    os.environ["DJANGO_SETTINGS_MODULE"] = "backstamp.app.django_settings"
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", interactive=False, verbosity=0)
    try:
        yield
    finally:
        connection.close()


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("backstamp.db*"))
