"""Django's ORM beside an event loop: every call runs in a thread, with a connection of that thread's own."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier, get_native_id
from typing import Final, ParamSpec, TypeVar

from django.db import DataError, IntegrityError, connections
from django.db import Error as DatabaseError

P = ParamSpec("P")
T = TypeVar("T")

_THREADS: Final = 5
"""Housekeeping, the capture mailbox, looking back and alerts may each wait for the database at the same
time."""
_NICENESS: Final = 5
"""More than the process has, of these threads alone: a backlog is worked off with what edge and gateway
leave."""
_THREADS_AHEAD: Final = 3
"""For the parts of the policy: a kill does not wait for a backlog."""
_LEAVE_SECONDS: Final = 2.0
"""Longest wait for threads that leave; a server that does not answer would hold one for a minute."""
_REFUSALS: Final = (DataError, IntegrityError)


def _step_back() -> None:
    # To be less nice than one was started (`nice`, Nice= of systemd) is root's alone.
    thread = get_native_id()
    os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICENESS)


class _Threads:
    """A few threads, each with a connection that lasts while nothing goes wrong."""

    def __init__(self) -> None:
        self.usual = ThreadPoolExecutor(_THREADS, thread_name_prefix="database", initializer=_step_back)
        self.ingest = ThreadPoolExecutor(1, thread_name_prefix="database ingest", initializer=_step_back)
        self.ahead = ThreadPoolExecutor(_THREADS_AHEAD, thread_name_prefix="database ahead")

    def leave(self, *, wait: bool) -> None:
        """Let what runs be finished, the connections be closed and the threads end; `wait` for it."""
        numbers = {self.usual: _THREADS, self.ingest: 1, self.ahead: _THREADS_AHEAD}
        for executor, number in numbers.items():
            leaving = Barrier(number)
            for _ in range(number):
                executor.submit(_leave, leaving)
        for executor in numbers:
            executor.shutdown(wait=wait)


def _leave(leaving: Barrier) -> None:
    """Close this thread's connection; the others wait, so that each does so once."""
    leaving.wait()
    connections.close_all()


class Database:
    """Threads that may use the ORM."""

    def __init__(self) -> None:
        self._threads = _Threads()
        self._leaving: asyncio.Task[None] | None = None

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a call in a thread. After a failure that thread's connection is closed, and made anew later.

        After a failure of the database others take the place of all threads: SQLite's connections in a
        process share what the first one found when it opened the files, so one that reads well would keep
        all others from writing when the disk is no longer read-only. Rows that it refuses are no failure of
        its own. A call that has begun is finished, also when the waiting task is cancelled.
        """
        return await self._run(lambda threads: threads.usual, partial(call, *args, **kwargs))

    async def run_ingest(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a call as `run` does, in the one thread of all calls of ingest.

        From the others each is taken in turn, and a batch leaves tens of megabytes with the thread that wrote
        it: the pages of SQLite's connection, and what the C library keeps for that thread.
        """
        return await self._run(lambda threads: threads.ingest, partial(call, *args, **kwargs))

    async def run_ahead(self, call: Callable[[], T]) -> T:
        """Run a call as `run` does, but in a thread that steps back for nobody."""
        return await self._run(lambda threads: threads.ahead, call)

    async def _run(self, which: Callable[[_Threads], ThreadPoolExecutor], call: Callable[[], T]) -> T:
        def guarded() -> T:
            try:
                return call()
            except BaseException:
                connections.close_all()
                raise

        if self._leaving is not None:
            # A connection that is made before the last of the old ones is closed is no better than those.
            await asyncio.wait([self._leaving], timeout=_LEAVE_SECONDS)
        threads = self._threads
        try:
            return await asyncio.get_running_loop().run_in_executor(which(threads), guarded)
        except DatabaseError as error:
            if threads is self._threads and not isinstance(error, _REFUSALS):
                self._threads = _Threads()
                self._leaving = asyncio.create_task(asyncio.to_thread(threads.leave, wait=True))
            raise

    def close(self) -> None:
        """Wait for what runs, close the connections, then let the threads go."""
        self._threads.leave(wait=True)
