"""A batch of the journal goes into the records, and one record that the database refuses is set aside.

What one record holds must not stop all others: a batch is halved until it stands alone, and it goes to a
file; the log says so.
"""

import logging
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from django.db import DataError, IntegrityError

from backstamp.journal import Batch
from backstamp.journal.layout import SET_ASIDE, open_private, sync_directory
from backstamp.records.events.stored_hits import Pair
from backstamp.records.ingest.batches import Ingested, ingest
from backstamp.records.memory.today import Memory
from backstamp.vocabulary import ConsentMode, JournalRecord
from backstamp.worker.parts.database import Database
from backstamp.worker.parts.troubles import described

log = logging.getLogger("backstamp.worker")

_TOO_LARGE: Final = "54"
"""How PostgreSQL's errors begin that say so of a row, or of what an index holds of it ("Program Limit
Exceeded"). Django has no class of its own for them."""
_REFUSED: Final = (DataError, IntegrityError, OverflowError, UnicodeError, msgspec.MsgspecError)
"""What says that the record is at fault, and not the database or its state."""

Heard = Callable[[Iterable[JournalRecord]], None]


def nobody(_: Iterable[JournalRecord]) -> None:
    """Hear nothing."""


def nothing() -> None:
    """Do nothing."""


class Batches:
    """What goes into the records, batch by batch.

    `heard` is told of records once they are ingested. `said` is called when some may have changed what
    recipients want, or what mail systems say of their addresses. `consent_mode` is what their silence means.
    What is refused lies below `directory`, the journal's.
    """

    def __init__(
        self,
        directory: Path,
        database: Database,
        heard: Heard,
        said: Callable[[], None],
        consent_mode: ConsentMode,
    ) -> None:
        self._set_aside = directory / SET_ASIDE
        self._database = database
        self._heard = heard
        self._said = said
        self._consent_mode = consent_mode
        self.memory = Memory()
        """What ingest keeps from batch to batch; only the thread that ingests may use it."""

    async def take_in(self, batch: Batch, again: set[Pair]) -> None:
        """Ingest a batch; when it is refused, its parts, down to the records that are at fault.

        `again` are recipients whose hits are to be judged anew. Raises what the database raises.
        """
        try:
            done = await self._database.run_ingest(
                ingest, batch, datetime.now(UTC), self.memory, again, self._consent_mode
            )
        except Exception as error:
            if not _is_refusal(error):
                raise
            refusal = error
        else:
            _report(done, batch)
            if done.wishes or done.reports:
                self._said()
            self._heard(record for _, record in batch.records)
            return
        if len(batch.records) + bool(again) > 1:
            log.warning(
                "the database refuses one of %d records (%s); looking for it",
                *(len(batch.records), described(refusal)),
            )
        if again and batch.records:
            await self.take_in(batch, set())
            await self.take_in(Batch([], batch.cursors), again)
        elif len(batch.records) > 1:
            for half in _halves(batch):
                await self.take_in(half, set())
        elif batch.records:
            await self._database.run_ingest(self._refuse, batch, refusal)
        else:
            log.error("hits of %d recipients cannot be judged again (%s)", len(again), described(refusal))

    def _refuse(self, batch: Batch, error: BaseException) -> None:
        """Write the one record of this batch to a file, and commit the cursors past it."""
        for id_, record in batch.records:
            self._set_aside.mkdir(mode=0o750, exist_ok=True)
            path = self._set_aside / f"{id_.producer}-{id_.position:016x}.json"
            with open(path, "wb", opener=open_private) as file:
                file.write(msgspec.json.encode(record))
                file.flush()
                os.fsync(file.fileno())
            sync_directory(self._set_aside)
            log.error(
                "the database refuses record %d of producer %s (%s); it is set aside in %s",
                *(id_.position, id_.producer, described(error), path.name),
            )
        ingest(Batch([], batch.cursors), datetime.now(UTC), self.memory)


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, _REFUSED) or str(getattr(error.__cause__, "sqlstate", "")).startswith(_TOO_LARGE)


def _halves(batch: Batch) -> tuple[Batch, Batch]:
    """Split a batch; the first half's cursors stop before the first record of the second."""
    middle = len(batch.records) // 2
    first, second = batch.records[:middle], batch.records[middle:]
    # In reverse, so that the earliest record of each producer is what remains.
    stops = {id_.producer: id_.position for id_, _ in reversed(second)}
    return (
        Batch(first, batch.cursors | stops, began=batch.began),
        Batch(second, batch.cursors, batch.corrupt, batch.size, began=batch.began),
    )


def _report(done: Ingested, batch: Batch) -> None:
    if done.dropped:
        log.info("dropped %d hits of recipients who do not consent", done.dropped)
    if done.unmatched:
        log.debug("%d hits are waiting for their message", done.unmatched)
    if batch.corrupt:
        log.error("the journal held %d damaged records", batch.corrupt)
    log.debug(
        "ingested %d messages, %d deliveries, %d hits; %d older verdicts changed",
        *(done.messages, done.deliveries, done.hits, done.revised),
    )
