"""Delete what must not be kept: old messages, records set aside, keys of pseudonyms, used sign-in links, and
how far journals were read that are long gone.
"""

import asyncio
import logging
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from backstamp.journal.layout import SET_ASIDE
from backstamp.records.administration import sign_in_links
from backstamp.records.alerting.alerts import forget_visits
from backstamp.records.alerting.rules import WITHIN_MINUTES
from backstamp.records.ingest.journal_cursors import forget_producers
from backstamp.records.privacy.retention import delete_before, write_back
from backstamp.records.queries.search import forget_deleted
from backstamp.records.reports.matching import forget_before
from backstamp.shared_files import SourceKeys
from backstamp.worker.parts.database import Database
from backstamp.worker.parts.running import wait
from backstamp.worker.privacy.clock import Clock

log = logging.getLogger("backstamp.worker")

INTERVAL_SECONDS: Final = 600.0
"""Well below the day for which a key of pseudonyms is used."""
_VISITS: Final = timedelta(minutes=WITHIN_MINUTES[-1])
"""No rule counts visits to new hosts for longer."""


class Housekeeping:
    """Deletes what is older than `retention_days`, and what has served its purpose."""

    def __init__(
        self,
        database: Database,
        *,
        journal_dir: Path,
        source_keys_dir: Path,
        clock_path: Path,
        retention_days: int,
    ) -> None:
        self._database = database
        self._set_aside = journal_dir / SET_ASIDE
        self._source_keys = SourceKeys(source_keys_dir)
        self._retention = timedelta(days=retention_days)
        self._clock = Clock(clock_path)
        self._merged_on: date | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Tidy up at once and every few minutes until `stop` is set."""
        while not stop.is_set():
            await self._database.run(self._source_keys.destroy_old, time.time_ns() // 1000)
            now = datetime.now(UTC)
            limit = now - self._retention
            if not await self._database.run(self._clock.may_be_believed):
                await wait(stop, INTERVAL_SECONDS)
                continue
            deleted = await self._database.run(delete_before, limit)
            await self._database.run(self._delete_set_aside, limit)
            await self._database.run(forget_before, limit)
            await self._database.run(forget_producers, limit)
            await self._database.run(forget_visits, now - _VISITS)
            links = await self._database.run(sign_in_links.delete_expired)
            if self._merged_on != now.date():  # daily, for all of the index is written anew
                await self._database.run(forget_deleted)
                self._merged_on = now.date()
            await self._database.run(write_back)
            if deleted.messages or deleted.strays or links:
                log.info(
                    "deleted %d old messages, %d events of messages that are gone, %d used sign-in links",
                    *(deleted.messages, deleted.strays, links),
                )
            await wait(stop, INTERVAL_SECONDS)

    def _delete_set_aside(self, limit: datetime) -> None:
        """Delete what could not be ingested: it names people as messages do, so it is kept no longer."""
        if not self._set_aside.is_dir():
            return
        for path in self._set_aside.iterdir():
            if path.stat().st_mtime < limit.timestamp():
                path.unlink(missing_ok=True)
