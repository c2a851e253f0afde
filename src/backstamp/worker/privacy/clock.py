"""Whether the time may be believed when it makes things old.

A clock that is wrong by years, of a machine whose battery is empty say, would have all deleted as too old. So
one that is ahead by more than a day of when it was last believed, be it that the worker was stopped so long,
is believed only after most of a day, in which a time service sets it right, or somebody does.
"""

import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from backstamp.journal.replacing import replace_file

log = logging.getLogger("backstamp.worker")

DAY_SECONDS: Final = 86_400.0
DOUBT_SECONDS: Final = 20 * 3600.0
"""Less than a day, so that a worker that is started anew each night comes to its end."""


class Clock:
    """The machine's clock, and in a file, across restarts and reboots, until when it was believed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        believed = self._read()
        self._ahead = _ahead_of_uptime() if believed is None else believed - _uptime()
        """By how much the clock that is believed is ahead of the time since the machine's start."""
        self._doubted: tuple[float, float] | None = None
        """By how much one is ahead that is another, and since when."""

    def may_be_believed(self) -> bool:
        """Return it as of now.

        That the machine slept is no change, and a clock that is behind makes nothing old.
        """
        ahead = _ahead_of_uptime()
        jump = ahead - self._ahead
        if abs(jump) <= DAY_SECONDS:
            self._believe()
            return True
        if self._doubted is None or abs(ahead - self._doubted[0]) > DAY_SECONDS:
            self._doubted = ahead, _uptime()
            if jump > 0:
                log.warning(
                    "the clock is %.0f days ahead of when the worker last looked: in case it is wrong, "
                    "nothing is deleted as too old for %.0f hours",
                    *(jump / DAY_SECONDS, DOUBT_SECONDS / 3600),
                )
        if _uptime() - self._doubted[1] < DOUBT_SECONDS:
            return jump < 0
        self._believe()
        return True

    def _believe(self) -> None:
        self._ahead, self._doubted = _ahead_of_uptime(), None
        with suppress(OSError):  # a full or read-only disk: what was noted before is still no later than now
            replace_file(self._path, msgspec.json.encode(round(time.time())))

    def _read(self) -> float | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=float)
        except (OSError, msgspec.MsgspecError):
            return None


def _uptime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _ahead_of_uptime() -> float:
    return time.time() - _uptime()
