"""The worker's parts run beside each other; one that fails is started again, and the rest never notice."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from backstamp.worker.parts.troubles import STEADY_SECONDS, Troubles

log = logging.getLogger("backstamp.worker")

FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 10.0


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
    name: str,
    part: Callable[[asyncio.Event], Awaitable[None]],
    stop: asyncio.Event,
    troubles: Troubles,
) -> None:
    """Run a part until `stop`; when it raises, tell `troubles` and start it again after a growing pause.

    One that ran for `STEADY_SECONDS` is started again as if it had never failed.
    """
    loop = asyncio.get_running_loop()
    pause = FIRST_PAUSE
    while not stop.is_set():
        started = loop.time()
        lasted = loop.call_later(STEADY_SECONDS, troubles.lasted, name)
        try:
            try:
                await part(stop)
            finally:
                lasted.cancel()
        except Exception as error:
            if loop.time() - started > STEADY_SECONDS:
                pause = FIRST_PAUSE
            log.debug("%s failed", name, exc_info=error)
            troubles.failed(name, error, pause)
            await wait(stop, pause)
            pause = min(2 * pause, LONGEST_PAUSE)
