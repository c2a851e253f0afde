"""batches: copies for many recipients, made for some of them at a time."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from backstamp.gateway.rewriter.pool import BusyError, TooCostlyError
from backstamp.mail.patches import Patched

_log = logging.getLogger("backstamp.gateway")

MOST_HALVINGS: Final = 3
"""Each may have cost all the seconds that a message has (`rewriting.cpu_seconds`), and the client waits."""


async def in_batches(
    places: Sequence[int],
    step: int,
    make: Callable[[Sequence[int]], Awaitable[list[Patched]]],
    *,
    trace_id: str,
) -> AsyncIterator[tuple[Sequence[int], list[Patched]]]:
    """Yield recipients, `step` at a time, with the copies that `make` returns for them.

    Where so many cost too much, half as many may not: then they are made in smaller batches. No copies come
    with those for whom there are none: `make` raised `TooCostlyError` or `BusyError` once more.
    """
    halvings = MOST_HALVINGS
    while places:
        batch = places[:step]
        try:
            made = await make(batch)
        except TooCostlyError:
            if halvings and len(batch) > 1:
                halvings -= 1
                step = len(batch) // 2
                continue
            made = []
        except BusyError:
            made = []
        if not made:
            _log.warning("message %s: %d of its copies could not be made", trace_id, len(batch))
        yield batch, made
        places = places[step:]
