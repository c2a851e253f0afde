"""While the worker runs: lists are refreshed when their time has come, and what is new is told."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from backstamp.worker.feeds.config import FeedsConfig
from backstamp.worker.feeds.keeping.copies import stored_lists
from backstamp.worker.feeds.keeping.new_entries import NewEntries, Spool
from backstamp.worker.feeds.keeping.standing import Outcome
from backstamp.worker.feeds.lists.jobs import Job
from backstamp.worker.feeds.refreshing.due_lists import AwayError, is_anything_due
from backstamp.worker.feeds.running.launching import ChildError, done_by_child
from backstamp.worker.parts.running import wait
from backstamp.worker.parts.troubles import described

log = logging.getLogger("backstamp.worker")

FIRST_SECONDS: Final = 3.0
LOOK_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 300.0
"""After a child that could not do its job."""

OnNewEntries = Callable[[NewEntries], Awaitable[None]]


async def nobody_to_tell(_: NewEntries) -> None:
    """Take note of nothing."""


class FeedKeeping:
    """Keeps the lists new; `on_new_entries` hears what is new, once those who look URLs up know it.

    That is what each refresh brought, and what publishers have said of hashes when they were asked. It is
    told again what it raised for, and after a crash perhaps what it has heard already.
    """

    def __init__(
        self,
        config: FeedsConfig,
        on_new_entries: OnNewEntries = nobody_to_tell,
        *,
        do: Callable[[Job], Awaitable[list[Outcome]]] = done_by_child,
        first_seconds: float = FIRST_SECONDS,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._config = config
        self._on_new_entries = on_new_entries
        self._do = do
        self._first_seconds = first_seconds
        self._look_seconds = look_seconds
        self._failed_of = ""
        """What kept the last of them from being told, which is tried every `look_seconds`."""

    async def run(self, stop: asyncio.Event) -> None:
        """Look for what is due, until `stop` is set. Raises OSError where the copies cannot be read."""
        job = self._config.job
        if not job.sources and not self._config.asks and not stored_lists(job.directory):
            await stop.wait()
            return
        pause = self._first_seconds
        wanted = True  # at first in any case: lists may have been switched off meanwhile
        not_before = 0.0
        while not await wait(stop, pause):
            pause = self._look_seconds
            if time.monotonic() >= not_before and (wanted or is_anything_due(job)):
                retry_seconds = await self._refresh(job)
                wanted = retry_seconds is not None
                not_before = time.monotonic() + (retry_seconds or 0.0)
            await self._tell()

    async def _refresh(self, job: Job) -> float | None:
        """Have the lists refreshed; return None where that was done, else after how long to try again."""
        began = time.monotonic()
        try:
            outcomes = await self._do(job)
        except AwayError:
            log.debug("lists of dangerous URLs: another process refreshes them just now")
            return self._look_seconds
        except ChildError as error:
            log.warning("lists of dangerous URLs: %s", error)
            return RETRY_SECONDS
        for outcome in outcomes:
            level = (
                logging.WARNING if not outcome.good else logging.INFO if outcome.changed else logging.DEBUG
            )
            log.log(level, "list %s: %s", outcome.name, outcome.text)
        if any(outcome.changed for outcome in outcomes):
            log.info("lists compiled, %.1f s with fetching", time.monotonic() - began)
        return None

    async def _tell(self) -> None:
        spool = Spool(self._config.directory)
        for path in spool.waiting():
            try:
                new = NewEntries(path)
            except (OSError, ValueError) as error:
                log.warning("new entries of a list cannot be read: %s", described(error))
                spool.done(path)
                continue
            try:
                await self._on_new_entries(new)
            except Exception as error:  # noqa: BLE001 (whoever looks back must not stop the lists)
                if described(error) != self._failed_of:
                    self._failed_of = described(error)
                    log.warning("looking back for %s failed: %s", new.source, self._failed_of)
                return
            self._failed_of = ""
            spool.done(path)
