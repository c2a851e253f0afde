"""The data directory: its disks, what lies there, the key file, and what the journal has set aside."""

import os
import pwd
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from backstamp.app import keyfile
from backstamp.app.doctor.findings import Finding, good, note, wrong
from backstamp.app.settings import Settings
from backstamp.app.settings.data_dir import DataFile, DataFolder
from backstamp.app.settings.table import DATA_DIR
from backstamp.journal.layout import SET_ASIDE
from backstamp.shared_files import consents_path, suppressed_path

_PARTS: Final = [part(Path(DataFile.SNAPSHOT)).name for part in (consents_path, suppressed_path)]
_LOOKED_AT: Final = sorted({*DataFolder, *DataFile, *_PARTS} - {DataFile.KEYS})
"""Of the key file `keys` speaks; what else lies there (`lost+found`) is not ours."""
LEAST_FREE_BYTES: Final = 500 * 10**6
"""A journal segment (64 MiB) per role, the capture mailbox (100 MB), and room to notice in time."""
SLOW_SYNC_SECONDS: Final = 0.1
"""A disk that needs longer for one small fdatasync makes group commits of 20 ms pointless."""


def disk(settings: Settings) -> Iterator[Finding]:
    """Is the data directory there, ours, writable, roomy and quick enough?"""
    directory = settings[DATA_DIR]
    if directory.exists() and not directory.is_dir():
        yield wrong("disk", f"{directory} is no directory", "move it away, or set data_dir to another place")
        return
    if not directory.exists():
        yield note("disk", f"{directory} does not exist yet", "start `backstamp serve` once; it makes it")
        return
    if directory.stat().st_mode & 0o077:
        yield wrong("disk", f"others may enter {directory}", f"run: chmod 700 {directory}")
    yield _disk_of(directory)
    for each in sorted(directory.iterdir()):
        with suppress(OSError):  # gone meanwhile, or a link to nothing
            if each.is_dir() and each.stat().st_dev != directory.stat().st_dev:
                yield _disk_of(each)


def _disk_of(directory: Path) -> Finding:
    """Return how the disk is on which a directory lies."""
    try:
        with tempfile.NamedTemporaryFile(dir=directory, prefix=".doctor-") as probe:
            probe.write(b"\0" * 4096)
            probe.flush()
            began = time.perf_counter()
            os.fdatasync(probe.fileno())
            took = time.perf_counter() - began
    except OSError as error:
        return wrong(
            "disk",
            f"{directory} cannot be written ({error.strerror})",
            "run as its owner; make room; mount it for writing again (dmesg says why it is not)",
        )
    free = shutil.disk_usage(directory).free
    if free < LEAST_FREE_BYTES:
        return wrong(
            "disk",
            f"only {free // 10**6} MB are free for {directory}",
            "make room: hits that cannot be written are lost, mail goes out untracked",
        )
    if took > SLOW_SYNC_SECONDS:
        return note(
            "disk",
            f"one fdatasync took {took * 1000:.0f} ms",
            "use a faster disk, or set journal.sync higher",
        )
    return good("disk", f"{free // 10**9} GB free for {directory}, fdatasync in {took * 1000:.1f} ms")


def contents(settings: Settings) -> Iterator[Finding]:
    """Is all that we keep in the data directory of its kind, and ours to read and write?"""
    for name in _LOOKED_AT:
        path, is_folder = settings.in_data_dir(name), isinstance(name, DataFolder)
        if not os.path.lexists(path):
            continue  # made by whoever needs it
        try:
            mode = path.stat().st_mode
            of_its_kind = stat.S_ISDIR(mode) if is_folder else stat.S_ISREG(mode)
            allowed = os.access(path, _needed(path))
        except FileNotFoundError:
            of_its_kind = allowed = False
        except PermissionError:
            yield wrong(
                "data",
                f"{path} leads to {path.readlink()}, which {_user()} may not reach",
                f"let {_user()} enter all folders above it",
            )
            continue
        except OSError as error:
            fix = "see to the disk on which it lies, and mount it again"
            yield wrong("data", f"{path} cannot be looked at ({error.strerror})", fix)
            continue
        if not of_its_kind:
            kind = "folder" if is_folder else "file"
            leads = f", and leads to {path.readlink()}" if path.is_symlink() else ""
            yield wrong("data", f"{path} is no {kind}{leads}", "move it away, or mount what belongs there")
        elif not allowed:
            user, place = _user(), path.resolve()  # chown -R changes a link, and not what it leads to
            fix = f"run: chown -R {user}: {place}; chmod -R u+rwX {place}"
            yield wrong("data", f"{user} may not read and write {path}", fix)


def _needed(path: Path) -> int:
    """Return what we must be allowed; of a disk that is mounted read-only `disk` speaks."""
    write = 0 if os.statvfs(path).f_flag & os.ST_RDONLY else os.W_OK
    return os.R_OK | write | (os.X_OK if path.is_dir() else 0)


def _user() -> str:
    """Return as whom we run: root's commands go on as the data directory's owner."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def keys(settings: Settings) -> Iterator[Finding]:
    """Is the key ring readable by us, and by nobody else?"""
    path = settings.in_data_dir(DataFile.KEYS)
    there = _is_there(path)
    if path.is_symlink() and not there:
        fix = "mount what belongs there, or restore it from your backup"
        yield wrong("keys", f"{path} leads to {path.readlink()}, which is not there", fix)
        return
    if not there and _is_there(settings.in_data_dir(DataFile.SNAPSHOT)):
        yield wrong(
            "keys",
            f"{path} is gone",
            "restore it from your backup before any start: that makes another one, and all links in mail "
            "that is out are dead",
        )
        return
    if not there and not settings[DATA_DIR].is_dir():
        return  # `disk` has told
    if not there:
        yield note("keys", f"{path} does not exist yet", "start `backstamp serve` once; it makes it")
        return
    try:
        ring = keyfile.read(path)
    except keyfile.KeyFileError as error:
        complaint, _, fix = str(error).rpartition("; ")
        yield wrong("keys", complaint, fix)
        return
    yield good(
        "keys", f"{len(ring.keys)} in {path}; without a backup of it, all delivered links die with this disk"
    )


def _is_there(path: Path) -> bool:
    """Whether something is there, be it behind a folder that we may not enter, or on a disk that fails."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        pass
    return True


def journal(settings: Settings) -> Iterator[Finding]:
    """Does anything of the journal wait for a person?"""
    folder = settings.in_data_dir(DataFolder.JOURNAL) / SET_ASIDE
    try:
        waiting = sum(1 for _ in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return  # `contents` has told what is no folder
    except OSError as error:
        yield wrong("journal", f"{folder} cannot be read ({error.strerror})", "run as its owner")
        return
    if waiting:
        yield note(
            "journal",
            f"{waiting} damaged stretches or refused records wait in {folder}",
            "look for their cause (the worker's log, the disk), then delete them (docs/journal.md)",
        )
