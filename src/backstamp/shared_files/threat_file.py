"""The file of compiled threat lists: replaced as a whole by the worker, mapped by all who look URLs up."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from backstamp.shared_files.replacing import replacing
from backstamp.shared_files.shared_file import SharedFile, mapped
from backstamp.threats.lists import SourceEntries, ThreatLists, compile_lists

RECHECK_SECONDS: Final = 0.5


class ThreatFile(SharedFile[ThreatLists | None]):
    """The newest lists; None where there never were any."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        super().__init__(
            path,
            lambda file: ThreatLists(mapped(file)),
            nothing=None,
            recheck_seconds=RECHECK_SECONDS,
            in_force="the last good threat lists stay in force",
        )


def publish_lists(
    path: Path, lists: Iterable[SourceEntries], *, now_us: int = 0, carry: ThreatLists | None = None
) -> None:
    """Compile lists (`compile_lists`) into the place of the old ones. Raises OSError and ValueError."""
    with replacing(path) as file:
        compile_lists(file, lists, now_us=now_us, carry=carry)
