"""From the journal to the records, all day: read a batch, ingest it, delete what is read.

While the database is away nothing is read past what is committed, so nothing is lost: the journal
waits in its files. A record that the database refuses for what it holds must not stop all others; it
is set aside in a file, and the log says so.
"""

import asyncio
import logging
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from django.db import DataError, IntegrityError

from backstamp.journal import Batch, JournalReader
from backstamp.journal.layout import SET_ASIDE
from backstamp.records.ingest import Ingested, cursors, forget_producers, ingest
from backstamp.records.memory import Memory
from backstamp.records.stored_hits import Pair
from backstamp.worker.database import Database
from backstamp.worker.parts import described, wait

log = logging.getLogger("backstamp.worker")

BATCH: Final = 5000
"""Records in a transaction: two tenths of a second's work or so, which others may wait for."""
IDLE_SECONDS: Final = 0.1
RETIRE_SECONDS: Final = 5.0
_REFUSED: Final = (DataError, IntegrityError, OverflowError, UnicodeError, msgspec.MsgspecError)
"""What says that the record is at fault, and not the database or its state."""


class IngestLoop:
    """One reader of the journal in `directory`."""

    def __init__(self, directory: Path, database: Database) -> None:
        self._reader = JournalReader(directory)
        self._set_aside = directory / SET_ASIDE
        self._database = database
        self._limit = BATCH
        self._retired_at = 0.0
        self.memory = Memory()
        """What ingest keeps from batch to batch; only the thread that ingests may use it."""
        self._again: set[Pair] = set()
        self.caught_up = asyncio.Event()
        """Set while the journal is read to its end."""

    async def run(self, stop: asyncio.Event) -> None:
        """Ingest until `stop` is set, finishing the batch at hand. Raises what the database raises."""
        self.caught_up.clear()
        positions = await self._database.run(cursors)
        while not stop.is_set():
            batch = await self._database.run(self._reader.read, positions, self._limit)
            if len(batch.records) >= self._limit:
                self.caught_up.clear()
            at_end = batch.cursors == {producer: positions.get(producer, 0) for producer in batch.cursors}
            if at_end and not self._again:
                self.caught_up.set()
                positions = await self._tidy(positions)
                await wait(stop, IDLE_SECONDS)
                continue
            if await self._ingest(batch):
                # Also while more keeps coming: else the journal of a busy edge would grow all day.
                positions = await self._tidy(positions | batch.cursors)

    def judge_again(self, recipients: set[Pair]) -> None:
        """Have the hits of these recipients judged anew: more is known of their addresses."""
        self._again |= recipients

    async def _ingest(self, batch: Batch) -> bool:
        again = set(self._again)
        try:
            done = await self._database.run(ingest, batch, datetime.now(UTC), self.memory, again)
        except _REFUSED as error:
            if len(batch.records) > 1:
                self._limit = len(batch.records) // 2
                return False
            await self._database.run(self._refuse, batch, error)
            return True
        self._again -= again
        self._limit = min(2 * self._limit, BATCH)
        _report(done, batch)
        return True

    def _refuse(self, batch: Batch, error: BaseException) -> None:
        """Write the one record of this batch to a file, and commit the cursors past it."""
        for id_, record in batch.records:
            self._set_aside.mkdir(mode=0o750, exist_ok=True)
            path = self._set_aside / f"{id_.producer}-{id_.position:016x}.json"
            with open(path, "wb", opener=_for_the_owner) as file:
                file.write(msgspec.json.encode(record))
            log.error(
                "the database refuses record %d of producer %s (%s); it is set aside in %s",
                *(id_.position, id_.producer, described(error), path.name),
            )
        ingest(Batch([], batch.cursors), datetime.now(UTC), self.memory)

    async def _tidy(self, positions: dict[str, int]) -> dict[str, int]:
        """Now and then delete what is ingested, and forget the producers whose files are all gone."""
        if time.monotonic() - self._retired_at < RETIRE_SECONDS:
            return positions
        self._retired_at = time.monotonic()
        if await self._database.run(self._reader.retire, positions):
            log.debug("deleted ingested journal segments")
        remaining = (await self._database.run(self._reader.read, positions, 0)).cursors
        if gone := positions.keys() - remaining.keys():
            await self._database.run(forget_producers, remaining)
            log.debug("forgot %d producers that are gone", len(gone))
        return {producer: at for producer, at in positions.items() if producer in remaining}


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def _report(done: Ingested, batch: Batch) -> None:
    if done.dropped:
        log.info("dropped %d hits of recipients who withdrew consent", done.dropped)
    if done.unmatched:
        log.debug("%d hits are waiting for their message", done.unmatched)
    if batch.corrupt:
        log.error("the journal held %d damaged records", batch.corrupt)
    log.debug(
        "ingested %d messages, %d deliveries, %d hits; %d older verdicts changed",
        *(done.messages, done.deliveries, done.hits, done.revised),
    )
