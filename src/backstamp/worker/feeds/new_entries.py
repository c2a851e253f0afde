"""What is new on the lists: written down before anybody is told, and kept until they have heard it."""

import contextlib
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from backstamp.journal.replacing import replace_file
from backstamp.vocabulary import ThreatType

_PENDING: Final = ".pending"
_NEW: Final = ".new"


class _Head(msgspec.Struct, frozen=True):
    source: str
    threat_type: ThreatType
    day: int
    count: int
    prefix_bytes: int = 0


class NewEntries:
    """What one refresh of one list brought; may be gone through more than once, and told more than once.

    `source` is the list's name, `day` that of the refresh (days since 1970 UTC), `count` how many there are.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError, ValueError."""
        self.path = path
        with path.open("rb") as file:
            head = msgspec.json.decode(file.readline(65_536), type=_Head)
        self.source, self.threat_type, self.day, self.count = (
            head.source,
            head.threat_type,
            head.day,
            head.count,
        )
        self._prefix_bytes = head.prefix_bytes

    def expressions(self) -> Iterator[str]:
        """Yield the new expressions; none of a list of hashes. Raises OSError."""
        if self._prefix_bytes:
            return
        with self.path.open("rb") as file:
            file.readline()
            for line in file:
                yield line.decode("ascii").rstrip("\n")

    def prefixes(self) -> Iterator[bytes]:
        """Yield the new prefixes of a list of hashes, which names clean URLs too. Raises OSError."""
        if not self._prefix_bytes:
            return
        with self.path.open("rb") as file:
            file.readline()
            while prefix := file.read(self._prefix_bytes):
                yield prefix


class Spool:
    """The folder where new entries wait: pending until the lists that hold them are in force."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "new"

    def add(self, source: str, threat_type: ThreatType, day: int, expressions: Iterable[str]) -> None:
        """Write down what is new on a list. Raises OSError."""
        lines = list(expressions)
        body = "".join(f"{line}\n" for line in lines).encode("ascii")
        self._write(_Head(source, threat_type, day, len(lines)), body)

    def add_prefixes(
        self, source: str, threat_type: ThreatType, day: int, length: int, prefixes: bytes
    ) -> None:
        """Write down which prefixes of `length` bytes, joined, are new. Raises OSError."""
        self._write(_Head(source, threat_type, day, len(prefixes) // length, length), prefixes)

    def _write(self, head: _Head, body: bytes) -> None:
        if head.count:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o750)
            name = f"{time.time_ns()}-{head.source}{_PENDING}"
            replace_file(self._directory / name, msgspec.json.encode(head) + b"\n" + body)

    def release(self) -> None:
        """The lists in force hold it all: let it be told. Raises OSError."""
        for path in self._named(_PENDING):
            path.rename(path.with_suffix(_NEW))

    def waiting(self) -> list[Path]:
        """Return what is to be told, the oldest first."""
        return self._named(_NEW)

    def done(self, path: Path) -> None:
        """It was told."""
        with contextlib.suppress(FileNotFoundError):
            path.unlink()

    def _named(self, suffix: str) -> list[Path]:
        if not self._directory.is_dir():
            return []
        return sorted(path for path in self._directory.iterdir() if path.suffix == suffix)
