"""The file of sites that people here followed links to: written by the worker, read by the gateway."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from backstamp.shared_files.replacing import replace_file
from backstamp.shared_files.shared_file import SharedFile
from backstamp.threats.known_sites import KnownSites, encode_sites

RECHECK_SECONDS: Final = 5.0


class KnownSitesFile(SharedFile[KnownSites | None]):
    """The newest list; None as long as nobody can say what is new here."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        super().__init__(
            path,
            lambda file: KnownSites(file.read_bytes()),
            nothing=None,
            recheck_seconds=RECHECK_SECONDS,
            in_force="the last good list of known sites stays in force",
        )


def publish_sites(path: Path, sites: Iterable[str]) -> None:
    """Put sites in the place of the old ones. Raises OSError."""
    replace_file(path, encode_sites(sites))
