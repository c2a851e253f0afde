"""Read what all writers appended, from where the last reading ended; delete what is ingested."""

import contextlib
import itertools
import logging
from collections.abc import Mapping
from pathlib import Path

from backstamp.journal.layout import AHEAD, is_alive, lock_path, producers, segments
from backstamp.journal.segment_reader import Batch, SegmentReader

_log = logging.getLogger("backstamp.journal")


class JournalReader:
    """Reads all producers' streams. Keeps no state that matters: cursors are the caller's."""

    def __init__(self, directory: Path, *, set_aside: bool = True, only: str | None = None) -> None:
        """Read the journal in `directory`, which need not exist yet, or of `only` one producer.

        Damaged stretches are copied to `set-aside/` unless the journal is only looked at.
        """
        self._directory = directory
        self._only = only
        self._set_aside = directory if set_aside else None
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
        if batch.is_full(limit):
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
                if self._set_aside or position:
                    batch.miss(producer, position, segment.start)
                batch.cursors[producer] = max(position, segment.start)
                SegmentReader(
                    batch,
                    producer,
                    segment,
                    after=after,
                    finished=finished,
                    set_aside=self._set_aside,
                ).read(limit)
                position = batch.cursors[producer]
                if batch.is_full(limit):
                    break
        except OSError as error:
            batch.unreadable[producer] = error.strerror or str(error)

    def _say_unreadable(self, batch: Batch) -> None:
        """Log what cannot be read, once as long as it stays so."""
        for producer, reason in batch.unreadable.items():
            if producer not in self._unreadable:
                _log.error("journal: producer %s cannot be read (%s); the others go on", producer, reason)
        self._unreadable = batch.unreadable
