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
            # Remembered even when it cannot be read: said once, and not tried until it changes.
            self._signature = signature
            self._snapshot = decode_snapshot(self._path.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, SnapshotError) as error:
            _log.error("%s: the last good policy stays in force", error)


def publish_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Put a snapshot in the place of the old one; a reader sees the one or the other. Raises OSError."""
    replace_file(path, encode_snapshot(snapshot))
