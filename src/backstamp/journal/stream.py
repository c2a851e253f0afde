"""stream: the files of one writer, a segment after the other, and how far they can be trusted."""

import contextlib
import errno
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from backstamp.journal import framing
from backstamp.journal.errors import RecordTooLargeError
from backstamp.journal.files import Files, OpenFile
from backstamp.journal.held_name import HeldName, OpenSegment, new_name
from backstamp.journal.layout import segment_path

_log = logging.getLogger("backstamp.journal")

SEGMENT_BYTES: Final = 64 * 1024 * 1024
SEGMENT_SECONDS: Final = 300
"""A segment is closed at this age, so that what was ingested from it can be deleted."""


class Stream:
    """What a producer has written. Its writer lets one thread in at a time, and one more to sync."""

    def __init__(
        self,
        directory: Path,
        *,
        role: str,
        ahead: bool,
        segment_bytes: int,
        segment_seconds: float,
        files: Files,
        on_finished: Callable[[], None],
    ) -> None:
        """Choose a name, and make nothing yet. `on_finished` hears that a segment waits to be closed."""
        self._directory = directory
        self._role = role
        self._ahead = ahead
        self._segment_bytes = segment_bytes
        self._segment_seconds = segment_seconds
        self._files = files
        self._on_finished = on_finished
        self._ended = False
        self._held: HeldName | None = None
        self._in_use: OpenSegment | None = None
        self._opened_at = 0.0
        # Segments whose names may not be on the disk. Readers see a segment as soon as it is there, and take
        # the one before it for finished: there is no way back to that when only the name cannot be synced.
        self._unnamed: set[int] = set()
        self.segment: int | None = None
        """The descriptor of the segment that is written."""
        self.finished: list[int] = []
        """Those of segments to which nothing is written any more, and which are to be synced and closed."""
        self._begin()

    def _begin(self) -> None:
        self.producer = new_name(ahead=self._ahead)
        self._seed = framing.seed(self.producer)
        self.position = self._segment_start = self._rotate_at = 0
        # Records before this position may not be on the disk, whatever a later fdatasync says: the kernel
        # reports an error once, and then takes the pages that it could not write for clean (fsync(2)).
        self._doubtful = 0

    def write(self, payload: bytes) -> int:
        """Write a frame, and return its position. Raises OSError, `RecordTooLargeError`."""
        if len(payload) > framing.MAX_PAYLOAD_BYTES:
            raise RecordTooLargeError(f"journal record of {len(payload)} bytes is too large")
        segment = self.segment
        try:
            if segment is None or self.position >= self._rotate_at:
                segment = self.next_segment()
            position = self.position
            data = framing.frame(self._seed, position, payload)
            written = self._files.write(segment, data)
            while written != len(data):
                written += self._files.write(segment, data[written:])
        except OSError:
            self._cut_torn_tail()
            raise
        # A reader may have the frame from now on, so its place is never used again, whatever the disk says.
        self.position = position + len(data)
        return position

    def next_segment(self) -> int:
        """Open the segment that starts at the present position; stay in the old one when that fails.

        Return its descriptor. Raises OSError where there is no old one.
        """
        try:
            held = self._hold_name()
            path = segment_path(self._directory, self.producer, self.position)
            segment = self._files.open_segment(path)
            file = OpenFile.of(path, segment)
        except OSError:
            if self.segment is None:
                raise
            return self.segment
        self._finish_segment()
        self._unnamed.add(segment)
        self.segment = segment
        self._in_use = OpenSegment(segment, file, held)
        self._segment_start = self.position
        self._rotate_at = self.position + self._segment_bytes
        self._opened_at = time.monotonic()
        return segment

    def is_to_be_finished(self) -> bool:
        """Whether records lie in the present segment for so long that it should make way for another."""
        return (
            self.segment is not None
            and self.position != self._segment_start
            and not self._ended
            and time.monotonic() - self._opened_at >= self._segment_seconds
        )

    def is_open(self, segment: int) -> bool:
        """Whether a segment has not been closed, before which it was synced."""
        return segment == self.segment or segment in self.finished

    def doubt(self) -> None:
        """After a failed sync: trust nothing written so far, and go on in another segment if possible."""
        self._doubtful = self._rotate_at = self.position

    def is_doubtful(self, producer: str, position: int) -> bool:
        """Whether a record may not be on the disk although a sync after it succeeded."""
        return producer != self.producer or position < self._doubtful

    def sync(self, segment: int) -> None:
        """Return when a segment, and its name, are on the disk. Raises OSError."""
        if segment in self._unnamed:
            self._files.sync_names(self._directory / self.producer)
            self._unnamed.discard(segment)
        self._files.fdatasync(segment)
        self._look_for(segment)

    def close_segment(self, segment: int) -> None:
        """Let go of a finished segment."""
        self._unnamed.discard(segment)
        with contextlib.suppress(OSError):  # what it held is synced, or that has failed already
            self._files.close(segment)

    def end(self) -> None:
        """Take nothing more."""
        self._ended = True
        self._finish_segment()

    def let_go(self) -> None:
        """Let go of the name; readers then take the last segment as finished."""
        if self._held is not None:
            self._held.let_go()

    def _finish_segment(self) -> None:
        if self.segment is not None:
            self.finished.append(self.segment)
            self.segment = self._in_use = None
            self._on_finished()

    def _hold_name(self) -> HeldName:
        """Return the name under which to write, which is held; another one where readers find it no more."""
        if self._ended:
            raise OSError("the journal is closed")
        held, in_use = self._held, self._in_use
        if held is not None:
            if (in_use is None or in_use.is_in_place(self._files)) and (
                self._files.is_in_place(held.lock) and held.folder.is_dir()
            ):
                return held
            self._begin_anew(held)
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
        self._unnamed.clear()
        self._begin()

    def _cut_torn_tail(self) -> None:
        """After a failed write: leave no half record, or leave the segment."""
        if self.segment is None:
            return
        try:
            self._files.truncate(self.segment, self.position - self._segment_start)
        except OSError:
            # The next segment starts at `position`, which tells readers that the rest does not count.
            self._finish_segment()

    def _look_for(self, segment: int) -> None:
        """Raise OSError where the segment in use is not where readers look, who take it for ended or gone.

        Somebody emptied the folder, or put another disk there. What is written to a file that has no name any
        more goes with it, and the kernel finds nothing wrong with that.
        """
        in_use = self._in_use
        if in_use is None or segment != in_use.descriptor or in_use.is_in_place(self._files):
            return
        if in_use is self._in_use:  # else it was finished meanwhile, and may have been ingested and deleted
            raise OSError(errno.ESTALE, "")
