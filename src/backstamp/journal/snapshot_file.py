"""The policy snapshot's file: replaced as a whole by the worker, read by gateway and edge."""

from pathlib import Path
from typing import Final

from backstamp.journal.replacing import replace_file
from backstamp.journal.shared_file import SharedFile
from backstamp.policy import Snapshot, decode_snapshot, encode_snapshot

RECHECK_SECONDS: Final = 0.5


class SnapshotFile(SharedFile[Snapshot | None]):
    """The newest policy; None where there never was one."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        super().__init__(
            path,
            lambda file: decode_snapshot(file.read_bytes()),
            nothing=None,
            recheck_seconds=RECHECK_SECONDS,
            in_force="the last good policy stays in force",
        )


def publish_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Put a snapshot in the place of the old one; a reader sees the one or the other. Raises OSError."""
    replace_file(path, encode_snapshot(snapshot))
