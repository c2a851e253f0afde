"""held_name: the name under which a writer writes, held by a locked file as long as its process lives."""

import contextlib
import fcntl
import os
import secrets
from pathlib import Path
from typing import NamedTuple

from backstamp.journal.files import Files
from backstamp.journal.layout import AHEAD, lock_path


def new_name(*, ahead: bool) -> str:
    """Return a name that nobody else has; by its beginning readers know who writes `ahead` of others."""
    name = secrets.token_hex(8)
    return AHEAD + name[1:] if ahead else name


class HeldName(NamedTuple):
    """A producer's name, where its segments and its lock are, and the lock, which is held."""

    name: str
    folder: Path
    lock: Path
    lock_file: int

    @classmethod
    def hold(cls, directory: Path, name: str, *, role: str, files: Files) -> "HeldName":
        """Make the lock and the folder of a name in the journal's folder. Raises OSError.

        `role` is noted in the lock file, for people; `files` is the disk.
        """
        files.make_directory(directory)
        lock, folder = lock_path(directory, name), directory / name
        lock_file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            # Locked before the folder is there: a reader never sees the folder of a seeming dead.
            fcntl.flock(lock_file, fcntl.LOCK_EX)
            files.make_directory(folder)
            # Only for people who look; a full disk does not matter here.
            with contextlib.suppress(OSError):
                os.write(lock_file, f"{role} {os.getpid()}\n".encode())
        except OSError:
            os.close(lock_file)
            raise
        return cls(name, folder, lock, lock_file)

    def let_go(self) -> None:
        """Let go of the name; readers then take its last segment as finished."""
        os.close(self.lock_file)


class OpenSegment(NamedTuple):
    """The segment that is written, and where readers find it and the lock."""

    descriptor: int
    path: Path
    held: HeldName

    def is_in_place(self, files: Files) -> bool:
        """Whether readers find the segment and its lock. Raises OSError."""
        return files.is_at(self.path, self.descriptor) and files.is_at(self.held.lock, self.held.lock_file)
