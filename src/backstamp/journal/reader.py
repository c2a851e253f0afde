"""Read what writers appended, from where the last reading ended; whatever is damaged, go on after it."""

import contextlib
import errno
import itertools
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from backstamp.journal import codec, framing
from backstamp.journal.layout import (
    AHEAD,
    SET_ASIDE,
    RecordId,
    Segment,
    is_alive,
    lock_path,
    open_private,
    producers,
    segments,
)
from backstamp.vocabulary import JournalRecord

_log = logging.getLogger("backstamp.journal")

CHUNK_BYTES: Final = 256 * 1024
"""Read at once. Of a megabyte the first frames had left the processor's cache when the last were found, and a
record took an eighth longer."""
BATCH_BYTES: Final = 32 * 1024 * 1024
"""A batch ends here whatever its limit says: a message's record may have megabytes."""
MAX_SET_ASIDE: Final = 1000
"""So many damaged stretches are kept for people to look at; more are only counted."""
DAMAGE_BYTES: Final = framing.HEADER_BYTES + framing.MAX_PAYLOAD_BYTES
"""In damage, frames are looked for in twice this at a time: what begins in the first half is whole."""


class Batch(msgspec.Struct):
    """What one `read` gave. `cursors` holds every producer that there is, and where it was left.

    `corrupt` counts damaged records that were passed over and set aside; a record cut short by the
    death of its writer is none of them, for nobody was ever told that it was written. `missing` counts bytes
    of files that are not there. `unreadable` says of producers whose files the system does not let us read
    what it says; their cursors stay where they were. `began` are the cursors from which was read: what the
    reader takes for ingested.
    """

    records: list[tuple[RecordId, JournalRecord]]
    cursors: dict[str, int]
    corrupt: int = 0
    size: int = 0
    missing: int = 0
    unreadable: dict[str, str] = msgspec.field(default_factory=dict)
    began: dict[str, int] = msgspec.field(default_factory=dict)


class JournalReader:
    """Reads all producers' streams. Keeps no state that matters: cursors are the caller's."""

    def __init__(self, directory: Path, *, set_aside: bool = True, only: str | None = None) -> None:
        """Read the journal in `directory`, which need not exist yet, or of `only` one producer.

        Damaged stretches are copied to `set-aside/` unless the journal is only looked at.
        """
        self._directory = directory
        self._only = only
        self._set_aside = set_aside
        self._turn = 0
        self._dead: set[str] = set()
        self._gone: set[str] = set()
        self._unreadable: dict[str, str] = {}
        self._kept: set[str] = set()

    def read(self, cursors: Mapping[str, int], limit: int) -> Batch:
        """Return at most `limit` records after `cursors`; a producer not named there is read from its start.

        Records of one producer come in the order in which they were written. A cursor is never moved past
        the torn tail of a living producer.
        """
        names = [name for name in producers(self._directory) if self._only in (None, name)]
        # Each reading begins with another producer, so that a busy one cannot starve the rest.
        self._turn += 1
        batch = self._read(names, cursors, limit)
        self._say_unreadable(batch)
        return batch

    def read_ahead(self, cursors: Mapping[str, int], limit: int) -> Batch:
        """Like `read`, of the producers alone whose records go ahead of all others'."""
        names = [name for name in producers(self._directory) if name.startswith(AHEAD)]
        return self._read(names, cursors, limit)

    def _read(self, names: list[str], cursors: Mapping[str, int], limit: int) -> Batch:
        batch = Batch([], {})
        # Each has its share first, so that what came at about the same time is read together.
        first = self._turn % len(names) if names else 0
        order = names[first:] + names[:first]
        batch.cursors.update((producer, cursors.get(producer, 0)) for producer in order)
        batch.began.update(batch.cursors)
        share = -(-limit // max(1, len(order)))
        longer = []
        for producer in order:
            before = len(batch.records)
            self._read_producer(batch, producer, min(limit, before + share))
            if len(batch.records) - before == share:
                longer.append(producer)
        for producer in longer:
            self._read_producer(batch, producer, limit)
        return batch

    def retire(self, cursors: Mapping[str, int]) -> int:
        """Delete the segments that lie wholly before `cursors` and are no longer written.

        Call it with cursors that are safely stored. Returns how many were deleted.
        """
        deleted = 0
        for producer in producers(self._directory):
            try:
                deleted += self._retire_producer(producer, cursors.get(producer, 0))
            except OSError as error:
                if producer not in self._kept:
                    _log.error(
                        "journal: what is ingested of producer %s cannot be deleted (%s)",
                        *(producer, error.strerror),
                    )
                    self._kept.add(producer)
        return deleted

    def _retire_producer(self, producer: str, position: int) -> int:
        finished = self._is_finished(producer)
        stream = segments(self._directory, producer)
        done = [before for before, after in itertools.pairwise(stream) if position >= after.start]
        if finished and stream and position >= stream[-1].start + stream[-1].path.stat().st_size:
            done.append(stream[-1])
        for segment in done:
            segment.path.unlink(missing_ok=True)
        if finished and len(done) == len(stream):
            # A file that is not ours keeps the folder, and harms nobody there.
            with contextlib.suppress(OSError):
                (self._directory / producer).rmdir()
                self._gone.add(producer)
                self._dead.discard(producer)
                lock_path(self._directory, producer).unlink(missing_ok=True)
        return len(done)

    def take_gone(self) -> set[str]:
        """Return the producers that `retire` deleted as a whole since this was last asked.

        Who merely is not seen may be on a disk that is not mounted now, and come back.
        """
        gone, self._gone = self._gone, set()
        return gone

    def _is_finished(self, producer: str) -> bool:
        # Names are random and never used again: who is dead stays dead.
        if producer not in self._dead and not is_alive(self._directory, producer):
            self._dead.add(producer)
        return producer in self._dead

    def _read_producer(self, batch: Batch, producer: str, limit: int) -> None:
        """Read on in a producer's stream until the batch has so many records, and move its cursor.

        What cannot be read stops no other.
        """
        if len(batch.records) >= limit or batch.size >= BATCH_BYTES:
            return
        position = batch.cursors[producer]
        try:
            # First whether it lives, then what there is: the other way round its last words would be lost.
            finished = self._is_finished(producer)
            stream = segments(self._directory, producer)
            for index, segment in enumerate(stream):
                after = stream[index + 1].start if index + 1 < len(stream) else None
                if after is not None and position >= after:
                    continue
                # Who only looks begins at the start of everything, of which most was ingested and deleted.
                if position < segment.start and (self._set_aside or position):
                    self._miss(batch, producer, position, segment.start)
                batch.cursors[producer] = position = max(position, segment.start)
                self._read_segment(batch, producer, segment, after, finished, limit)
                position = batch.cursors[producer]
                if after is None or len(batch.records) >= limit or batch.size >= BATCH_BYTES:
                    break
                if position < after:  # only a limit stops before the end of a finished segment
                    break
        except OSError as error:
            batch.unreadable[producer] = error.strerror or str(error)

    def _say_unreadable(self, batch: Batch) -> None:
        """Log what cannot be read, once as long as it stays so."""
        for producer, reason in batch.unreadable.items():
            if producer not in self._unreadable:
                _log.error("journal: producer %s cannot be read (%s); the others go on", producer, reason)
        self._unreadable = batch.unreadable

    def _read_segment(
        self, batch: Batch, producer: str, segment: Segment, after: int | None, finished: bool, limit: int
    ) -> None:
        seed = framing.seed(producer)
        with segment.path.open("rb", buffering=0) as file:
            while len(batch.records) < limit and batch.size < BATCH_BYTES:
                position = batch.cursors[producer]
                end = after if after is not None else segment.start + os.fstat(file.fileno()).st_size
                room = min(CHUNK_BYTES, end - position)
                if room <= 0:
                    break
                data = os.pread(file.fileno(), room, position - segment.start)
                frames, used = framing.whole_frames(seed, data, position, limit - len(batch.records))
                skipped: int | None = 0
                if not frames:
                    hole = min(end, segment.start + _next_data(file.fileno(), position - segment.start))
                    if hole > position:
                        if hole == end and after is None and not finished:
                            break
                        self._count_damage(batch, producer, position, hole - position, lost=1)
                        batch.cursors[producer] = hole
                        continue
                    # A frame longer than a chunk, a torn tail, or damage: look at what is left.
                    window = min(2 * DAMAGE_BYTES, end - position)
                    data = os.pread(file.fileno(), window, position - segment.start)
                    skipped = framing.next_whole(seed, data, position)
                    if skipped is None and len(data) == 2 * DAMAGE_BYTES:
                        skipped = DAMAGE_BYTES
                    if skipped is None:
                        if after is None and not finished:
                            break
                        self._pass_over(batch, producer, position, data, torn=after is None)
                        if after is not None:
                            self._miss(batch, producer, position + len(data), after)
                        batch.cursors[producer] = after if after is not None else position + len(data)
                        break
                    if skipped:
                        self._pass_over(batch, producer, position, data[:skipped], torn=False)
                        position += skipped
                    frames, used = framing.whole_frames(seed, data[skipped:], position, 1)
                self._take(batch, producer, frames)
                batch.size += used + (skipped or 0)
                batch.cursors[producer] = position + used

    def _take(self, batch: Batch, producer: str, frames: list[tuple[int, bytes]]) -> None:
        keep, decode, made = batch.records.append, codec.decode, tuple.__new__
        for position, payload in frames:
            try:
                # Without the function in which a named tuple is made from arguments.
                keep((made(RecordId, (producer, position)), decode(payload)))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                # Whole, but not of our vocabulary: written by a later version of ours.
                self._pass_over(batch, producer, position, payload, torn=False)

    def _miss(self, batch: Batch, producer: str, position: int, end: int) -> None:
        """Note that the journal has not what lay between."""
        if position < end:
            batch.missing += end - position
            _log.error(
                "journal: %d bytes at %d of producer %s are not there: deleted, or lost in a power cut",
                *(end - position, position, producer),
            )

    def _count_damage(self, batch: Batch, producer: str, position: int, length: int, *, lost: int) -> None:
        batch.corrupt += lost
        _log.error(
            "journal: passed over %d damaged record(s), %d bytes at %d of producer %s",
            *(lost, length, position, producer),
        )

    def _pass_over(self, batch: Batch, producer: str, position: int, data: bytes, *, torn: bool) -> None:
        if not data or (torn and _is_torn_frame(data)):
            return
        self._count_damage(batch, producer, position, len(data), lost=framing.count_lost(data))
        if not self._set_aside:
            return
        try:
            folder = self._directory / SET_ASIDE
            folder.mkdir(mode=0o750, exist_ok=True)
            if sum(1 for _ in folder.iterdir()) < MAX_SET_ASIDE:
                path = folder / f"{producer}-{position:016x}.bad"
                with open(path, "wb", opener=open_private) as file:
                    file.write(data)
        except OSError as error:
            _log.error("journal: damaged records cannot be set aside: %s", error.strerror)


def _next_data(descriptor: int, offset: int) -> int:
    """Return where a file has data again: `offset`, or the end of the hole or of the file (lseek(2)).

    In a hole there are zeros, with which no frame begins. To read one of 20 GB took more than a minute.
    """
    try:
        return os.lseek(descriptor, offset, os.SEEK_DATA)
    except OSError as error:
        # Else the file system knows no holes.
        return max(offset, os.fstat(descriptor).st_size) if error.errno == errno.ENXIO else offset


def _is_torn_frame(data: bytes) -> bool:
    """Return whether `data` is what a write that was cut short leaves: one frame's beginning."""
    return data[: len(framing.MAGIC)] == framing.MAGIC[: len(data)] and data.count(framing.MAGIC) <= 1
