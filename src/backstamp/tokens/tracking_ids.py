"""Tracking ids: the 64-bit numbers under which messages are known, one for each message.

Layout: hours since 1970 20 bits, then 44 bits that begin anywhere in each hour and count on.

They are in the order of time, so that what happens today lies close together in every index of the records,
for most mail is opened within days. Had each message a number from anywhere, each hit would change a page of
its own among all that the database holds. Nobody needs to ask for one: two processes that make 100,000 each
in one hour meet with a chance of 1 in 10^8. Strangers neither read nor guess them, for tokens are sealed.
"""

from collections.abc import Callable
from typing import Final

_COUNTED_BITS: Final = 44
COUNTED: Final = (1 << _COUNTED_BITS) - 1
"""The bits that count on within an hour."""
_HOURS: Final = (1 << 64 - _COUNTED_BITS) - 1
_SECONDS_AN_HOUR: Final = 3600


def first_at(seconds: float) -> int:
    """Return the least number that a message of that hour can have; `seconds` are since 1970."""
    return (int(seconds) // _SECONDS_AN_HOUR & _HOURS) << _COUNTED_BITS


class TrackingIds:
    """Makes the tracking ids of one process, each once."""

    def __init__(self, draw: Callable[[int], int]) -> None:
        """Count from what `draw(bits)` gives: `secrets.randbits`."""
        self._draw = draw
        self._hour = -1
        self._next = 0

    def at(self, seconds: float) -> int:
        """Return a new one for a message of that time, in seconds since 1970; unsigned."""
        hour = int(seconds) // _SECONDS_AN_HOUR & _HOURS
        if hour != self._hour:
            self._hour, self._next = hour, self._draw(_COUNTED_BITS)
        number = hour << _COUNTED_BITS | self._next
        self._next = self._next + 1 & COUNTED
        return number
