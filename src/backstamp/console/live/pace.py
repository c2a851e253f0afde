"""How fast live pages are told of something new: each then asks for itself, and one process answers all."""

from typing import Final

TOLD_A_SECOND: Final = 15.0
"""A part of a page takes 20 ms of a processor, so a third of one at most goes into what is followed live.
Three hundred pages that all asked at once, once a second, took all of it, and any other came after 7 s."""
TOLD_AT_ONCE: Final = 16
"""Few viewers wait for nothing."""


class Pace:
    """Turns, so many a second and no more than some at once."""

    def __init__(self, per_second: float = TOLD_A_SECOND, at_once: int = TOLD_AT_ONCE) -> None:
        """Begin with nobody in front."""
        self._interval = 1 / per_second
        self._ahead = at_once * self._interval
        self._taken_until = 0.0

    def turn(self, now: float) -> float:
        """Return the time of the next turn, for whoever asks to take it; `now` in seconds."""
        self._taken_until = max(self._taken_until, now) + self._interval
        return max(now, self._taken_until - self._ahead)
