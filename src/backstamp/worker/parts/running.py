"""The worker's parts run beside each other; one that fails is started again, and the rest never notice."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from django.db import Error as DatabaseError

from backstamp.records.database.versions import NewerDatabaseError

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


class Told:
    """What was told, and when: the same is told once a minute."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def is_new(self, reason: str) -> bool:
        """Whether a reason is to be told now."""
        now = asyncio.get_running_loop().time()
        self._at = {text: at for text, at in self._at.items() if now - at < STEADY_SECONDS}
        return self._at.setdefault(reason, now) == now


async def keep_running(
    name: str,
    part: Callable[[asyncio.Event], Awaitable[None]],
    stop: asyncio.Event,
    told_of_all: Told | None = None,
) -> None:
    """Run a part until `stop`; when it raises, log one line and start it again after a growing pause.

    While it fails for the same reasons, each is told once a minute; that the database is of a newer version
    is told once for all parts that share `told_of_all`.
    """
    loop = asyncio.get_running_loop()
    told, of_all = Told(), told_of_all or Told()
    pause = FIRST_PAUSE
    while not stop.is_set():
        started = loop.time()
        try:
            await part(stop)
        except Exception as error:
            if loop.time() - started > STEADY_SECONDS:
                pause = FIRST_PAUSE
            reason = described(error)
            if isinstance(error, NewerDatabaseError):
                if of_all.is_new(reason):
                    log.error("the worker waits: the database cannot be used: %s", error)  # noqa: TRY400
            elif told.is_new(reason):
                log.warning("%s failed and starts again in %.1f s: %s", name, pause, reason)
            log.debug("%s failed", name, exc_info=error)
            await wait(stop, pause)
            pause = min(2 * pause, LONGEST_PAUSE)


def described(error: BaseException) -> str:
    """Return an error's type, and its first line where that cannot hold what a stranger sent."""
    if isinstance(error, DatabaseError | OSError):
        return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]!r}"
    return type(error).__name__
