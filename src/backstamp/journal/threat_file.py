"""The file of compiled threat lists: replaced as a whole by the worker, mapped by all who look URLs up."""

import logging
import mmap
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from backstamp.journal.replacing import replacing
from backstamp.threats.lists import SourceEntries, ThreatLists, ThreatListsError, compile_lists

_log = logging.getLogger("backstamp.journal")

FILE_NAME: Final = "threats.lists"
RECHECK_SECONDS: Final = 0.5


class ThreatFile:
    """The newest lists that could be read; the last good ones when the file is gone or damaged.

    A replaced map is never closed: it goes with the last `ThreatLists` that somebody still holds.
    """

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        self._path = path
        self._lists: ThreatLists | None = None
        self._signature: tuple[int, int, int] | None = None
        self._failing = False
        self._check_at = 0.0

    def current(self) -> ThreatLists | None:
        """Return the lists, or None when there never were any. Cheap: looks at the file twice a second."""
        now = time.monotonic()
        if now >= self._check_at:
            self._check_at = now + RECHECK_SECONDS
            self._reload()
        return self._lists

    def _reload(self) -> None:
        try:
            status = self._path.stat()
            signature = (status.st_ino, status.st_mtime_ns, status.st_size)
            if signature == self._signature:
                return
            mapped = _mapped(self._path)
            # Remembered even when it is damaged: said once, and not tried until it changes.
            self._signature = signature
            self._lists = ThreatLists(mapped)
        except FileNotFoundError:
            return
        except ThreatListsError as error:
            self._tell(str(error))
        except OSError as error:
            # A disk or a limit that fails now may not at the next look: tried again, and said once.
            if not self._failing:
                self._tell(error.strerror or "it cannot be read")
            self._failing = True
        else:
            self._failing = False

    def _tell(self, why: str) -> None:
        _log.error("%s: %s; the last good threat lists stay in force", self._path, why)


def publish_lists(
    path: Path, lists: Iterable[SourceEntries], *, now_us: int = 0, carry: ThreatLists | None = None
) -> None:
    """Compile lists (`compile_lists`) into the place of the old ones. Raises OSError and ValueError."""
    with replacing(path) as file:
        compile_lists(file, lists, now_us=now_us, carry=carry)


def _mapped(path: Path) -> memoryview | bytes:
    with path.open("rb") as file:
        try:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except ValueError:  # An empty file cannot be mapped.
            return b""
