"""The months into which PostgreSQL's events go are made ahead of time.

By itself, so that nothing else that fails keeps them from being made: all events of a month that has no
partition lie in one that no retention drops.
"""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Final

from backstamp.records.database.partitions import make_ahead
from backstamp.worker.parts.database import Database
from backstamp.worker.parts.running import wait

log = logging.getLogger("backstamp.worker")

INTERVAL_SECONDS: Final = 600.0


class Months:
    """Makes the months of all that is kept for `retention_days`, and of what comes next."""

    def __init__(self, database: Database, retention_days: int) -> None:
        self._database = database
        self._retention = timedelta(days=retention_days)

    async def run(self, stop: asyncio.Event) -> None:
        """Make what is missing at once and every few minutes until `stop` is set."""
        while not stop.is_set():
            now = datetime.now(UTC)
            if made := await self._database.run(make_ahead, now, now - self._retention):
                log.debug("made %d months of events", made)
            await wait(stop, INTERVAL_SECONDS)
