"""The file of newer copies of published lists: written by an update, read by edge, worker and console."""

from pathlib import Path
from typing import Final, NamedTuple

from backstamp.shared_files.replacing import replace_file
from backstamp.shared_files.shared_file import SharedFile
from backstamp.verdicts.networks import PACKAGED_TABLE, NetworkTable
from backstamp.verdicts.published import (
    Updates,
    decode_updates,
    encode_updates,
    table_of,
)

RECHECK_SECONDS: Final = 5.0
"""An update comes once a day; the edge takes it up within this time."""


class Signatures(NamedTuple):
    """The copies, and the table of networks that they and what is packaged make."""

    updates: Updates
    table: NetworkTable


class SignatureFile(SharedFile[Signatures]):
    """The newest copies; none where there never was an update."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        super().__init__(
            path,
            _read,
            nothing=Signatures(Updates(), PACKAGED_TABLE),
            recheck_seconds=RECHECK_SECONDS,
            in_force="the last good signatures stay in force",
        )

    def updates(self) -> Updates:
        """Return the copies."""
        return self.current().updates

    def table(self) -> NetworkTable:
        """Return the table of networks: another object only after an update. Cheap."""
        return self.current().table


def publish_updates(path: Path, updates: Updates) -> None:
    """Put updates in the place of the old ones. Raises OSError."""
    replace_file(path, encode_updates(updates))


def _read(path: Path) -> Signatures:
    updates = decode_updates(path.read_bytes())
    return Signatures(updates, table_of(updates))
