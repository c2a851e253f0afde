"""Why SQLite cannot open or write its files, which it does not say itself: "unable to open database file",
"disk I/O error".
"""

import os
import pwd
import sqlite3
from pathlib import Path
from typing import Final

_OPENS_NOT: Final = frozenset(
    (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)
)
_SHARED_MEMORY: Final = frozenset((sqlite3.SQLITE_IOERR_SHMMAP, sqlite3.SQLITE_IOERR_SHMOPEN))
_SUFFIXES: Final = ("", "-wal", "-shm")
"""Of the files that a database in WAL mode consists of."""


def explain(error: sqlite3.Error, path: Path) -> None:
    """Add to an error of SQLite's what is seen to be in the way of the database at `path`."""
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF in _OPENS_NOT and (why := _obstacle(path, code)):
        error.args = (f"{error}: {why}",)


def _obstacle(path: Path, code: int) -> str:
    """Return what is in the way of the file to which `path` leads; empty where nothing is seen."""
    path = Path(os.path.realpath(path))  # SQLite, too, has the other files beside that one
    files = [Path(f"{path}{suffix}") for suffix in _SUFFIXES]
    try:
        for each in (path.parent, *filter(Path.exists, files)):
            if os.statvfs(each).f_flag & os.ST_RDONLY:
                return f"the disk of {each} is mounted read-only"
            if not os.access(each, os.R_OK | os.W_OK):
                owner, user = _name(each.stat().st_uid), _name(os.geteuid())
                if owner == user:
                    return f"{user} may not read and write {each}; run: chmod u+rwX {each}"
                return f"{each} belongs to {owner}; run: chown {user} {each}"
        if not os.statvfs(path.parent).f_bavail:
            return f"the disk of {path.parent} is full"
    except OSError:
        return ""
    if code in _SHARED_MEMORY:
        return f"the file system of {path.parent} (a network's?) shares no memory; use a disk of this machine"
    return ""


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
