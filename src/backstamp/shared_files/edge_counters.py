"""What each edge worker counts, kept in a small file that the worker role reads for `/metrics`.

    metrics/edge-<slot>.counters    held (flock) by the edge worker that writes it

A worker takes the first slot that nobody holds, and goes on counting from what it finds there: so counters
never go back when a worker is replaced, and there are as many files as there ever were workers at a time.
The hot path touches memory only; a mapped file would make it wait for the disk now and then.
"""

import contextlib
import fcntl
import logging
import os
import struct
import zlib
from enum import IntEnum
from pathlib import Path
from typing import Final

import msgspec

from backstamp.journal.durations import BUCKETS, SLOTS_OF_TIMES, Durations, folded
from backstamp.journal.layout import open_at_once

_log = logging.getLogger("backstamp.shared_files")


class Answer(IntEnum):
    """What the edge answered: places in `EdgeCounters.counts`."""

    PIXEL = 0
    REDIRECT = 1
    UNCHECKED = 2
    ONWARD = 3
    BLOCKED = 4
    IMAGE = 5
    PAGE = 6
    NOT_FOUND = 7
    NOT_ALLOWED = 8
    WARNED = 9
    CHECKING = 10
    LIMITED = 11
    REPORTED = 12


class Drop(IntEnum):
    """Why a hit, a report or a wish was answered and not recorded: places in `EdgeCounters.counts`."""

    WITHDRAWN = 13
    TRACKING_OFF = 14
    KILLED = 15
    JOURNAL_UNAVAILABLE = 16
    FAILURE = 17
    REPORT_LIMIT = 18
    HIT_LIMIT = 19
    WISH_LIMIT = 20


TIME_NS: Final = 21
"""Place of the time of all answers, in nanoseconds."""
TIMES: Final = 22
"""Where the places begin that count answers by their time (`Durations`)."""
SLOTS: Final = 256
_HISTOGRAM: Final = BUCKETS + 1
_SIZES: Final = (len(Answer), len(Drop), _HISTOGRAM, _HISTOGRAM, 1, 1)
_SCHEMA: Final = zlib.crc32(repr(([*Answer, *Drop], _SIZES)).encode())
_FILE: Final = struct.Struct(f">8sQ{sum(_SIZES)}Q")
_MAGIC: Final = b"BSedge1\n"


class EdgeValues(msgspec.Struct, frozen=True):
    """What one slot's file says. Times are `Durations.values`; `published_at_us` is 0 without a policy."""

    slot: int
    alive: bool
    answers: dict[Answer, int]
    drops: dict[Drop, int]
    answer_times: list[int]
    sync_times: list[int]
    sync_failures: int
    published_at_us: int


class EdgeCounters:
    """The counters of one edge worker."""

    def __init__(self, directory: Path, sync_times: Durations) -> None:
        """Count in memory; `flush` finds a slot in `directory`. `sync_times` are the journal's."""
        self.counts = [0] * (TIMES + SLOTS_OF_TIMES)
        """By `Answer`, `Drop`, `TIME_NS`, and from `TIMES` on: one list, for the hot path's sake."""
        self.published_at_us = 0
        self._sync_times = sync_times
        self._directory = directory
        self._before = [0] * (sum(_SIZES) - 1)
        self._file: int | None = None
        self._failing = False

    def flush(self) -> None:
        """Write the counters to the file. A disk that fails costs the figures, and nothing else."""
        try:
            if self._file is None:
                self._file = self._claim()
            values = [
                *self.counts[:TIME_NS],
                *folded(self.counts[TIMES:]),
                self.counts[TIME_NS],
                *self._sync_times.values(),
                self._sync_times.failures,
            ]
            sums = [then + now for then, now in zip(self._before, values, strict=True)]
            os.pwrite(self._file, _FILE.pack(_MAGIC, _SCHEMA, *sums, self.published_at_us), 0)
        except OSError as error:
            if not self._failing:
                _log.warning("the edge's counters cannot be written: %s", error.strerror)
            self._failing = True
        else:
            self._failing = False

    def _claim(self) -> int:
        self._directory.mkdir(mode=0o750, exist_ok=True)
        for slot in range(SLOTS):
            path = _path(self._directory, slot)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._before = _numbers(descriptor)[:-1]
            except BlockingIOError:
                os.close(descriptor)
            except OSError:  # a network's file system without locks: it is asked again every second
                os.close(descriptor)
                raise
            else:
                return descriptor
        raise OSError(0, "", f"no free slot in {self._directory}")


def read_edge_counters(directory: Path) -> list[EdgeValues]:
    """Return what the edge workers that there are, and were, have counted. Raises OSError."""
    found = []
    for slot in range(SLOTS):
        try:
            descriptor = open_at_once(str(_path(directory, slot)), os.O_RDONLY)
        except FileNotFoundError:
            break
        try:
            found.append(_values(slot, _is_held(descriptor), _numbers(descriptor)))
        finally:
            os.close(descriptor)
    return found


def _path(directory: Path, slot: int) -> Path:
    return directory / f"edge-{slot}.counters"


def _is_held(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _numbers(descriptor: int) -> list[int]:
    """Return what a file holds; zeros where it is new, damaged, or of another version of ours."""
    with contextlib.suppress(struct.error):
        magic, schema, *numbers = _FILE.unpack(os.pread(descriptor, _FILE.size, 0))
        if (magic, schema) == (_MAGIC, _SCHEMA):
            return numbers
    return [0] * sum(_SIZES)


def _values(slot: int, alive: bool, numbers: list[int]) -> EdgeValues:
    parts, at = [], 0
    for size in _SIZES:
        parts.append(numbers[at : at + size])
        at += size
    answers, drops, answer_times, sync_times, (sync_failures,), (published_at_us,) = parts
    return EdgeValues(
        slot,
        alive,
        dict(zip(Answer, answers, strict=True)),
        dict(zip(Drop, drops, strict=True)),
        answer_times,
        sync_times,
        sync_failures,
        published_at_us,
    )
