"""What a feed names, and what of a file was no entry."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple


class FeedError(Exception):
    """A feed cannot be believed; the message says in half a line why, without what the feed said."""


class ShrunkError(FeedError):
    """A feed is not believed for what it lacks, and is what its publisher means it to be."""


class DoubtError(FeedError):
    """A file of so many entries is not believed for what it lacks: it may be just being written."""

    def __init__(self, why: str, entries: int) -> None:
        super().__init__(why)
        self.entries = entries


def counted(number: int, *, width: int = 0) -> str:
    """Return "1 entry", "2 entries"; the number takes `width` characters at least."""
    return f"{number:>{width}} {'entry' if number == 1 else 'entries'}"


@contextlib.contextmanager
def enough_memory() -> Iterator[None]:
    """See that one feed that needs too much memory is refused, and the others are not. Raises FeedError."""
    try:
        yield
    except MemoryError:
        raise FeedError("it needs more memory than there is") from None


class EntryKind(StrEnum):
    """Whether a feed names one address, or a host with everything on it and below it."""

    URL = "url"
    HOST = "host"


class Entry(NamedTuple):
    """One thing that a feed names, as it is written there: hostile text."""

    kind: EntryKind
    text: str


class Drop(StrEnum):
    """Why an entry of a feed is not believed."""

    MALFORMED = "malformed"
    """It is no URL and no host name."""
    PUBLIC_SUFFIX = "public_suffix"
    """It would list every domain that anybody registers there."""
    WELL_KNOWN = "well_known"
    """It would list a host, or a folder on one, where very many people keep harmless things."""
    OWN = "own"
    """It would list a host of this installation."""


class Tally(Counter[Drop]):
    """How many entries were left out, by reason."""
