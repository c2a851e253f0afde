"""From the journal to the records, all day: read a batch, ingest it, delete what is read.

What recipients wish waits for one batch at most: wishes are read ahead of all else, and go in by
themselves, a transaction of milliseconds.

While the database is away nothing is read past what is committed, so nothing is lost: the journal
waits in its files. Where the database has forgotten what was committed (a failover to an older copy), what
the journal still has of that is ingested again.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from backstamp.journal import JournalReader
from backstamp.records.events.stored_hits import Pair
from backstamp.records.ingest.journal_cursors import OlderCopyError, cursors, producers_gone
from backstamp.vocabulary import ConsentMode
from backstamp.worker.ingest.batches import Batches, Heard, nobody, nothing
from backstamp.worker.ingest.committed import Committed
from backstamp.worker.ingest.database_file import DatabaseFile, FileState
from backstamp.worker.parts.database import Database
from backstamp.worker.parts.running import wait

log = logging.getLogger("backstamp.worker")

BATCH: Final = 10_000
"""Records in a transaction at most. What is written once for a message, a recipient or a page of an index
costs a hit less the more of them there are."""
FEWEST: Final = 1_000
TRANSACTION_SECONDS: Final = 0.5
"""What a batch may take, for others wait for it: after one that took longer they are smaller, down to
`FEWEST` records. So many has the first one, which finds nothing in memory: 10,000 took 8 s on a busy
machine. So it is after a failure, too."""
WISHES: Final = 200
"""Wishes in a transaction at most: a millisecond or two each."""
IDLE_SECONDS: Final = 0.1
RETIRE_SECONDS: Final = 5.0


class IngestLoop:
    """One reader of the journal in `directory`; for the other arguments see `Batches`."""

    def __init__(
        self,
        directory: Path,
        database: Database,
        heard: Heard = nobody,
        said: Callable[[], None] = nothing,
        consent_mode: ConsentMode = ConsentMode.OBJECTION,
    ) -> None:
        self._limit = FEWEST
        self._reader = JournalReader(directory)
        self._batches = Batches(directory, database, heard, said, consent_mode)
        self.memory = self._batches.memory
        self._database = database
        self._retired_at = 0.0
        self._again: set[Pair] = set()
        self._file = DatabaseFile()
        self._file_state = FileState.SAME
        self._committed = Committed(directory)
        self._ingested = dict(self._committed.positions)
        """How far each producer is known to be ingested."""
        self.caught_up = asyncio.Event()
        """Set while the journal is read to its end."""

    async def run(self, stop: asyncio.Event) -> None:
        """Ingest until `stop` is set, finishing the batch at hand. Raises what the database raises."""
        self.caught_up.clear()
        positions = await self._begin_anew()
        while not stop.is_set():
            if not self._file_is_there(stop):
                await wait(stop, 10 * IDLE_SECONDS)
                continue
            try:
                positions = await self._go_on(positions, stop)
            except OlderCopyError:
                self.caught_up.clear()
                positions = await self._begin_anew()

    def _file_is_there(self, stop: asyncio.Event) -> bool:
        """Whether SQLite's file is where it was opened. Where another one is, the worker ends."""
        before, self._file_state = self._file_state, self._file.look()
        if self._file_state is FileState.SAME:
            return True
        self.caught_up.clear()
        if self._file_state is FileState.ANOTHER:
            log.critical(
                "another file was put in the place of the database while it was in use; "
                "the worker ends, to be started again with that one"
            )
            stop.set()
        elif before is not FileState.GONE:
            log.critical("the file of the database is gone: put it back; until then hits wait in the journal")
        return False

    async def _go_on(self, positions: dict[str, int], stop: asyncio.Event) -> dict[str, int]:
        """Ingest what wishes there are and one batch of all else, or wait a moment where there is nothing.

        Returns how far is ingested.
        """
        ahead = await self._database.run_ingest(self._reader.read_ahead, positions, WISHES)
        if ahead.cursors != ahead.began:
            await self._batches.take_in(ahead, set())
            self._ingested = self._ingested | ahead.cursors
            positions = positions | ahead.cursors
        limit = self._limit
        batch = await self._database.run_ingest(self._reader.read, positions, limit)
        if len(batch.records) >= limit:
            self.caught_up.clear()
        if batch.cursors == batch.began and not self._again:
            self.caught_up.set()
            positions = await self._tidy(positions, batch.cursors)
            await wait(stop, IDLE_SECONDS)
            return positions
        again = set(self._again)
        began = time.monotonic()
        await self._batches.take_in(batch, again)
        self._ingested = self._ingested | batch.cursors
        if len(batch.records) >= limit:
            self._limit = next_limit(limit, time.monotonic() - began)
        self._again -= again
        # Also while more keeps coming: else the journal of a busy edge would grow all day.
        return await self._tidy(positions | batch.cursors, batch.cursors)

    async def _begin_anew(self) -> dict[str, int]:
        """Forget what is known of the records; return how far they say that the journal is ingested.

        After any failure, and any start, another server may answer, which has an older copy: it lacks rows
        that were committed.
        """
        known = self._ingested
        positions = await self._database.run_ingest(self._read_anew)
        behind = sum(max(0, at - positions.get(name, 0)) for name, at in known.items())
        if behind:
            lost = await self._database.run_ingest(self._committed.lost, known, positions)
            log.error(
                "the database is an older copy: %d bytes of the journal that were committed are not in it; "
                "%d of them are not in the journal any more, and the rest is ingested again",
                *(behind, lost),
            )
            await self._database.run_ingest(self._committed.forget)
        self._ingested = dict(positions)
        self._limit = FEWEST
        return positions

    def _read_anew(self) -> dict[str, int]:
        self.memory.clear()
        return cursors()

    def judge_again(self, recipients: set[Pair]) -> None:
        """Have the hits of these recipients judged anew: more is known of their addresses."""
        self._again |= recipients

    async def _tidy(self, positions: dict[str, int], there: dict[str, int]) -> dict[str, int]:
        """Now and then delete what is ingested, and note the producers of whom nothing is left.

        `there` are the cursors of the producers that the journal has; of others the records may have
        forgotten how far they were read. Raises `OlderCopyError`.
        """
        if time.monotonic() - self._retired_at < RETIRE_SECONDS:
            return positions
        self._retired_at = time.monotonic()
        stored = await self._database.run_ingest(cursors)
        if any(stored.get(producer, 0) < position for producer, position in there.items()):
            raise OlderCopyError
        if self._file.look() is not FileState.SAME:
            return positions
        await self._database.run_ingest(self._committed.note, there, stored)
        # Of those that are long gone the records forget how far they were read (`forget_producers`).
        self._ingested = {name: at for name, at in self._ingested.items() if name in stored}
        if await self._database.run_ingest(self._reader.retire, positions):
            log.debug("deleted ingested journal segments")
        if gone := self._reader.take_gone():
            await self._database.run_ingest(producers_gone, gone, datetime.now(UTC))
            log.debug("%d producers are gone", len(gone))
        return {producer: at for producer, at in positions.items() if producer not in gone}


def next_limit(limit: int, seconds: float) -> int:
    """Return how many records the next batch may have, after so many took so long."""
    affordable = int(limit * TRANSACTION_SECONDS / max(seconds, 0.001))
    return max(FEWEST, min(BATCH, affordable, 2 * limit))
