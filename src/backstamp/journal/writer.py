"""Append records: written before `append` returns, on the disk a moment later.

What `append` has returned survives the death of the process, for the kernel has it.  A loss of power
costs at most the last `sync` milliseconds (docs/journal.md).
"""

import contextlib
import errno
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from backstamp.journal import codec
from backstamp.journal.codec import PackedHit
from backstamp.journal.durations import Durations
from backstamp.journal.errors import JournalUnavailableError
from backstamp.journal.files import Files
from backstamp.journal.layout import RecordId
from backstamp.journal.stream import SEGMENT_BYTES, SEGMENT_SECONDS, Stream
from backstamp.vocabulary import JournalRecord, Sync

_log = logging.getLogger("backstamp.journal")

DEFAULT_SYNC: Final = 20
_NOT_SYNCED: Final = "cannot be synced to the disk"


class _Waiting(NamedTuple):
    """Whoever is to hear when a record is on the disk."""

    producer: str
    segment: int | None
    position: int
    tell: Callable[[JournalUnavailableError | None], None]


class JournalWriter:
    """The one writer of a process, or its one writer ahead; any thread may call it.

    Files are made at the first `append`, so a full disk does not keep a role from starting. Keep no
    writer across `os.fork`.
    """

    def __init__(
        self,
        directory: Path,
        *,
        role: str,
        ahead: bool = False,
        sync: Sync = DEFAULT_SYNC,
        segment_bytes: int = SEGMENT_BYTES,
        segment_seconds: float = SEGMENT_SECONDS,
        files: Files | None = None,
    ) -> None:
        """Choose a name. `role` is noted in the lock file, for people; `files` is the disk.

        What is written `ahead` does not wait behind what others wrote before.
        """
        self._always = sync == "always"
        self._interval = sync / 1000 if isinstance(sync, int) else 0.0
        self._segment_seconds = segment_seconds
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

        self._lock = threading.Lock()
        self._stream = Stream(
            directory,
            role=role,
            ahead=ahead,
            segment_bytes=segment_bytes,
            segment_seconds=segment_seconds,
            files=files or Files(),
            on_finished=self._wake.set,
        )
        self._grouped = isinstance(sync, int)
        self._dirty = not self._grouped  # "dirty" means that the thread need not be woken
        self._waiting: list[_Waiting] = []

        # Guards the closing of segments: a descriptor must not be closed under somebody's fdatasync.
        self._sync_lock = threading.Lock()
        self._sync_failing = False
        # What the last sync that somebody waited for reached: in which segment, and up to where.
        self._synced: tuple[int | None, int] = (None, 0)
        # And what the disk refused last: it is asked again when more is written, or somebody waits.
        self._refused: tuple[int | None, int] = (None, 0)
        self.sync_times = Durations()
        """How long the disk took, each time it was asked to have written, and how often it could not."""

    @property
    def producer(self) -> str:
        """The name under which records are written now; another one when the folder was replaced."""
        return self._stream.producer

    def append(self, record: JournalRecord) -> RecordId:
        """Write a record and return its id. Raises `JournalUnavailableError`, `RecordTooLargeError`.

        When each record is synced and it is the disk's answer that fails, the record may be found in the
        journal nevertheless.
        """
        payload = codec.encode(record)
        with self._lock:
            position = self._write(payload)  # which may choose another name
            return RecordId(self.producer, position)

    def append_hit(self, hit: PackedHit) -> None:
        """Like `append`, for the edge, which needs no id."""
        payload = codec.encode(hit)
        with self._lock:
            self._write(payload)

    def append_synced(self, record: JournalRecord) -> RecordId:
        """Like `append`, and the record is on the disk before it returns.

        When it is the disk's answer that fails, the record may be found in the journal nevertheless.
        """
        payload = codec.encode(record)
        with self._lock:
            position = self._write(payload)
            segment, producer = self._stream.segment, self.producer
        with self._sync_lock:
            self._reach(producer, segment, position)
        return RecordId(producer, position)

    def append_telling(
        self, record: JournalRecord, tell: Callable[[JournalUnavailableError | None], None]
    ) -> None:
        """Like `append`, and `tell` is called once the record is on the disk, or with what went wrong.

        It is called in a thread of the writer's own, which waits for the disk once for all that came while it
        waited before, and must not raise. Who appends waits for nothing, even where each record is synced.
        """
        payload = codec.encode(record)
        with self._lock:
            position = self._write(payload, waits=True)
            self._waiting.append(_Waiting(self.producer, self._stream.segment, position, tell))
            waited_for = len(self._waiting) > 1
        # Whoever came before has woken the thread, which takes all that wait once it is there.
        if not waited_for:
            self._hurry.set()
            self._wake.set()

    def _reach(self, producer: str, segment: int | None, position: int) -> None:
        """Have a record on the disk; the lock for syncing is held."""
        if self._stream.is_doubtful(producer, position):
            raise JournalUnavailableError.of(_NOT_SYNCED, OSError(errno.EIO, ""))
        # What others waited for may have put this record on the disk too.
        synced_segment, reached = self._synced
        if segment == synced_segment and position < reached:
            return
        if segment is None or not self._stream.is_open(segment):
            return
        with self._lock:
            reached = self._stream.position
        try:
            self._fdatasync(segment)
        except OSError as error:
            with self._lock:
                self._stream.doubt()
            raise JournalUnavailableError.of(_NOT_SYNCED, error) from None
        self._synced = (segment, reached)

    def wind_down(self) -> None:
        """Sync, and go on taking records until the process ends, each synced before `append` returns.

        For who cannot know which record is the last. The kernel lets go of the producer's name.
        """
        with self._lock:
            self._always = True
        self._sync()

    def close(self) -> None:
        """Sync, and let go of the producer's name; readers then take its last segment as finished."""
        with self._lock:
            if self._closing.is_set():
                return
            self._closing.set()
            self._stream.end()
        self._hurry.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self._sync()
        self._stream.let_go()

    def _write(self, payload: bytes, *, waits: bool = False) -> int:
        """Write a record, and return its position. `waits`: somebody will, who wakes the thread for it."""
        try:
            if self._thread is None:
                self._thread = self._start_thread()
            position = self._stream.write(payload)
        except OSError as error:
            raise JournalUnavailableError.of("cannot be written", error) from None
        if self._always and not waits:
            segment = self._stream.segment
            assert segment is not None, "something was written to it"
            try:
                self._fdatasync(segment)
            except OSError as error:
                self._stream.doubt()
                raise JournalUnavailableError.of(_NOT_SYNCED, error) from None
        if not self._dirty:
            self._dirty = True
            if not waits:
                self._wake.set()
        return position

    def _start_thread(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="journal-sync", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # As many as the system allows; without one of its own a record would wait for ever.
            raise OSError(errno.EAGAIN, "no thread can be started") from None
        return thread

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait(self._segment_seconds)
            self._hurry.wait(self._interval)
            self._wake.clear()
            self._hurry.clear()
            self._sync()
            self._finish_old_segment()

    def _sync(self) -> None:
        """Have on the disk what is written, tell who waits for it, and close what is finished."""
        with self._sync_lock:
            with self._lock:
                finished, segment = self._stream.finished[:], self._stream.segment
                reached = self._stream.position
                waiting, self._waiting = self._waiting, []
                # More is likely to come, so the thread looks again without being woken, which costs a
                # change of threads for each record.
                again = self._grouped and (segment, reached) not in (self._synced, self._refused)
                self._dirty = again or not self._grouped
            asked = [*finished]
            if segment is not None and (again or waiting):
                asked.append(segment)
            failed = self._sync_each(asked)
            if segment in failed:
                self._refused = (segment, reached)
            elif segment in asked:
                self._synced = (segment, reached)
            told = [(each.tell, self._error_of(each, failed)) for each in waiting]
            with self._lock:
                if failed:
                    self._stream.doubt()
                    # What the disk refused is not tried again, unless somebody has written since.
                    again = again and self._stream.position != reached
                    self._dirty = again or not self._grouped
                del self._stream.finished[: len(finished)]
            if again:
                self._wake.set()
            for descriptor in finished:
                self._close(descriptor)
        for tell, error in told:
            tell(None if error is None else JournalUnavailableError.of(_NOT_SYNCED, error))

    def _sync_each(self, segments: list[int]) -> dict[int, OSError]:
        """Return what the disk would not take, of which the log is told once.

        Each is tried: what one disk block refuses, the other segments need not pay for.
        """
        failed: dict[int, OSError] = {}
        for segment in segments:
            try:
                self._fdatasync(segment)
            except OSError as error:
                failed[segment] = error
        if failed and not self._sync_failing:
            reason = os.strerror(next(iter(failed.values())).errno or 0)
            _log.critical("journal cannot be synced (%s): check the disk", reason)
        self._sync_failing = bool(failed)
        return failed

    def _error_of(self, waiting: _Waiting, failed: dict[int, OSError]) -> OSError | None:
        """Return why a record that is waited for may not be on the disk after a sync."""
        if waiting.segment in failed:
            return failed[waiting.segment]
        # Asked now, and not before the sync: who wrote meanwhile may have been told of the error, which the
        # kernel tells of once.
        if self._stream.is_doubtful(waiting.producer, waiting.position):
            return OSError(errno.EIO, "")
        return None

    def _close(self, segment: int) -> None:
        if segment == self._synced[0]:
            self._synced = (None, 0)  # another file may get its number
        if segment == self._refused[0]:
            self._refused = (None, 0)
        self._stream.close_segment(segment)

    def _fdatasync(self, segment: int) -> None:
        began = time.perf_counter_ns()
        try:
            self._stream.sync(segment)
        except OSError:
            self.sync_times.failures += 1
            raise
        self.sync_times.add(time.perf_counter_ns() - began)

    def _finish_old_segment(self) -> None:
        """An idle producer must not keep ingested hits for ever, so age is looked at here too."""
        with self._lock:
            if self._stream.is_to_be_finished():
                with contextlib.suppress(OSError):  # the next append meets the same, and says so
                    self._stream.next_segment()
