"""Publish the policy snapshot, from which gateway and edge work."""

import asyncio
import time
from pathlib import Path
from typing import Final

from backstamp.journal import publish_snapshot
from backstamp.policy import Snapshot
from backstamp.records.snapshot import build, fingerprint
from backstamp.worker.database import Database
from backstamp.worker.parts import wait

POLL_SECONDS: Final = 0.7
"""With the 0.5 s after which readers look at the file again, a change is in force within 2 s."""
REPUBLISH_SECONDS: Final = 15.0
"""Published anew at least so often, so that an old file tells of a dead worker (`backstamp doctor`)."""


class Publisher:
    """Writes `path` from the defaults and the database."""

    def __init__(self, path: Path, defaults: Snapshot, database: Database) -> None:
        self._path = path
        self._defaults = defaults
        self._database = database

    async def run(self, stop: asyncio.Event) -> None:
        """Publish at once, at every change and every now and then, until `stop` is set."""
        published: object = None
        published_at = 0.0
        while not stop.is_set():
            now = await self._database.run(fingerprint)
            if now != published or time.monotonic() - published_at > REPUBLISH_SECONDS:
                await self._database.run(self._publish)
                published, published_at = now, time.monotonic()
            await wait(stop, POLL_SECONDS)

    def _publish(self) -> None:
        publish_snapshot(self._path, build(self._defaults, time.time_ns() // 1000))
