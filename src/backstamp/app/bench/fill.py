"""`backstamp bench fill`: fill the configured database with made-up mail.

Some of it takes the way that real mail takes; where there is to be much, the rest are copies of its rows
(`copies`). It refuses a database that holds messages: what is made up must not be mixed with what is not.
"""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, islice, takewhile
from pathlib import Path
from typing import Final, TextIO

import click

from backstamp.app.bench.made_up.copies import MOST, copy_of, copy_rows
from backstamp.app.bench.made_up.dataset import DAYS, SECOND_US, START, records
from backstamp.journal import Batch, RecordId

QUICK: Final = 100_000
USUAL: Final = 10_000_000
_BATCH: Final = 10_000
_PRODUCER: Final = "bench-fill"
_AT_LEAST: Final = 250_000
"""Events that are ingested; there are as many copies of them as are wanted."""


def run(out: TextIO, quick: bool, events: int | None = None, folder: Path | None = None) -> None:
    """Fill the database that the settings name, or with `folder` an SQLite file there."""
    from backstamp.app.bench.servers import scratch

    if folder is not None:
        os.environ["BACKSTAMP_DATA_DIR"] = str(folder)
        os.environ["BACKSTAMP_DATABASE_URL"] = ""
    scratch.start_django()
    number = events or (QUICK if quick else USUAL)
    fill(number, sys.stderr, start=datetime.now(UTC) - timedelta(days=DAYS))
    print(f"{number:,} events, {scratch.size() / 1e6:,.0f} MB", file=out)


def fill(events: int, progress: TextIO, copies: int | None = None, start: datetime = START) -> None:
    """Fill in about so many made-up events of a quarter of a year from `start` on, none later than now.

    Raises `click.ClickException` where there are messages.
    """
    from django.db import connection

    from backstamp.records.database.partitions import make_ahead
    from backstamp.records.ingest.batches import ingest
    from backstamp.records.ingest.journal_cursors import cursors, forget_producers, producers_gone
    from backstamp.records.memory.today import Memory
    from backstamp.records.models import Message
    from backstamp.worker.parts.collector import spare_the_collector

    if Message.objects.exists():
        raise click.ClickException("this database holds messages already; name an empty one")
    spare_the_collector()
    make_ahead(start + timedelta(days=DAYS), start)
    number = copies or min(MOST, max(1, events // _AT_LEAST))
    memory, now = Memory(), datetime.now(UTC)
    with click.progressbar(length=events, label="events", file=progress) as bar:
        for batch in _batches(events // number, start, now):
            ingest(batch, now, memory)
            bar.update(len(batch.records))
        for added in copy_rows(number) if number > 1 else ():
            bar.update(added)
    producers_gone(cursors(), now)
    forget_producers(datetime.now(UTC))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _batches(events: int, start: datetime, now: datetime) -> Iterator[Batch]:
    numbers = count()
    start_us, now_us = (int(at.timestamp() * SECOND_US) for at in (start, now))
    past = takewhile(lambda record: record.at_us < now_us, records(events, start_us=start_us))
    wanted = (copy_of(record, 1) for record in past)
    while piece := list(islice(wanted, _BATCH)):
        numbered = [(RecordId(_PRODUCER, next(numbers)), record) for record in piece]
        yield Batch(numbered, {_PRODUCER: numbered[-1][0].position + 1})
