"""Which parts of the worker fail, since when, and what the log says of it.

A database that is away fails most parts at once, and for hours: it is told once for all of them when it goes
and when it is back, and now and then in between.
"""

import logging
import math
import time
from collections.abc import Iterable, Mapping
from typing import Final

from django.db import Error as DatabaseError
from django.db import InterfaceError, InternalError, OperationalError

from backstamp.records.database.versions import NewerDatabaseError

log = logging.getLogger("backstamp.worker")

STEADY_SECONDS: Final = 60.0
"""A part that ran this long goes well again. A dead server is waited for no longer than 50 s
(`tcp_user_timeout`)."""
_AGAIN_SECONDS: Final = (60.0, 600.0)
"""What goes on is told again after the first of these, and then each time after the second."""
_AWAY: Final = (OperationalError, InterfaceError, InternalError)
"""As the drivers say that the database is locked, full, read-only, stopped or of a newer version. That a
table is missing, or a right, concerns the part that needs it."""


class Troubles:
    """What all parts of a worker tell of themselves; used on the event loop and read from any thread."""

    def __init__(self, parts: Iterable[str]) -> None:
        self._since: dict[str, float | None] = dict.fromkeys(parts)
        self._told: dict[tuple[str, type[Exception]], _Telling] = {}
        self._away = _Away()

    def failed(self, part: str, error: Exception, pause: float) -> None:
        """Note that a part failed, and starts again after a pause."""
        now = time.monotonic()
        if self._since.get(part) is None:
            self._since[part] = now
        if isinstance(error, _AWAY):
            away_for = str(error) if isinstance(error, NewerDatabaseError) else described(error)
            self._away.keeps(part, away_for, now)
            return
        if self._told.setdefault((part, type(error)), _Telling(now)).is_due(now):
            log.warning("%s failed and starts again in %.1f s: %s", part, pause, described(error))

    def lasted(self, part: str) -> None:
        """Note that a part has run for `STEADY_SECONDS`."""
        self._since[part] = None
        self._told = {key: telling for key, telling in self._told.items() if key[0] != part}
        self._away.lets_go(part, time.monotonic() - STEADY_SECONDS)

    def failing_seconds(self) -> Mapping[str, float]:
        """Return of each part for how long it has failed again and again; 0 where it goes well."""
        now = time.monotonic()
        return {part: 0.0 if since is None else now - since for part, since in self._since.items()}


class _Telling:
    """When something that goes on is told: at once, and then at growing intervals."""

    def __init__(self, began: float) -> None:
        self.began = began
        self._at = began

    def is_due(self, now: float) -> bool:
        """Whether it is to be told now; then it counts as told."""
        if now < self._at:
            return False
        self._at = now + _AGAIN_SECONDS[self._at > self.began]
        return True


class _Away:
    """A time during which the database cannot be used by some parts."""

    def __init__(self) -> None:
        self._parts: set[str] = set()
        self._telling = _Telling(0.0)

    def keeps(self, part: str, reason: str, now: float) -> None:
        first = not self._parts
        self._parts.add(part)
        if first:
            self._telling = _Telling(now)
        if not self._telling.is_due(now):
            return
        if first:
            log.error("the database cannot be used, and the worker waits: %s", reason)
        else:
            log.error(
                "the database cannot be used for %s now; these wait: %s (%s)",
                *(_duration(now - self._telling.began), ", ".join(sorted(self._parts)), reason),
            )

    def lets_go(self, part: str, ended: float) -> None:
        if part in self._parts:
            self._parts.remove(part)
            if not self._parts:
                log.warning(
                    "the database can be used again, after %s", _duration(ended - self._telling.began)
                )


def _duration(seconds: float) -> str:
    return f"{math.ceil(seconds)} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def described(error: BaseException) -> str:
    """Return an error's type, and its first line where that cannot hold what a stranger sent."""
    if isinstance(error, DatabaseError | OSError):
        return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]!r}"
    return type(error).__name__
