"""A worker beside a test, in the test's own event loop."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from django.db import connections

from backstamp.worker import WorkerConfig
from backstamp.worker.service import serve

T = TypeVar("T")


@asynccontextmanager
async def running(config: WorkerConfig) -> AsyncIterator[asyncio.Event]:
    """Run a worker; give its stop event, and see that it ends when the block does."""
    stop = asyncio.Event()
    worker = asyncio.create_task(serve(config, stop=stop))
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(60):
            await worker


@asynccontextmanager
async def stalls() -> AsyncIterator[Callable[[], float]]:
    """Give a function that tells for how many seconds this process had to wait for a processor.

    What must be done within some time need not be on a machine that has much else to do.
    """
    late = 0.0

    async def watch() -> None:
        nonlocal late
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.01)
            late += max(time.monotonic() - began - 0.05, 0.0)

    watching = asyncio.create_task(watch())
    try:
        yield lambda: late
    finally:
        watching.cancel()


async def looked_up(look: Callable[[], T]) -> T:
    """Look something up in a thread, with a connection of its own that is closed again."""

    def guarded() -> T:
        try:
            return look()
        finally:
            connections.close_all()

    return await asyncio.to_thread(guarded)


async def eventually(look: Callable[[], object], expected: object, *, seconds: float = 60) -> None:
    """Look something up until it is as expected; fail after so many seconds."""
    async with asyncio.timeout(seconds):
        while (found := await looked_up(look)) != expected:
            await asyncio.sleep(0.05)
    assert found == expected
