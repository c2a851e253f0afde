"""The worker's parts run beside each other; one that fails is started again, and the rest never notice."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from django.db import Error as DatabaseError

log = logging.getLogger("backstamp.worker")

FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 10.0
STEADY_SECONDS: Final = 60.0
"""A part that ran this long is started again without a pause."""


async def wait(stop: asyncio.Event, seconds: float) -> bool:
    """Wait so long, or until `stop` is set; return whether it is."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass
    return stop.is_set()


async def wait_for_either(stop: asyncio.Event, other: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until one of them is set."""
    waiting = {asyncio.ensure_future(event.wait()) for event in (stop, other)}
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()


async def keep_running(
    name: str, part: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event
) -> None:
    """Run a part until `stop`; when it raises, log one line and start it again after a growing pause.

    While it fails for the same reasons, each is told once a minute.
    """
    loop = asyncio.get_running_loop()
    pause = FIRST_PAUSE
    told: dict[str, float] = {}
    while not stop.is_set():
        started = loop.time()
        try:
            await part(stop)
        except Exception as error:
            if loop.time() - started > STEADY_SECONDS:
                pause = FIRST_PAUSE
            reason = described(error)
            told = {text: at for text, at in told.items() if loop.time() - at < STEADY_SECONDS}
            if reason not in told:
                log.warning("%s failed and starts again in %.1f s: %s", name, pause, reason)
                told[reason] = loop.time()
            log.debug("%s failed", name, exc_info=error)
            await wait(stop, pause)
            pause = min(2 * pause, LONGEST_PAUSE)


def described(error: BaseException) -> str:
    """Return an error's type, and its first line where that cannot hold what a stranger sent."""
    if isinstance(error, DatabaseError | OSError):
        return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]!r}"
    return type(error).__name__
