"""While the worker runs: mail that arrived is looked through for what is known to be bad since.

What is new on lists and what administrators switch off or block is looked for at once, and once more a little
later: mail that was judged by what was known before may not have been ingested yet.
"""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from backstamp.records.link_expressions import stored_digest
from backstamp.records.looking_back import (
    PAGE,
    Listing,
    below,
    decided,
    look_back,
    matched,
    messages_under,
    note_done,
)
from backstamp.worker.database import Database
from backstamp.worker.feeds.lookups import Lookups
from backstamp.worker.feeds.new_entries import NewEntries
from backstamp.worker.parts import described, wait

log = logging.getLogger("backstamp.worker")

LOOK_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 5.0
"""Gateways see new lists after half a second, and a new policy after two; a message is rewritten in one."""
AT_ONCE: Final = 10_000
_DAY_US: Final = 86_400_000_000

T = TypeVar("T")


class LookingBack:
    """Looks back, one thing at a time, beside ingest: each page of messages is a transaction of its own.

    `caught_up` is set while the journal is read to its end. In `directory` waits what is looked for once
    more, across a restart too. What was found is in the records, so that nothing is found twice, whatever
    broke off.
    """

    def __init__(
        self,
        database: Database,
        caught_up: asyncio.Event,
        directory: Path,
        lookups: Lookups | None = None,
        again_seconds: float = AGAIN_SECONDS,
    ) -> None:
        self._database = database
        self._caught_up = caught_up
        self._directory = directory
        self._lookups = lookups
        self._again_seconds = again_seconds
        self._alone = asyncio.Lock()
        self._decided: dict[tuple[str, int], float] = {}

    async def on_new_entries(self, new: NewEntries) -> None:
        """Look back for what is new on a list. Raises what the database raises, and OSError."""
        began = time.monotonic()
        found = await self._for_list(new)
        if found:
            log.info(
                "list %s: %d links of received mail are known to be bad now, found in %.1f s",
                *(new.source, found, time.monotonic() - began),
            )
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o750)
        # A second name of the same file: the first goes when this has returned.
        os.link(new.path, self._directory / f"{time.time_ns()}-{new.path.name}")

    async def run(self, stop: asyncio.Event) -> None:
        """Look back for what administrators decide, and once more for lists, until `stop` is set."""
        while not await wait(stop, LOOK_SECONDS):
            await self._for_decisions()
            if self._caught_up.is_set():
                await self._again()

    async def _again(self) -> None:
        """Look once more for what was new on lists when that is some seconds ago."""
        limit = time.time_ns() - int(self._again_seconds * 1e9)
        for path in sorted(self._directory.glob("*")):
            # A clock that was set back must not keep anything here for long.
            if limit < int(path.name.partition("-")[0]) < time.time_ns():
                continue
            try:
                await self._for_list(NewEntries(path))
            except ValueError as error:
                log.warning("new entries of a list cannot be read again: %s", described(error))
            with contextlib.suppress(FileNotFoundError):
                path.unlink()

    async def _for_list(self, new: NewEntries) -> int:
        """Look back for what is new on a list; return for how many links that is news."""
        found = 0
        for hashes in _pieces(new.hashes(), AT_ONCE):
            found += await self._for([_listing(whole, new) for whole in hashes])
        if self._lookups is not None:
            for prefixes in _pieces(new.prefixes(), AT_ONCE):
                digests = await self._database.run(below, prefixes)
                if digests:
                    # A prefix names clean URLs too; what is confirmed is news of its own.
                    await self._lookups.resolve(digest.to_bytes(8, "big", signed=True) for digest in digests)
        return found

    async def _for_decisions(self) -> None:
        now = time.monotonic()
        waiting = await self._database.run(decided)
        began = {(type(row).__name__, row.pk): now for _, row in waiting}
        known, self._decided = (
            self._decided,
            began | {key: at for key, at in self._decided.items() if key in began},
        )
        await self._for(
            [listing for (listing, _), key in zip(waiting, began, strict=True) if key not in known]
        )
        for (listing, row), key in zip(waiting, began, strict=True):
            if key in known and now - known[key] >= self._again_seconds and self._caught_up.is_set():
                await self._for([listing])
                await self._database.run(note_done, row, datetime.now(UTC))

    async def _for(self, listings: list[Listing]) -> int:
        """Look back for listings; return for how many links that was news."""
        if not listings:
            return 0
        found = 0
        async with self._alone:
            for listing in await self._database.run(matched, listings):
                messages = await self._database.run(messages_under, listing)
                for at in range(0, len(messages), PAGE):
                    page = messages[at : at + PAGE]
                    done = await self._database.run(look_back, listing, page, datetime.now(UTC))
                    found += done.links
        return found


def _pieces(items: Iterable[T], size: int) -> Iterator[list[T]]:
    remaining = iter(items)
    while piece := list(islice(remaining, size)):
        yield piece


def _listing(whole: bytes, new: NewEntries) -> Listing:
    return Listing(
        digest=stored_digest(whole),
        threat=new.threat_type,
        source=new.source,
        since_us=new.day * _DAY_US,
    )
