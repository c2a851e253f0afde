"""Publishers that are to be left alone for a while: they failed, they refused, or they cost too much.

Who is left alone, and why, is also written down: administrators see on other processes' pages that a list is
not used.
"""

import contextlib
import logging
import shutil
import time
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from backstamp.shared_files.replacing import replace_file
from backstamp.worker.feeds.keeping.standing import today

log = logging.getLogger("backstamp.worker")

FIRST_PAUSE: Final = 30.0
LONGEST_PAUSE: Final = 3600.0
_FOLDER: Final = "resting"


class Rest(msgspec.Struct, frozen=True):
    """Why a publisher was left alone, and until when (seconds since 1970 UTC). It ends with an answer."""

    until: float
    why: str


def rest_of(directory: Path, name: str) -> Rest | None:
    """Return what is written down of a publisher; None where it was not left alone since it answered last."""
    with contextlib.suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode(_note(directory, name).read_bytes(), type=Rest)
    return None


class _Rest(NamedTuple):
    until: float
    pause: float


class Resting:
    """Who is not to be asked now. Each pause is told once, and is twice as long as the one before.

    A new one begins with nobody, and forgets in `directory` what one before it wrote down.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        shutil.rmtree(directory / _FOLDER, ignore_errors=True)
        self._rests: dict[str, _Rest] = {}
        self._failures: dict[str, int] = {}
        self._spent: dict[str, tuple[int, int]] = {}

    def rests(self, name: str) -> bool:
        """Whether a publisher is to be left alone."""
        rest = self._rests.get(name)
        return rest is not None and rest.until > time.monotonic()

    def answered(self, name: str) -> None:
        """Note that a publisher has answered."""
        self._failures.pop(name, None)
        if self._rests.pop(name, None) is not None:
            with contextlib.suppress(OSError):
                _note(self._directory, name).unlink()

    def failed(self, name: str, why: str, *, least_seconds: float = 0.0, allowed: int = 1) -> None:
        """Note a failure; the last of so many that are `allowed` in a row brings a pause."""
        self._failures[name] = self._failures.get(name, 0) + 1
        if self._failures[name] < allowed or self.rests(name):
            return
        before = self._rests.get(name)
        pause = FIRST_PAUSE if before is None else min(2 * before.pause, LONGEST_PAUSE)
        seconds = max(pause, least_seconds)
        log.warning("%s is not asked for %.0f s: %s", name, seconds, why)
        self._rests[name] = _Rest(time.monotonic() + seconds, pause)
        with contextlib.suppress(OSError):  # the log says it, too
            note = _note(self._directory, name)
            note.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
            replace_file(note, msgspec.json.encode(Rest(time.time() + seconds, why)))

    def may_spend(self, name: str, most: int) -> bool:
        """Count a question that costs money, and return whether it is one of the `most` of today (UTC)."""
        day, count = self._spent.get(name, (0, 0))
        count = count + 1 if day == today() else 1
        self._spent[name] = today(), count
        if count == most + 1:
            log.warning("%s has had its %d questions of today", name, most)
        return count <= most


def _note(directory: Path, name: str) -> Path:
    return directory / _FOLDER / name
