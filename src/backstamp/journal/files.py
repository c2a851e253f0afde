"""What the writer asks of the file system: one place, so that a test can put a failing disk there."""

import contextlib
import os
from pathlib import Path
from typing import Final, NamedTuple

from backstamp.journal.layout import sync_directory

_APPEND: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC


class OpenFile(NamedTuple):
    """What an open file is known by, and the path at which others find it.

    It is asked for once: each system call of the thread that syncs is a change of threads at the
    interpreter's lock, and two of five take 3 to 8 % of a received mail's time in the gateway.
    """

    path: Path
    device: int
    inode: int

    @classmethod
    def of(cls, path: Path, descriptor: int) -> "OpenFile":
        """Return that of a descriptor. Raises OSError."""
        status = os.fstat(descriptor)
        return cls(path, status.st_dev, status.st_ino)


class Files:
    """The real file system. Every method raises OSError."""

    write = staticmethod(os.write)
    """Append bytes to a segment; return how many were taken (write(2))."""
    fdatasync = staticmethod(os.fdatasync)
    """Return when what a segment holds is on the disk."""
    truncate = staticmethod(os.ftruncate)
    """Cut a segment to a length."""
    close = staticmethod(os.close)
    """Let go of a segment."""

    sync_names = staticmethod(sync_directory)
    """Return when the names in a folder are on the disk."""

    def is_in_place(self, file: OpenFile) -> bool:
        """Return whether its path still leads to a file."""
        try:
            found = file.path.stat()
        except FileNotFoundError:
            return False
        return found.st_ino == file.inode and found.st_dev == file.device

    def open_segment(self, path: Path) -> int:
        """Return the descriptor of a new empty segment, whose name is not on the disk before `sync_names`.

        A torn frame that could not be cut may have left a file of this very name: it is emptied.
        """
        return os.open(path, _APPEND, 0o640)

    def make_directory(self, path: Path) -> None:
        """Make a folder whose name is on the disk, and the folders above it; it may be there already."""
        if path.is_dir():
            return
        self.make_directory(path.parent)
        path.mkdir(mode=0o750, exist_ok=True)
        try:
            self.sync_names(path.parent)
        except OSError:
            # Or it would be there the next time, and not on the disk.
            with contextlib.suppress(OSError):
                path.rmdir()
            raise
