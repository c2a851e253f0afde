"""Whether the time may be believed when it makes things old.

A clock that is wrong by years, of a machine whose battery is empty say, would have all deleted as too old. So
one that is ahead by more than a day of when it was last believed, be it that the worker was stopped so long,
is believed only after most of a day, in which a time service sets it right, or somebody does. Of a machine
that is switched off each evening that day consists of several.
"""

import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from backstamp.shared_files.replacing import replace_file

log = logging.getLogger("backstamp.worker")

DAY_SECONDS: Final = 86_400.0
DOUBT_SECONDS: Final = 20 * 3600.0
"""Of running, in how many pieces ever."""
_OFF_SECONDS: Final = 31 * DAY_SECONDS
"""For how long a machine may be off between two pieces; a clock that goes on by more is doubted anew."""


class _Noted(msgspec.Struct, frozen=True):
    """What stands in the file.

    Attributes:
        believed: until when the clock was believed.
        doubted: what it was when it was doubted last, if it is.
        seconds: for how long it had been doubted by then.
    """

    believed: float
    doubted: float = 0.0
    seconds: float = 0.0


class Clock:
    """The machine's clock, and in a file, across restarts and reboots, until when it was believed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._noted = self._read()
        self._ahead = self._noted.believed - _uptime()
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
            self._doubted = ahead, _uptime() - self._doubted_before()
            if jump > 0:
                log.warning(
                    "the clock is %.0f days ahead of when the worker last looked: in case it is wrong, "
                    "nothing is deleted as too old for %.0f hours",
                    *(jump / DAY_SECONDS, (DOUBT_SECONDS - _uptime() + self._doubted[1]) / 3600),
                )
        seconds = _uptime() - self._doubted[1]
        if seconds < DOUBT_SECONDS:
            self._note(_Noted(self._noted.believed, round(time.time()), round(seconds)))
            return jump < 0
        self._believe()
        return True

    def _believe(self) -> None:
        self._ahead, self._doubted = _ahead_of_uptime(), None
        self._note(_Noted(round(time.time())))

    def _doubted_before(self) -> float:
        """Return for how long the same doubt went on before this start of the worker, or of the machine."""
        off = time.time() - self._noted.doubted
        return self._noted.seconds if self._doubted is None and 0 <= off <= _OFF_SECONDS else 0.0

    def _note(self, noted: _Noted) -> None:
        self._noted = noted
        with suppress(OSError):  # a full or read-only disk: what was noted before is still no later than now
            replace_file(self._path, msgspec.json.encode(noted))

    def _read(self) -> _Noted:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Noted)
        except (OSError, msgspec.MsgspecError):
            return _Noted(time.time())


def _uptime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _ahead_of_uptime() -> float:
    return time.time() - _uptime()
