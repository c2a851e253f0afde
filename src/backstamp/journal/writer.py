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

from backstamp.journal import codec, framing
from backstamp.journal.codec import PackedHit
from backstamp.journal.durations import Durations
from backstamp.journal.errors import JournalUnavailableError, RecordTooLargeError
from backstamp.journal.files import Files
from backstamp.journal.held_name import HeldName, OpenSegment, new_name
from backstamp.journal.layout import segment_path
from backstamp.vocabulary import JournalRecord, Sync

_log = logging.getLogger("backstamp.journal")

DEFAULT_SYNC: Final = 20
SEGMENT_BYTES: Final = 64 * 1024 * 1024
SEGMENT_SECONDS: Final = 300
"""A segment is closed at this age, so that what was ingested from it can be deleted."""


class RecordId(NamedTuple):
    """Where a record is: the writer that wrote it, and the byte offset in that writer's stream."""

    producer: str
    position: int


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
        self._ahead = ahead
        self.producer = new_name(ahead=ahead)
        self._directory = directory
        self._role = role
        self._always = sync == "always"
        self._interval = sync / 1000 if isinstance(sync, int) else 0.0
        self._segment_bytes = segment_bytes
        self._segment_seconds = segment_seconds
        self._files = files or Files()
        self._seed = framing.seed(self.producer)

        self._lock = threading.Lock()
        self._held: HeldName | None = None
        self._segment: int | None = None
        self._in_use: OpenSegment | None = None
        self._segment_start = 0
        self._rotate_at = 0
        self._opened_at = 0.0
        self._position = 0

        # Guards the closing of segments: a descriptor must not be closed under somebody's fdatasync.
        self._sync_lock = threading.Lock()
        self._finished: list[int] = []
        # Segments whose names may not be on the disk. Readers see a segment as soon as it is there, and take
        # the one before it for finished: there is no way back to that when only the name cannot be synced.
        self._unnamed: set[int] = set()
        self._grouped = isinstance(sync, int)
        self._dirty = not self._grouped  # "dirty" means that the thread need not be woken
        self._waiting: list[_Waiting] = []
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._sync_failing = False
        # Records before this position may not be on the disk, whatever a later fdatasync says: the kernel
        # reports an error once, and then takes the pages that it could not write for clean (fsync(2)).
        self._doubtful = 0
        # What the last sync that somebody waited for reached: in which segment, and up to where.
        self._synced: tuple[int | None, int] = (None, 0)
        # And what the disk refused last: it is asked again when more is written, or somebody waits.
        self._refused: tuple[int | None, int] = (None, 0)
        self.sync_times = Durations()
        """How long the disk took, each time it was asked to have written, and how often it could not."""

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
            segment, producer = self._segment, self.producer
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
            self._waiting.append(_Waiting(self.producer, self._segment, position, tell))
            waited_for = len(self._waiting) > 1
        # Whoever came before has woken the thread, which takes all that wait once it is there.
        if not waited_for:
            self._hurry.set()
            self._wake.set()

    def _reach(self, producer: str, segment: int | None, position: int) -> None:
        """Have a record on the disk; the lock for syncing is held."""
        if producer != self.producer or position < self._doubtful:
            raise JournalUnavailableError.of("cannot be synced to the disk", OSError(errno.EIO, ""))
        # A segment that is no longer among these was synced before it was closed; and what others
        # waited for may have put this record on the disk too.
        synced_segment, reached = self._synced
        if segment == synced_segment and position < reached:
            return
        if segment is None or (segment != self._segment and segment not in self._finished):
            return
        with self._lock:
            reached = self._position
        try:
            self._fdatasync(segment)
        except OSError as error:
            with self._lock:
                self._doubt()
            raise JournalUnavailableError.of("cannot be synced to the disk", error) from None
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
            self._finish_segment()
        self._hurry.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self._sync()
        if self._held is not None:
            self._held.let_go()

    def _write(self, payload: bytes, *, waits: bool = False) -> int:
        """Write a frame, and return its position. `waits`: somebody will, who wakes the thread for it."""
        if len(payload) > framing.MAX_PAYLOAD_BYTES:
            raise RecordTooLargeError(f"journal record of {len(payload)} bytes is too large")
        segment = self._segment
        try:
            if segment is None or self._position >= self._rotate_at:
                segment = self._next_segment()
            position = self._position
            data = framing.frame(self._seed, position, payload)
            written = self._files.write(segment, data)
            while written != len(data):
                written += self._files.write(segment, data[written:])
        except OSError as error:
            self._cut_torn_tail()
            raise JournalUnavailableError.of("cannot be written", error) from None
        # A reader may have the frame from now on, so its place is never used again, whatever the disk says.
        self._position = position + len(data)
        if self._always and not waits:
            try:
                self._fdatasync(segment)
            except OSError as error:
                self._doubt()
                raise JournalUnavailableError.of("cannot be synced to the disk", error) from None
        if not self._dirty:
            self._dirty = True
            if not waits:
                self._wake.set()
        return position

    def _next_segment(self) -> int:
        """Open the segment that starts at the present position; stay in the old one when that fails."""
        try:
            held = self._hold_name()
            path = segment_path(self._directory, self.producer, self._position)
            segment = self._files.open_segment(path)
        except OSError:
            if self._segment is None:
                raise
            return self._segment
        self._finish_segment()
        self._unnamed.add(segment)
        self._segment = segment
        self._in_use = OpenSegment(segment, path, held)
        self._segment_start = self._position
        self._rotate_at = self._position + self._segment_bytes
        self._opened_at = time.monotonic()
        return segment

    def _finish_segment(self) -> None:
        if self._segment is not None:
            self._finished.append(self._segment)
            self._segment = self._in_use = None
            self._wake.set()

    def _hold_name(self) -> HeldName:
        """Return the name under which to write, which is held; another one where readers find it no more."""
        if self._closing.is_set():
            raise OSError("the journal is closed")
        held, in_use = self._held, self._in_use
        if held is not None:
            if (in_use is None or in_use.is_in_place(self._files)) and (
                self._files.is_at(held.lock, held.lock_file) and held.folder.is_dir()
            ):
                return held
            self._begin_anew(held)
        if self._thread is None:
            self._thread = self._start_thread()
        self._held = HeldName.hold(self._directory, self.producer, role=self._role, files=self._files)
        return self._held

    def _begin_anew(self, held: HeldName) -> None:
        """Go on as another producer where the files are no longer where readers look.

        To them this one has died, and of the dead they expect nothing more.
        """
        _log.critical(
            "the journal's folder was emptied or replaced while it was written: "
            "what was written last may be lost"
        )
        self._finish_segment()
        held.let_go()
        self._held = None
        self.producer = new_name(ahead=self._ahead)
        self._seed = framing.seed(self.producer)
        self._position = self._segment_start = self._rotate_at = self._doubtful = 0
        self._unnamed.clear()

    def _start_thread(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="journal-sync", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # As many as the system allows; without one of its own a record would wait for ever.
            raise OSError(errno.EAGAIN, "no thread can be started") from None
        return thread

    def _doubt(self) -> None:
        """After a failed sync: trust nothing written so far, and go on in another segment if possible."""
        self._doubtful = self._rotate_at = self._position

    def _cut_torn_tail(self) -> None:
        """After a failed write: leave no half record, or leave the segment."""
        if self._segment is None:
            return
        try:
            self._files.truncate(self._segment, self._position - self._segment_start)
        except OSError:
            # The next segment starts at `_position`, which tells readers that the rest does not count.
            self._finish_segment()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait(self._segment_seconds)
            self._hurry.wait(self._interval)
            self._wake.clear()
            self._hurry.clear()
            self._sync()
            self._finish_old_segment()

    def _sync(self) -> None:
        told: list[tuple[_Waiting, OSError | None]] = []
        with self._sync_lock:
            with self._lock:
                finished, segment, reached = self._finished[:], self._segment, self._position
                waiting, self._waiting = self._waiting, []
                doubtful, producer = self._doubtful, self.producer
                # More is likely to come, so the thread looks again without being woken, which costs a
                # change of threads for each record.
                again = self._grouped and (segment, reached) not in (self._synced, self._refused)
                self._dirty = again or not self._grouped
            failed: dict[int | None, OSError] = {}
            # Each is tried: what one disk block refuses, the other segments need not pay for.
            for descriptor in (*finished, segment) if again or waiting else finished:
                try:
                    if descriptor is not None:
                        self._fdatasync(descriptor)
                        if descriptor == segment:
                            self._synced = (segment, reached)
                except OSError as error:
                    failed[descriptor] = error
            if segment in failed:
                self._refused = (segment, reached)
            for each in waiting:
                error_of = failed.get(each.segment)
                if error_of is None and (each.producer != producer or each.position < doubtful):
                    error_of = OSError(errno.EIO, "")
                told.append((each, error_of))
            if failed and not self._sync_failing:
                reason = os.strerror(next(iter(failed.values())).errno or 0)
                _log.critical("journal cannot be synced (%s): check the disk", reason)
            self._sync_failing = bool(failed)
            with self._lock:
                if failed:
                    self._doubt()
                    # What the disk refused is not tried again, unless somebody has written since.
                    again = again and self._position != reached
                    self._dirty = again or not self._grouped
                del self._finished[: len(finished)]
            if again:
                self._wake.set()
            for descriptor in finished:
                self._unnamed.discard(descriptor)
                if descriptor == self._synced[0]:
                    self._synced = (None, 0)  # another file may get its number
                if descriptor == self._refused[0]:
                    self._refused = (None, 0)
                with contextlib.suppress(OSError):  # what it held is synced, or that has failed already
                    self._files.close(descriptor)
        for each, error_of in told:
            if error_of is None:
                each.tell(None)
            else:
                each.tell(JournalUnavailableError.of("cannot be synced to the disk", error_of))

    def _fdatasync(self, descriptor: int) -> None:
        began = time.perf_counter_ns()
        try:
            if descriptor in self._unnamed:
                self._files.sync_names(self._directory / self.producer)
                self._unnamed.discard(descriptor)
            self._files.fdatasync(descriptor)
            self._look_for(descriptor)
        except OSError:
            self.sync_times.failures += 1
            raise
        self.sync_times.add(time.perf_counter_ns() - began)

    def _look_for(self, descriptor: int) -> None:
        """Raise OSError where the segment in use is not where readers look, who take it for ended or gone.

        Somebody emptied the folder, or put another disk there. What is written to a file that has no name any
        more goes with it, and the kernel finds nothing wrong with that.
        """
        in_use = self._in_use
        if in_use is None or descriptor != in_use.descriptor or in_use.is_in_place(self._files):
            return
        if in_use is self._in_use:  # else it was finished meanwhile, and may have been ingested and deleted
            raise OSError(errno.ESTALE, "")

    def _finish_old_segment(self) -> None:
        """An idle producer must not keep ingested hits for ever, so age is looked at here too."""
        with self._lock:
            if self._segment is None or self._position == self._segment_start or self._closing.is_set():
                return
            if time.monotonic() - self._opened_at >= self._segment_seconds:
                with contextlib.suppress(OSError):  # the next append meets the same, and says so
                    self._next_segment()
