"""What is new on the lists: written down before anybody is told, and kept until they have heard it."""

import contextlib
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from backstamp.shared_files.replacing import remove_unfinished, replace_file
from backstamp.urls.safe_browsing import HASH_BYTES, full_hash
from backstamp.vocabulary import ThreatType

_PENDING: Final = ".pending"
_NEW: Final = ".new"


class _Head(msgspec.Struct, frozen=True):
    source: str
    threat_type: ThreatType
    day: int
    count: int
    hash_bytes: int = 0


class NewEntries:
    """What is new on one list; may be gone through more than once, and told more than once.

    `source` is the list's name, `day` when it was new (days since 1970 UTC), `count` how many there are. A
    list that names URLs and hosts has `expressions` and their `hashes`; one that knows hashes only has
    `hashes` or, where it knows no more of them, `prefixes`.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError, ValueError."""
        self.path = path
        with path.open("rb") as file:
            head = msgspec.json.decode(file.readline(65_536), type=_Head)
        self.source = head.source
        self.threat_type = head.threat_type
        self.day = head.day
        self.count = head.count
        self._hash_bytes = head.hash_bytes

    def expressions(self) -> Iterator[str]:
        """Yield the expressions that the list names. Raises OSError."""
        if not self._hash_bytes:
            with self.path.open("rb") as file:
                file.readline()
                for line in file:
                    yield line.decode("ascii").rstrip("\n")

    def hashes(self) -> Iterator[bytes]:
        """Yield the whole hashes of all that is dangerous. Raises OSError."""
        for expression in self.expressions():
            yield full_hash(expression)
        if self._hash_bytes == HASH_BYTES:
            yield from self._records()

    def prefixes(self) -> Iterator[bytes]:
        """Yield the prefixes of what may be dangerous; they name clean URLs too. Raises OSError."""
        if 0 < self._hash_bytes < HASH_BYTES:
            yield from self._records()

    def _records(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.readline()
            while record := file.read(self._hash_bytes):
                yield record


class Spool:
    """The folder where new entries wait: pending until the lists that hold them are in force."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "new"

    def add(self, source: str, threat_type: ThreatType, day: int, expressions: Iterable[str]) -> None:
        """Write down what a list names now and did not name before. Raises OSError."""
        lines = list(expressions)
        body = "".join(f"{line}\n" for line in lines).encode("ascii")
        self._write(_Head(source, threat_type, day, len(lines)), body, _PENDING)

    def add_prefixes(
        self, source: str, threat_type: ThreatType, day: int, length: int, prefixes: bytes
    ) -> None:
        """Write down which prefixes of `length` bytes, joined, are new. Raises OSError."""
        head = _Head(source, threat_type, day, len(prefixes) // length, length)
        self._write(head, prefixes, _PENDING)

    def add_hashes(self, source: str, threat_type: ThreatType, day: int, hashes: Iterable[bytes]) -> None:
        """Write down of which whole hashes a publisher has said that they are dangerous: to be told at once.

        Raises:
            OSError: it cannot be written.
        """
        body = b"".join(hashes)
        head = _Head(source, threat_type, day, len(body) // HASH_BYTES, HASH_BYTES)
        self._write(head, body, _NEW)

    def _write(self, head: _Head, body: bytes, suffix: str) -> None:
        if head.count:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o750)
            name = f"{time.time_ns()}-{head.source}{suffix}"
            replace_file(self._directory / name, msgspec.json.encode(head) + b"\n" + body)

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """See that what is written down within is taken back where the block fails.

        It is as new at the next try, and a disk that is full would be fuller each time.
        """
        before = set(self._named(_PENDING))
        try:
            yield
        except BaseException:
            for path in set(self._named(_PENDING)) - before:
                self.done(path)
            raise

    def release(self) -> None:
        """The lists in force hold it all: let it be told. Raises OSError."""
        for path in self._named(_PENDING):
            path.rename(path.with_suffix(_NEW))
        remove_unfinished(self._directory, f"*{_PENDING}")

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
        found = [path for path in self._directory.iterdir() if path.suffix == suffix]
        return sorted(path for path in found if not path.name.startswith("."))
