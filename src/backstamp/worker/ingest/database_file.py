"""Whether SQLite's file is still the one that was opened.

Who puts a backup in its place while the worker runs changes nothing for SQLite, which goes on with the file
that has no name any more: what is ingested into that is gone with the next start, and its journal deleted.
"""

from enum import Enum, auto
from pathlib import Path

from django.db import connection

from backstamp.records.database.vendor import is_postgresql


class FileState(Enum):
    """What lies where the database was opened."""

    SAME = auto()
    ANOTHER = auto()
    GONE = auto()


class DatabaseFile:
    """The file as it is now; with PostgreSQL there is none, and it stays the same."""

    def __init__(self) -> None:
        self._path = None if is_postgresql() else Path(str(connection.settings_dict["NAME"]))
        self._opened = self._identity()

    def look(self) -> FileState:
        """Return what is there. Cheap."""
        seen = self._identity()
        if seen == self._opened:
            return FileState.SAME
        return FileState.GONE if seen is None else FileState.ANOTHER

    def _identity(self) -> tuple[int, int] | None:
        if self._path is None:
            return None
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino
