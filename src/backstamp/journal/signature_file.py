"""The file of newer copies of published lists: written by an update, read by edge, worker and console."""

import logging
import time
from pathlib import Path
from typing import Final

from backstamp.journal.replacing import replace_file
from backstamp.verdicts.networks import PACKAGED_TABLE, NetworkTable
from backstamp.verdicts.published import (
    Updates,
    decode_updates,
    encode_updates,
    table_of,
)

_log = logging.getLogger("backstamp.journal")

FILE_NAME: Final = "signatures.json"
RECHECK_SECONDS: Final = 5.0
"""An update comes once a day; the edge takes it up within this time."""


class SignatureFile:
    """The newest copies that could be read; the last good ones when the file is gone or damaged."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        self._path = path
        self._updates = Updates()
        self._table = PACKAGED_TABLE
        self._signature: tuple[int, int, int] | None = None
        self._failing = False
        self._check_at = 0.0

    def updates(self) -> Updates:
        """Return the copies; none where there never was an update."""
        self._look()
        return self._updates

    def table(self) -> NetworkTable:
        """Return the table of networks: another object only after an update. Cheap."""
        self._look()
        return self._table

    def _look(self) -> None:
        now = time.monotonic()
        if now < self._check_at:
            return
        self._check_at = now + RECHECK_SECONDS
        try:
            status = self._path.stat()
            signature = (status.st_ino, status.st_mtime_ns, status.st_size)
            if signature == self._signature:
                return
            data = self._path.read_bytes()
            # Remembered even when it is damaged: said once, and not tried until it changes.
            self._signature = signature
            updates = decode_updates(data)
            self._updates, self._table = updates, table_of(updates)
        except FileNotFoundError:
            return
        except ValueError as error:
            self._tell(str(error))
        except OSError as error:
            # A disk or a limit that fails now may not at the next look: tried again, and said once.
            if not self._failing:
                self._tell(error.strerror or "it cannot be read")
            self._failing = True
        else:
            self._failing = False

    def _tell(self, why: str) -> None:
        _log.error("%s: %s; the last good signatures stay in force", self._path.name, why)


def publish_updates(path: Path, updates: Updates) -> None:
    """Put updates in the place of the old ones. Raises OSError."""
    replace_file(path, encode_updates(updates))
