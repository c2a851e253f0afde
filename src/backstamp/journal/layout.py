"""Where the journal's files are, and who still writes them.

    journal/<producer>/<start position, 16 hex digits>.seg
    journal/<producer>.lock       held (flock) as long as the producer lives
    journal/w<...>/               a producer whose records are read ahead of all others': recipients' wishes
    journal/set-aside/<producer>-<position>.bad

A segment ends where the next one starts; the last one ends where its file ends.
"""

import fcntl
import os
import re
from pathlib import Path
from typing import Final, NamedTuple

SEGMENT_SUFFIX: Final = ".seg"
SET_ASIDE: Final = "set-aside"
AHEAD: Final = "w"
"""How the name of a producer begins whose records are read ahead."""
_PRODUCER: Final = re.compile(rf"[0-9a-f{AHEAD}][0-9a-f]{{15}}")
_SEGMENT: Final = re.compile(r"([0-3][0-9a-f]{15})\.seg")
"""No stream of ours comes so far that its place did not fit into the 63 bits that a database has for it."""


class RecordId(NamedTuple):
    """Where a record is: the writer that wrote it, and the byte offset in that writer's stream."""

    producer: str
    position: int


class Segment(NamedTuple):
    """One file of a producer's stream: where it starts in the stream, and its path."""

    start: int
    path: Path


def segment_path(directory: Path, producer: str, start: int) -> Path:
    """Return the path of the segment that starts at `start`."""
    return directory / producer / f"{start:016x}{SEGMENT_SUFFIX}"


def lock_path(directory: Path, producer: str) -> Path:
    """Return the path of the file that a living producer holds locked."""
    return directory / f"{producer}.lock"


def producers(directory: Path) -> list[str]:
    """Return the names of all producers that have a folder, sorted; none when there is no journal yet."""
    try:
        with os.scandir(directory) as entries:
            return sorted(e.name for e in entries if _PRODUCER.fullmatch(e.name) and e.is_dir())
    except FileNotFoundError:
        return []


def segments(directory: Path, producer: str) -> list[Segment]:
    """Return a producer's segments in the order of its stream; none when its folder is gone.

    What only has a segment's name is none: to open a named pipe would wait for ever.
    """
    try:
        with os.scandir(directory / producer) as entries:
            matches = [(_SEGMENT.fullmatch(e.name), e.path) for e in entries if e.is_file()]
    except FileNotFoundError:
        return []
    return sorted(Segment(int(match[1], 16), Path(path)) for match, path in matches if match)


def is_alive(directory: Path, producer: str) -> bool:
    """Return whether the producer still runs: its lock file is there and somebody holds it.

    A flock belongs to the open file, not to the process, so this is right inside the producer's own
    process too, and a process that was killed has let go of it.
    """
    try:
        descriptor = open_at_once(str(lock_path(directory, producer)), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def open_at_once(path: str, flags: int) -> int:
    """Open a file to read, as `open`'s `opener`: what only has its name may be a pipe that nobody writes."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def open_private(path: str, flags: int) -> int:
    """Open a file that only the owner may read, as `open`'s `opener`: what is set aside names people."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def sync_directory(path: Path) -> None:
    """Make the names in a folder survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
