"""Django's ORM beside an event loop: every call runs in a thread, with a connection of that thread's own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from django.db import close_old_connections

P = ParamSpec("P")
T = TypeVar("T")

_THREADS: Final = 4
"""Ingest, housekeeping, policy and the capture mailbox may each wait for the database at the same time."""


class Database:
    """A few threads that may use the ORM."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="database")

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a call in a thread; its connection is closed before and after, unless it may live longer.

        A call that has begun is finished, also when the waiting task is cancelled.
        """

        def guarded() -> T:
            close_old_connections()
            try:
                return call(*args, **kwargs)
            finally:
                close_old_connections()

        return await asyncio.get_running_loop().run_in_executor(self._threads, guarded)

    def close(self) -> None:
        """Wait for what runs, then let the threads go."""
        self._threads.shutdown()
