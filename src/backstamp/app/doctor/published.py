"""What the worker publishes for all roles, as the doctor reads it.

Where a pipe or a device lies in the place of one of these files, whoever read it would wait for ever;
`data_dir.contents` tells of it.
"""

import stat
from pathlib import Path

from backstamp.app.settings import Settings
from backstamp.app.settings.data_dir import DataFile
from backstamp.policy import Snapshot
from backstamp.shared_files import SignatureFile, SnapshotFile
from backstamp.shared_files.snapshot_file import consents_path, suppressed_path
from backstamp.verdicts.published import Updates


def snapshot_of(settings: Settings) -> Snapshot | None:
    """Return the policy; None where it is not published, or cannot be read."""
    path = settings.in_data_dir(DataFile.SNAPSHOT)
    if any(map(_is_no_file, (path, consents_path(path), suppressed_path(path)))):
        return None
    return SnapshotFile(path).current()


def is_published(settings: Settings) -> bool:
    """Whether there is a policy's file, be it damaged."""
    try:
        return settings.in_data_dir(DataFile.SNAPSHOT).is_file()
    except OSError:
        return False


def updates_of(settings: Settings) -> Updates:
    """Return the newer lists of networks; none where there are none, or they cannot be read."""
    path = settings.in_data_dir(DataFile.SIGNATURES)
    return Updates() if _is_no_file(path) else SignatureFile(path).updates()


def _is_no_file(path: Path) -> bool:
    """Whether something else than a file is there."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False
    except OSError:
        return True
