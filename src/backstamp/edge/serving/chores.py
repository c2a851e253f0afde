"""What is done beside the requests, each thing at its own pace, and none of them in another's way."""

import logging
from collections.abc import Callable
from typing import NamedTuple

_log = logging.getLogger("backstamp.edge")


class Chore(NamedTuple):
    """One thing that is done every so many seconds; `name` ("writing counters") is for the log."""

    name: str
    seconds: float
    do: Callable[[], object]


class Chores:
    """Does what is due.

    What fails is told once, tried again when it is due, and told when it is well again.
    """

    def __init__(self, *chores: Chore) -> None:
        """All are due at once, in this order."""
        self._due = dict.fromkeys(chores, 0.0)
        self._failing: set[str] = set()

    def run(self, now: float) -> None:
        """Do what is due; `now` in seconds of any clock that goes forward."""
        for chore, at in self._due.items():
            if now >= at:
                self._due[chore] = now + chore.seconds
                self._do(chore)

    def _do(self, chore: Chore) -> None:
        try:
            chore.do()
        except Exception as error:  # noqa: BLE001 (what breaks here must not stop the other chores)
            if chore.name not in self._failing:
                self._failing.add(chore.name)
                _log.error("%s failed: %s; tried again every %g s", chore.name, _why(error), chore.seconds)
        else:
            if chore.name in self._failing:
                self._failing.remove(chore.name)
                _log.warning("%s works again", chore.name)


def _why(error: Exception) -> str:
    """Return what went wrong without what it went wrong with, which may be anybody's data."""
    what = error.strerror if isinstance(error, OSError) else None
    return f"{type(error).__name__}{f' ({what})' if what else ''}"
