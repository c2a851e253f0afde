"""The policy snapshot's file: replaced as a whole by the worker, read by gateway and edge."""

import logging
import time
from pathlib import Path
from typing import Final

from backstamp.journal.replacing import replace_file
from backstamp.policy import Snapshot, SnapshotError, decode_snapshot, encode_snapshot

_log = logging.getLogger("backstamp.journal")

RECHECK_SECONDS: Final = 0.5


class SnapshotFile:
    """The newest snapshot that could be read; the last good one when the file is gone or damaged."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        self._path = path
        self._snapshot: Snapshot | None = None
        self._signature: tuple[int, int, int] | None = None
        self._failing = False
        self._check_at = 0.0

    def current(self) -> Snapshot | None:
        """Return the policy, or None when there never was one. Cheap: looks at the file twice a second."""
        now = time.monotonic()
        if now >= self._check_at:
            self._check_at = now + RECHECK_SECONDS
            self._reload()
        return self._snapshot

    def _reload(self) -> None:
        try:
            status = self._path.stat()
            signature = (status.st_ino, status.st_mtime_ns, status.st_size)
            if signature == self._signature:
                return
            data = self._path.read_bytes()
            # Remembered even when it is damaged: said once, and not tried until it changes.
            self._signature = signature
            self._snapshot = decode_snapshot(data)
        except FileNotFoundError:
            return
        except SnapshotError as error:
            self._tell(error)
        except OSError as error:
            # A disk or a limit that fails now may not at the next look: tried again, and said once.
            if not self._failing:
                self._tell(error)
            self._failing = True
        else:
            self._failing = False

    def _tell(self, error: Exception) -> None:
        _log.error("%s: the last good policy stays in force", error)


def publish_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Put a snapshot in the place of the old one; a reader sees the one or the other. Raises OSError."""
    replace_file(path, encode_snapshot(snapshot))
