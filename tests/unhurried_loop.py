"""An event loop for which a stall of the machine, however long, is a moment.

Where a process gets no processor for longer than a time-out, what was sent to it meanwhile lies there, and
yet the time is over when it goes on: asyncio would take our own sleep for the silence of the other side.
"""

import asyncio
import selectors
from typing import Final

LONGEST_MOMENT: Final = 0.02
"""Seconds that pass at most between two looks at what has come."""


class _Selector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found: list[tuple[selectors.SelectorKey, int]] = super().select(
            None if timeout is None else min(timeout, LONGEST_MOMENT)
        )
        return found


class UnhurriedLoop(asyncio.SelectorEventLoop):
    """Its clock goes on by no more than a moment at a time."""

    def __init__(self) -> None:
        self._looked_at: float | None = None
        self._now = 0.0
        super().__init__(_Selector())

    def time(self) -> float:
        real = super().time()
        if self._looked_at is not None:
            self._now += min(real - self._looked_at, LONGEST_MOMENT)
        self._looked_at = real
        return self._now
