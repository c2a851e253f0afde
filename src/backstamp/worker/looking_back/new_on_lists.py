"""What is new on lists is looked for in mail of before, at once and once more a little later."""

import contextlib
import logging
import os
import time
from pathlib import Path
from typing import Final

from backstamp.records.database.batched import batched
from backstamp.records.looking_back.link_expressions import stored_digest
from backstamp.records.looking_back.listings import Listing, below
from backstamp.worker.feeds.keeping.new_entries import NewEntries
from backstamp.worker.feeds.questions.lookups import Lookups
from backstamp.worker.looking_back.search import Search
from backstamp.worker.parts.database import Database
from backstamp.worker.parts.troubles import described

log = logging.getLogger("backstamp.worker")

AT_ONCE: Final = 10_000
_DAY_US: Final = 86_400_000_000


class NewOnLists:
    """What is new on lists; in `directory` waits what is looked for once more, across a restart too."""

    def __init__(
        self,
        database: Database,
        search: Search,
        directory: Path,
        lookups: Lookups | None,
        again_seconds: float,
    ) -> None:
        self._database = database
        self._search = search
        self._directory = directory
        self._lookups = lookups
        self._again_seconds = again_seconds

    async def look(self, new: NewEntries) -> None:
        """Look back for what is new on a list. Raises what the database raises, and OSError."""
        began = time.monotonic()
        found = await self._look_for(new)
        if found:
            log.info(
                "list %s: %d links of received mail are known to be bad now, found in %.1f s",
                *(new.source, found, time.monotonic() - began),
            )
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o750)
        # A second name of the same file: the first goes when this has returned.
        os.link(new.path, self._directory / f"{time.time_ns()}-{new.path.name}")

    async def look_again(self) -> None:
        """Look once more for what was new when that is some seconds ago. Raises what the database raises."""
        limit = time.time_ns() - int(self._again_seconds * 1e9)
        for path in sorted(self._directory.glob("*")):
            # A clock that was set back must not keep anything here for long.
            if limit < int(path.name.partition("-")[0]) < time.time_ns():
                continue
            try:
                await self._look_for(NewEntries(path))
            except ValueError as error:
                log.warning("new entries of a list cannot be read again: %s", described(error))
            with contextlib.suppress(FileNotFoundError):
                path.unlink()

    async def _look_for(self, new: NewEntries) -> int:
        """Look back for what is new on a list; return for how many links that is news."""
        found = 0
        for hashes in batched(new.hashes(), AT_ONCE):
            found += await self._search.look_for([_listing(whole, new) for whole in hashes])
        if self._lookups is not None:
            for prefixes in batched(new.prefixes(), AT_ONCE):
                digests = await self._database.run(below, prefixes)
                if digests:
                    # A prefix names clean URLs too; what is confirmed is news of its own.
                    await self._lookups.resolve(digest.to_bytes(8, "big", signed=True) for digest in digests)
        return found


def _listing(whole: bytes, new: NewEntries) -> Listing:
    return Listing(
        digest=stored_digest(whole),
        threat=new.threat_type,
        source=new.source,
        since_us=new.day * _DAY_US,
    )
