"""segment_reader: the records of one segment, from a position on; damage is passed over and set aside."""

import errno
import logging
import os
from pathlib import Path
from typing import Final

import msgspec

from backstamp.journal import codec, framing
from backstamp.journal.layout import SET_ASIDE, RecordId, Segment, open_private
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

    def is_full(self, limit: int) -> bool:
        """Whether there are `limit` records, or as many octets as one batch may have."""
        return len(self.records) >= limit or self.size >= BATCH_BYTES

    def miss(self, producer: str, position: int, end: int) -> None:
        """Note that the journal has not what lay between two positions."""
        if position < end:
            self.missing += end - position
            _log.error(
                "journal: %d bytes at %d of producer %s are not there: deleted, or lost in a power cut",
                *(end - position, position, producer),
            )


class SegmentReader:
    """Reads a segment into a batch, from the producer's cursor on, and moves that."""

    def __init__(
        self,
        batch: Batch,
        producer: str,
        segment: Segment,
        *,
        after: int | None,
        finished: bool,
        set_aside: Path | None,
    ) -> None:
        """Read nothing yet.

        Args:
            batch: takes the records, and what is damaged or missing.
            producer: whose segment it is.
            segment: the file, and where it starts.
            after: where the next segment starts; None of the last one.
            finished: whether the producer writes no more.
            set_aside: the folder of the journal, where what is damaged is kept; None to look only.
        """
        self._batch = batch
        self._producer = producer
        self._segment = segment
        self._after = after
        self._grows = after is None and not finished
        self._set_aside = set_aside
        self._seed = framing.seed(producer)

    def read(self, limit: int) -> None:
        """Read on until the segment ends or the batch `is_full`. Raises OSError."""
        batch, producer, start = self._batch, self._producer, self._segment.start
        with self._segment.path.open("rb", buffering=0) as file:
            descriptor = file.fileno()
            while not batch.is_full(limit):
                position = batch.cursors[producer]
                end = start + os.fstat(descriptor).st_size if self._after is None else self._after
                if position >= end:
                    break
                data = os.pread(descriptor, min(CHUNK_BYTES, end - position), position - start)
                frames, used = framing.whole_frames(self._seed, data, position, limit - len(batch.records))
                if frames:
                    self._take(frames, used)
                elif not self._go_on_behind(descriptor, position, end):
                    break

    def _go_on_behind(self, descriptor: int, position: int, end: int) -> bool:
        """Take what is no whole frame within a chunk; return whether there may be more behind it.

        It is a hole, a frame longer than a chunk, damage, or a torn tail, which is waited for where more may
        be written.
        """
        batch, producer, start = self._batch, self._producer, self._segment.start
        hole = min(end, start + _next_data(descriptor, position - start))
        if hole > position:
            if hole == end and self._grows:
                return False
            self._count_damage(position, hole - position, lost=1)
            batch.cursors[producer] = hole
            return True
        data = os.pread(descriptor, min(2 * DAMAGE_BYTES, end - position), position - start)
        skipped = framing.next_whole(self._seed, data, position)
        if skipped is None and len(data) == 2 * DAMAGE_BYTES:
            skipped = DAMAGE_BYTES
        if skipped is None:
            if not self._grows:
                self._end_in_damage(position, data)
            return False
        if skipped:
            self._pass_over(position, data[:skipped])
            batch.size += skipped
            batch.cursors[producer] = position + skipped
        else:
            self._take(*framing.whole_frames(self._seed, data, position, 1))
        return True

    def _end_in_damage(self, position: int, data: bytes) -> None:
        """Leave a segment of which only `data`, without a whole frame, is left."""
        reached = position + len(data)
        if self._after is not None:
            self._pass_over(position, data)
            self._batch.miss(self._producer, reached, self._after)
            reached = self._after
        elif not _is_torn_frame(data):
            self._pass_over(position, data)
        self._batch.cursors[self._producer] = reached

    def _take(self, frames: list[tuple[int, bytes]], used: int) -> None:
        """Put the records of frames, which take `used` octets, into the batch."""
        batch, producer = self._batch, self._producer
        keep, decode, made = batch.records.append, codec.decode, tuple.__new__
        for position, payload in frames:
            try:
                # Without the function in which a named tuple is made from arguments.
                keep((made(RecordId, (producer, position)), decode(payload)))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                # Whole, but not of our vocabulary: written by a later version of ours.
                self._pass_over(position, payload)
        batch.size += used
        batch.cursors[producer] += used

    def _pass_over(self, position: int, data: bytes) -> None:
        """Count what is damaged, and keep it for people to look at."""
        if not data:
            return
        self._count_damage(position, len(data), lost=framing.count_lost(data))
        if self._set_aside is None:
            return
        try:
            folder = self._set_aside / SET_ASIDE
            folder.mkdir(mode=0o750, exist_ok=True)
            if sum(1 for _ in folder.iterdir()) < MAX_SET_ASIDE:
                path = folder / f"{self._producer}-{position:016x}.bad"
                with open(path, "wb", opener=open_private) as file:
                    file.write(data)
        except OSError as error:
            _log.error("journal: damaged records cannot be set aside: %s", error.strerror)

    def _count_damage(self, position: int, length: int, *, lost: int) -> None:
        self._batch.corrupt += lost
        _log.error(
            "journal: passed over %d damaged record(s), %d bytes at %d of producer %s",
            *(lost, length, position, self._producer),
        )


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
