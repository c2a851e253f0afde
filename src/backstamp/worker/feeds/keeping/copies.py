"""What is kept of each list: its last good copy, and how it stands with it. One folder for each.

The copy is what was believed of the list, not the bytes that came: `entries`, a line for each expression with
the day on which it was first seen there; or `prefixes`, those of hashes. Files are replaced as a whole.
"""

import contextlib
import fcntl
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from backstamp.shared_files.replacing import remove_unfinished, replace_file
from backstamp.vocabulary import ThreatType

_LISTS: Final = "lists"
_READING: Final = "reading"
_ENTRY: Final = re.compile(r"([0-9]{1,6}) ([!-~]+)\n")


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """How it stands with a list. Times are seconds since 1970 UTC, 0 for never."""

    checked_at: float = 0
    """When it was last there, changed or not."""
    changed_at: float = 0
    next_at: float = 0
    """When it is asked for again."""
    entries: int = 0
    dropped: dict[str, int] = {}
    etag: str = ""
    last_modified: str = ""
    failures: int = 0
    """How often in a row it was not there, or not good."""
    why: str = ""
    """What was wrong the last time; empty where it was good."""
    tried: str = ""
    """Of a file: which version of it was not good."""
    doubted_at: float = 0
    """Since when it is not believed for what it lacks."""
    doubted_entries: int = 0
    """How many entries it had then."""
    made_by: str = ""
    """A hash of where the copy came from, and of how it was read."""
    versions: dict[str, str] = {}
    """Of lists that come as differences: which version of each part we have, as the server called it."""


class Listed(NamedTuple):
    """An expression that a list names, and since which day (days since 1970 UTC)."""

    expression: str
    day: int


class Prefixes(msgspec.Struct, frozen=True):
    """One part of a list of prefixes: those of `length` bytes, sorted and joined."""

    threat_type: ThreatType
    part: str
    length: int
    data: bytes


class ListStore:
    """The folder of one list."""

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory / _LISTS / name

    def prepare(self) -> None:
        """Make the folder where it is missing, and remove what a killed process left. Raises OSError."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o750)
        remove_unfinished(self._directory, "*")

    @contextlib.contextmanager
    def being_read(self) -> Iterator[None]:
        """Prepare the folder, and let others see within that somebody looks at the list. Raises OSError."""
        self.prepare()
        with (self._directory / _READING).open("wb") as lock:
            # Nobody else refreshes; who asks whether somebody does holds it for a moment.
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                yield
            finally:
                (self._directory / _READING).unlink(missing_ok=True)

    def is_being_read(self) -> bool:
        """Return whether a process that lives is looking at the list just now."""
        try:
            with (self._directory / _READING).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def has_copy(self) -> bool:
        """Return whether what was believed of the list is there."""
        return any((self._directory / name).exists() for name in ("entries", "prefixes"))

    @property
    def part(self) -> Path:
        """Where a download is collected."""
        return self._directory / "download.part"

    @property
    def events(self) -> Path:
        """Where the events of a MISP feed are kept."""
        return self._directory / "events"

    def state(self) -> State:
        """Return how it stands; a new list has an empty one. A damaged file is as good as none."""
        with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
            return msgspec.json.decode((self._directory / "state.json").read_bytes(), type=State)
        return State()

    def write_state(self, state: State) -> None:
        """Keep it. Raises OSError."""
        replace_file(self._directory / "state.json", msgspec.json.encode(state))

    def entries(self) -> Iterator[Listed]:
        """Yield what is listed, sorted by expression. A damaged line is as good as none. Raises OSError."""
        try:
            with (self._directory / "entries").open(encoding="ascii", errors="replace", newline="\n") as file:
                for line in file:
                    entry = _ENTRY.fullmatch(line)
                    if entry is not None:
                        yield Listed(entry[2], int(entry[1]))
        except FileNotFoundError:
            return

    def write_entries(self, entries: Iterable[Listed]) -> None:
        """Keep what is listed, sorted by expression. Raises OSError."""
        replace_file(
            self._directory / "entries",
            "".join(f"{day} {expression}\n" for expression, day in entries).encode("ascii"),
        )

    def prefixes(self) -> tuple[Prefixes, ...]:
        """Return the parts of a list of prefixes. A damaged file is as good as none. Raises OSError."""
        with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
            return msgspec.msgpack.decode(
                (self._directory / "prefixes").read_bytes(), type=tuple[Prefixes, ...]
            )
        return ()

    def write_prefixes(self, parts: Iterable[Prefixes]) -> None:
        """Keep them. Raises OSError."""
        replace_file(self._directory / "prefixes", msgspec.msgpack.encode(tuple(parts)))

    def forget(self) -> None:
        """Forget the list."""
        shutil.rmtree(self._directory, ignore_errors=True)


def stored_lists(directory: Path) -> list[str]:
    """Return the names of all lists of which something is kept."""
    lists = directory / _LISTS
    return sorted(path.parent.name for path in lists.glob("*/state.json"))
