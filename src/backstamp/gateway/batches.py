"""batches: copies for many recipients, made for some of them at a time."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from backstamp.gateway.rewriter.pool import BusyError, TooCostlyError
from backstamp.mail.patches import Patched

_log = logging.getLogger("backstamp.gateway")

BATCH_BYTES: Final = 32 * 1024 * 1024
"""What is kept of copies made at once."""
BATCH_RECIPIENTS: Final = 100
MOST_HALVINGS: Final = 3
"""Each may have cost all the seconds that a message has (`rewriting.cpu_seconds`), and the client waits."""

Make = Callable[[Sequence[int]], Awaitable[list[Patched]]]
"""Makes a copy for each of some recipients. Raises `TooCostlyError`, `BusyError`."""


def at_once(octets: int) -> int:
    """Return for how many recipients copies are made together, each of which is kept in so many octets."""
    return max(1, min(BATCH_RECIPIENTS, BATCH_BYTES // max(1, octets)))


async def copies_for(
    places: Sequence[int], made: list[Patched], make: Make, *, trace_id: str
) -> AsyncIterator[tuple[tuple[int, ...], Patched | None]]:
    """Yield recipients one by one with their copies: those that are `made`, then those that `make` makes.

    Those for whom none could be made come together, without one. `made` is not empty: how many are made at
    once goes by what it takes.
    """
    begun = len(made)
    for place, message in zip(places[:begun], made, strict=True):
        yield (place,), message
    step = at_once(max(message.changed for message in made))
    async for batch, made in in_batches(places[begun:], step, make, trace_id=trace_id):
        if not made:
            yield tuple(batch), None
            continue
        for place, message in zip(batch, made, strict=True):
            yield (place,), message


async def in_batches(
    places: Sequence[int], step: int, make: Make, *, trace_id: str
) -> AsyncIterator[tuple[Sequence[int], list[Patched]]]:
    """Yield recipients, `step` at a time, with the copies that `make` returns for them.

    Where so many cost too much, half as many may not: then they are made in smaller batches. No copies come
    with those for whom there are none: `make` raised once more.
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
