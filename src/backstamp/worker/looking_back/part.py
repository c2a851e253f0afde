"""The part of the worker that looks back.

What is new on lists and what administrators decide is looked for at once, and once more a little later: mail
that was judged by what was known before may not have been ingested yet.
"""

import asyncio
from pathlib import Path
from typing import Final

from backstamp.shared_files import ThreatFile
from backstamp.worker.feeds.keeping.new_entries import NewEntries
from backstamp.worker.feeds.questions.lookups import Lookups
from backstamp.worker.looking_back.decided import Decided
from backstamp.worker.looking_back.new_on_lists import NewOnLists
from backstamp.worker.looking_back.search import Search
from backstamp.worker.parts.database import Database
from backstamp.worker.parts.running import wait

LOOK_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 5.0
"""Gateways see new lists after half a second, and a new policy after two; a message is rewritten in one."""


class LookingBack:
    """Looks back for lists and for administrators.

    `caught_up` is set while the journal is read to its end. In `directory` waits what was new on lists and is
    looked for once more. `lists` are asked what is known of links that an own list allows no longer.
    """

    def __init__(
        self,
        database: Database,
        caught_up: asyncio.Event,
        directory: Path,
        lookups: Lookups | None = None,
        again_seconds: float = AGAIN_SECONDS,
        *,
        lists: ThreatFile | None = None,
    ) -> None:
        self._caught_up = caught_up
        search = Search(database)
        self._new_on_lists = NewOnLists(database, search, directory, lookups, again_seconds)
        self._decided = Decided(database, search, lookups, lists, again_seconds)

    async def on_new_entries(self, new: NewEntries) -> None:
        """Look back for what is new on a list. Raises what the database raises, and OSError."""
        await self._new_on_lists.look(new)

    async def run(self, stop: asyncio.Event) -> None:
        """Look back for what administrators decide, and once more for lists, until `stop` is set."""
        while not await wait(stop, LOOK_SECONDS):
            await self._decided.look(caught_up=self._caught_up.is_set())
            if self._caught_up.is_set():
                await self._new_on_lists.look_again()
