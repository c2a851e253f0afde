"""A file that one role replaces as a whole and others read: the newest that was readable stays in force."""

import logging
import mmap
import time
from collections.abc import Callable
from pathlib import Path
from stat import S_ISREG
from typing import Generic, TypeVar

from backstamp.file_identity import FileIdentity, identity_of

T = TypeVar("T")

_log = logging.getLogger("backstamp.shared_files")


class SharedFile(Generic[T]):
    """What a file says; looked at every so often, and read again when it was replaced.

    A file that is gone leaves what it last said in force; so does one that is damaged, which is logged
    once.
    """

    def __init__(
        self, path: Path, read: Callable[[Path], T], *, nothing: T, recheck_seconds: float, in_force: str
    ) -> None:
        """Read nothing yet.

        Args:
            path: of the file.
            read: returns what a file says; raises `ValueError` with one line where it is damaged, or OSError.
            nothing: what holds while there never was a readable file.
            recheck_seconds: how often the file is looked at, at most.
            in_force: what the log says of the last good one: "the last good policy stays in force".
        """
        self._path = path
        self._read = read
        self._said = nothing
        self._recheck_seconds = recheck_seconds
        self._in_force = in_force
        self._identity: FileIdentity | None = None
        self._failing = False
        self._check_at = 0.0

    def current(self) -> T:
        """Return what the file says: the same object until it is replaced. Cheap."""
        now = time.monotonic()
        if now >= self._check_at:
            self._check_at = now + self._recheck_seconds
            self._look()
        return self._said

    def _look(self) -> None:
        try:
            status = self._path.stat()
            identity = identity_of(status)
            if identity == self._identity:
                return
            try:
                if not S_ISREG(status.st_mode):  # to open a named pipe would wait for ever
                    raise ValueError("it is no regular file")
                self._said = self._read(self._path)
            finally:
                # Also where it is damaged: that is said once, and not tried until it changes. What the
                # operating system refuses now it may not refuse at the next look.
                self._identity = identity
        except FileNotFoundError:
            return
        except ValueError as error:
            self._tell(str(error))
        except OSError as error:
            self._identity = None
            if not self._failing:
                self._tell(error.strerror or "it cannot be read")
            self._failing = True
        else:
            self._failing = False

    def _tell(self, why: str) -> None:
        _log.error("%s: %s; %s", self._path.name, why, self._in_force)


def mapped(path: Path) -> memoryview | bytes:
    """Return what a file holds without reading it: processes that map it share the memory. Raises OSError.

    A map of a file that was replaced is never closed: it goes with the last view that somebody still holds.
    """
    with path.open("rb") as file:
        try:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except ValueError:  # An empty file cannot be mapped.
            return b""
