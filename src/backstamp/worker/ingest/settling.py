"""Verdicts become final, and pseudonyms of addresses are erased, as time goes by."""

import asyncio
import logging
from datetime import UTC, datetime
from typing import Final

from backstamp.records.database.instants import microseconds
from backstamp.records.ingest.settle import erase_sources, erased_before, mark_final
from backstamp.records.memory.today import Memory
from backstamp.worker.parts.database import Database
from backstamp.worker.parts.running import wait

log = logging.getLogger("backstamp.worker")

INTERVAL_SECONDS: Final = 15.0


class Settling:
    """Settles what is due; `caught_up` is set while the journal is read to its end.

    `memory` is that of ingest: what is erased in the records is forgotten there, too.
    """

    def __init__(self, database: Database, caught_up: asyncio.Event, memory: Memory) -> None:
        self._database = database
        self._caught_up = caught_up
        self._memory = memory

    async def run(self, stop: asyncio.Event) -> None:
        """Settle every few seconds until `stop` is set."""
        while not stop.is_set():
            now = datetime.now(UTC)
            final = await self._database.run(mark_final, now)
            caught_up = self._caught_up.is_set()
            erased = await self._database.run(erase_sources, now, caught_up=caught_up)
            if erased:
                self._memory.forget_before(microseconds(erased_before(now, caught_up=caught_up)))
            if final or erased:
                log.debug("%d verdicts became final, %d pseudonyms were erased", final, erased)
            await wait(stop, INTERVAL_SECONDS)
