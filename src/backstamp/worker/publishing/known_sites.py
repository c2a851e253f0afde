"""Publish the sites that people here followed links to, so that what is new here shows on arrival."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from backstamp.records.alerting import new_hosts
from backstamp.shared_files.known_sites_file import publish_sites
from backstamp.worker.parts.database import Database
from backstamp.worker.parts.running import wait

EVERY_SECONDS: Final = 60.0


class KnownSitesPublisher:
    """Writes `path` from the database, once an installation has learned for a week."""

    def __init__(self, path: Path, database: Database) -> None:
        self._path = path
        self._database = database

    async def run(self, stop: asyncio.Event) -> None:
        """Publish every change within a minute, until `stop` is set. Raises OSError, `django.db.Error`."""
        published: object = None
        while not stop.is_set():
            now = await self._database.run(new_hosts.fingerprint)
            if now != published and await self._database.run(self._publish):
                published = now
            if await wait(stop, EVERY_SECONDS):
                return

    def _publish(self) -> bool:
        sites = new_hosts.known(datetime.now(UTC))
        if sites is None:
            return False
        publish_sites(self._path, sites)
        return True
