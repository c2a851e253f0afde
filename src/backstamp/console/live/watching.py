"""One look at the records for all live pages of this process, however many are open.

Each page that looked for itself held a thread and a connection: a hundred used up what PostgreSQL gives.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final

from django.db import Error as DatabaseError
from django.db import connections

from backstamp.http_listener import at_end
from backstamp.records.rollups.changes import message_versions, newest_version

POLL_SECONDS: Final = 0.5

ALL: Final = None
"""What a page follows that shows more than one message."""
Followed = int | None
"""The key of a message, or `ALL`."""
Versions = Mapping[Followed, int]


class EndsError(Exception):
    """This process is about to end: nobody waits for anything any more."""


class Watching:
    """Looks as long as somebody follows something, in a thread of its own with one connection."""

    def __init__(self, look: Callable[[Collection[int]], Versions]) -> None:
        """`look` returns the version of all messages and those of some by their keys; that thread runs it."""
        self._look = look
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="watching")
        self._followed: Counter[Followed] = Counter()
        self._known: Versions = {}
        self._newcomer = asyncio.Event()
        self._coming: asyncio.Future[None] | None = None
        """Done when the look is that has not begun yet."""
        self._task: asyncio.Task[None] | None = None
        self._limits: set[asyncio.Timeout] = set()
        self._ends = False

    def end(self) -> None:
        """Let everybody go who waits; the loop's thread calls this."""
        self._ends = True
        now = asyncio.get_running_loop().time()
        for limit in self._limits:
            if not limit.expired():
                limit.reschedule(now)

    async def pause(self, seconds: float) -> None:
        """Wait so long. Raises `EndsError`."""
        try:
            async with self._at_most(seconds):
                await asyncio.Event().wait()
        except TimeoutError:
            self._refuse_at_end()

    def _refuse_at_end(self) -> None:
        if self._ends:
            raise EndsError

    @asynccontextmanager
    async def _at_most(self, seconds: float) -> AsyncIterator[None]:
        async with asyncio.timeout(0.0 if self._ends else seconds) as limit:
            self._limits.add(limit)
            try:
                yield
            finally:
                self._limits.discard(limit)

    async def next_version(self, followed: Followed, seen: int, seconds: float) -> int | None:
        """Return the version of what is followed once it is not `seen`, None when it still is after so long.

        Raises `django.db.Error` where the look did, and `EndsError`.
        """
        self._followed[followed] += 1
        has_looked = False
        try:
            async with self._at_most(seconds):
                # Who comes may have seen a newer version than the last look did; of an older one only a look
                # that began since then can tell: another database stands there.
                while (current := self._known.get(followed, seen)) == seen or (
                    current < seen and not has_looked
                ):
                    if followed not in self._known:
                        self._newcomer.set()
                    await self._next_look()
                    has_looked = True
                return current
        except TimeoutError:
            self._refuse_at_end()
            return None
        finally:
            self._followed[followed] -= 1
            if not self._followed[followed]:
                del self._followed[followed]

    async def _next_look(self) -> None:
        if self._coming is None:
            self._coming = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._keep_looking(self._coming))
        await asyncio.shield(self._coming)

    async def _keep_looking(self, coming: asyncio.Future[None]) -> None:
        loop = asyncio.get_running_loop()
        begun = coming
        try:
            while self._followed:
                self._newcomer.clear()
                begun, coming = coming, loop.create_future()
                self._coming = coming
                wanted = [each for each in self._followed if each is not ALL]
                try:
                    self._known = await loop.run_in_executor(self._thread, self._looked, wanted)
                except DatabaseError as error:
                    self._known = {}
                    begun.set_exception(error)
                    begun.exception()  # Nobody may be left to hear of it.
                else:
                    begun.set_result(None)
                await self._pause()
        finally:
            for each in (begun, coming):
                each.cancel()
            self._coming, self._task, self._known = None, None, {}
            self._thread.submit(connections.close_all)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._newcomer.wait()
        except TimeoutError:
            pass

    def _looked(self, wanted: Collection[int]) -> Versions:
        try:
            return self._look(wanted)
        except BaseException:
            connections.close_all()
            raise


def versions(messages: Collection[int]) -> Versions:
    """Return the number of the last change to any message, and to each of these. Raises `django.db.Error`."""
    # First that of all: what changes in between is seen at the next look.
    found: dict[Followed, int] = {ALL: newest_version()}
    found.update((key, version) for key, version in message_versions(messages).items())
    return found


watching: Final = Watching(versions)
"""Of this process."""
at_end(watching.end)
