"""One database of `bench ingest`: `python -m backstamp.app.bench.ingest_run EVENTS`.

The records lie in a real journal and are read, ingested and retired as the worker does it. What makes them
is not counted. "A core" is what this process used of a processor; what PostgreSQL's process used stands
beside it.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final

from backstamp.app.bench.made_up.dataset import append, records
from backstamp.app.bench.servers import scratch
from backstamp.journal import JournalReader, JournalWriter
from backstamp.vocabulary import JournalRecord

_CHUNK: Final = 50_000
_STAGES: Final = 10
_PEER_ROWS: Final = 100_000


@dataclass
class Spent:
    """What ingest took so far."""

    events: int = 0
    hits: int = 0
    wall: float = 0.0
    processor: float = 0.0
    server: float = 0.0
    verdicts: float = 0.0
    revised: int = 0

    def since(self, before: "Spent") -> "Spent":
        """Return what was spent since then."""
        names = self.__dataclass_fields__
        return Spent(**{name: getattr(self, name) - getattr(before, name) for name in names})


def main(events: int) -> None:
    """Ingest so many events and print the table."""
    from django.db import connection

    from backstamp.records.database.partitions import make_ahead
    from backstamp.worker.parts.collector import spare_the_collector

    spare_the_collector()
    make_ahead(datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    print(f"{'events':>12} {'hits/s':>9} {'hits/s':>10} {'server':>10} {'verdict':>11} {'MB':>8}")
    print(f"{'':>12} {'':>9} {'a core':>10} {'us a hit':>10} {'us a hit':>11}", flush=True)
    rates: list[float] = []
    spent, before = Spent(), Spent()
    with tempfile.TemporaryDirectory(prefix="backstamp-journal-") as folder:
        for _ in _ingested(records(events), Path(folder), spent):
            if spent.events - before.events >= events / _STAGES:
                stage = spent.since(before)
                before = spent.since(Spent())
                rates.append(stage.hits / stage.processor)
                print(
                    f"{spent.events:>12,} {stage.hits / stage.wall:>9,.0f} {rates[-1]:>10,.0f} "
                    f"{1e6 * stage.server / stage.hits:>10.1f} {1e6 * stage.verdicts / stage.hits:>11.2f} "
                    f"{scratch.size() / 1e6:>8,.0f}",
                    flush=True,
                )
    flat = min(rates) / max(rates)
    print(
        f"whole: {spent.hits / spent.processor:,.0f} hits/s a core; slowest stage {flat:.2f} of the fastest"
    )
    peer = _peer_rate(min(_PEER_ROWS, spent.events))
    kind = "COPY" if connection.vendor == "postgresql" else "INSERT"
    print(f"bare {kind} of the same rows: {peer:,.0f} rows/s a core", flush=True)
    connection.close()


def _ingested(wanted: Iterator[JournalRecord], folder: Path, spent: Spent) -> Iterator[None]:
    """Write records to a journal in pieces and take them in, adding up what the latter takes."""
    from backstamp.records.ingest.batches import ingest
    from backstamp.records.memory.today import Memory
    from backstamp.worker.ingest.loop import BATCH

    writer = JournalWriter(folder, role="edge", sync="off")
    reader, memory, positions = JournalReader(folder), Memory(), dict[str, int]()
    now = datetime.now(UTC)
    while piece := list(islice(wanted, _CHUNK)):
        for record in piece:
            append(writer, record)
        while True:
            began, processor, server = time.perf_counter(), time.process_time(), server_seconds()
            batch = reader.read(positions, BATCH)
            if not batch.records:
                break
            done = ingest(batch, now, memory)
            positions |= batch.cursors
            reader.retire(positions)
            spent.wall += time.perf_counter() - began
            spent.processor += time.process_time() - processor
            spent.server += server_seconds() - server
            spent.events += len(batch.records)
            spent.hits += done.hits
            spent.verdicts += done.verdict_seconds
            spent.revised += done.revised
        yield
    writer.close()


def server_seconds() -> float:
    """Return what PostgreSQL's process for our connection used of a processor; 0 for SQLite or elsewhere."""
    from django.db import connection

    if connection.vendor != "postgresql" or connection.connection is None:
        return 0.0
    process = Path(f"/proc/{connection.connection.info.backend_pid}/stat")
    try:
        used = process.read_text().rpartition(")")[2].split()[11:13]
    except OSError:
        return 0.0
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")


def _peer_rate(rows: int) -> float:
    """Return how many rows a second go, as they are, into a table without anything."""
    from django.db import connection, transaction

    from backstamp.records.database.bulk import append
    from backstamp.worker.ingest.loop import BATCH

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_peer AS SELECT * FROM records_event WHERE 1 = 0")
        cursor.execute(f"SELECT * FROM records_event LIMIT {rows}")  # noqa: S608 - a number
        assert cursor.description is not None
        columns = [column[0] for column in cursor.description]
        found = cursor.fetchall()
    began = time.process_time()
    for start in range(0, len(found), BATCH):
        with transaction.atomic():
            append("bench_peer", columns, found[start : start + BATCH])
    rate = len(found) / (time.process_time() - began)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bench_peer")
    return rate


if __name__ == "__main__":
    scratch.start_django()
    main(int(sys.argv[1]))
