"""A disk that forgets what was not synced when the power goes."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backstamp.journal.files import Files
from backstamp.journal.layout import producers, segments


class ForgetfulDisk(Files):
    """Keeps of each segment what it held when the last `fdatasync` that has returned began.

    Its name is kept when its folder was synced.
    """

    def __init__(self, sync_seconds: float = 0.0) -> None:
        self.sync_seconds = sync_seconds
        self.longest_sync = 0.0
        self.longest_write = 0.0
        """Of a record, or to begin a segment: who syncs waits for that."""
        self.syncs = 0
        self._lock = threading.Lock()
        self._paths: dict[int, Path] = {}
        self._kept: dict[Path, int] = {}
        self._named: set[Path] = set()

    def write(self, descriptor: int, data: bytes) -> int:  # type: ignore[override]
        with self._timed_write():
            return os.write(descriptor, data)

    def open_segment(self, path: Path) -> int:
        with self._timed_write():
            descriptor = super().open_segment(path)
        with self._lock:
            self._paths[descriptor] = path
            self._kept[path] = 0
        return descriptor

    def fdatasync(self, descriptor: int) -> None:  # type: ignore[override]
        began = time.monotonic()
        path, size = self._paths[descriptor], os.fstat(descriptor).st_size
        time.sleep(self.sync_seconds)
        with self._lock:
            self._kept[path] = max(self._kept[path], size)
            self.longest_sync = max(self.longest_sync, time.monotonic() - began)
            self.syncs += 1

    @contextmanager
    def _timed_write(self) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.longest_write = max(self.longest_write, time.monotonic() - began)

    def sync_names(self, folder: Path) -> None:
        with self._lock:
            self._named |= set(folder.iterdir())

    def kept(self) -> int:
        """How many bytes would be there after a power cut."""
        with self._lock:
            return sum(size for path, size in self._kept.items() if path in self._named)

    def lose_power(self, journal: Path, after: Path, torn: float = 0.0) -> None:
        """Write to `after` what is on the disk now; of the rest, the first `torn` of it happened to be."""
        with self._lock:
            kept = dict(self._kept)
            for producer in producers(journal):
                (after / producer).mkdir(parents=True)
                for segment in segments(journal, producer):
                    if segment.path not in self._named and not torn:
                        continue
                    data = segment.path.read_bytes()
                    safe = kept.get(segment.path, 0)
                    some = safe + int(torn * (len(data) - safe))
                    (after / producer / segment.path.name).write_bytes(data[:some])
