"""held_name: the name under which a writer writes, held by a locked file as long as its process lives."""

import contextlib
import fcntl
import os
import secrets
from pathlib import Path
from typing import NamedTuple

from backstamp.journal.files import Files, OpenFile
from backstamp.journal.layout import AHEAD, lock_path


def new_name(*, ahead: bool) -> str:
    """Return a name that nobody else has; by its beginning readers know who writes `ahead` of others."""
    name = secrets.token_hex(8)
    return AHEAD + name[1:] if ahead else name


class HeldName(NamedTuple):
    """A producer's name, where its segments are, and the lock, which is held by its descriptor."""

    name: str
    folder: Path
    lock: OpenFile
    descriptor: int

    @classmethod
    def hold(cls, directory: Path, name: str, *, role: str, files: Files) -> "HeldName":
        """Make the lock and the folder of a name in the journal's folder. Raises OSError.

        `role` is noted in the lock file, for people; `files` is the disk.
        """
        files.make_directory(directory)
        path, folder = lock_path(directory, name), directory / name
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            # Locked before the folder is there: a reader never sees the folder of a seeming dead.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            files.make_directory(folder)
            # Only for people who look; a full disk does not matter here.
            with contextlib.suppress(OSError):
                os.write(descriptor, f"{role} {os.getpid()}\n".encode())
            lock = OpenFile.of(path, descriptor)
        except OSError:
            os.close(descriptor)
            raise
        return cls(name, folder, lock, descriptor)

    def let_go(self) -> None:
        """Let go of the name; readers then take its last segment as finished."""
        os.close(self.descriptor)


class OpenSegment(NamedTuple):
    """The segment that is written, and the name under which it is."""

    descriptor: int
    file: OpenFile
    held: HeldName

    def is_in_place(self, files: Files) -> bool:
        """Whether readers find the segment and its lock. Raises OSError."""
        return files.is_in_place(self.file) and files.is_in_place(self.held.lock)
