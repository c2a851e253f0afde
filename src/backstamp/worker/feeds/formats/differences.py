"""Lists of hash prefixes that come as differences: what we have, what is changed, and whether that is
right."""

import base64
import hashlib
from array import array
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from backstamp.vocabulary import ThreatType
from backstamp.worker.feeds.keeping.copies import Prefixes
from backstamp.worker.feeds.lists.entries import FeedError

PREFIX_BYTES: Final = 4
"""What is asked about: no longer prefix ever leaves this machine."""
MOST_SECONDS: Final = 86_400.0
"""No answer is kept longer (Safe Browsing v5, `cache_duration`), and no update waited for."""


MOST_VERSION_BYTES: Final = 4096
"""Of the name of a version: it goes into the next question, which a server would refuse for ever."""


class Held(NamedTuple):
    """What we have of a list: its parts, and which version of each."""

    parts: tuple[Prefixes, ...]
    versions: Mapping[str, str]


class Updated(NamedTuple):
    """What we have after an update, and in how many seconds the next one is welcome (0: at once)."""

    held: Held
    wait_seconds: float


class Match(NamedTuple):
    """A whole hash that is dangerous, what for, and for how many seconds that may be believed."""

    full_hash: bytes
    threat_type: ThreatType
    seconds: float


class Resolved(NamedTuple):
    """The answer about prefixes: all that is dangerous below them. Nothing else is, for `seconds`."""

    matches: tuple[Match, ...]
    seconds: float


def without(prefixes: "array[int]", places: Iterable[int]) -> "array[int]":
    """Return prefixes without those at some places. Raises FeedError where a place is none."""
    removed = sorted(set(places))
    if not removed:
        return prefixes
    if removed[0] < 0 or removed[-1] >= len(prefixes):
        raise FeedError("its difference does not fit what we have")
    kept = array(prefixes.typecode)
    begin = 0
    for place in removed:
        kept.extend(prefixes[begin:place])
        begin = place + 1
    kept.extend(prefixes[begin:])
    return kept


def version_text(version: bytes) -> str:
    """Return the name of a version as it is kept. Raises FeedError for one that could not be told again."""
    if len(version) > MOST_VERSION_BYTES:
        raise FeedError(f"its version has a name of {len(version)} bytes")
    return in_query(version)


def below(prefixes: Iterable[bytes], matches: Iterable[Match]) -> tuple[Match, ...]:
    """Return the matches that lie below one of the prefixes that were asked about: no others are answers."""
    asked = set(prefixes)
    return tuple(each for each in matches if each.full_hash[:PREFIX_BYTES] in asked)


def check(prefixes: bytes, checksum: bytes) -> None:
    """See that sorted and joined prefixes have this SHA-256. Raises FeedError."""
    if hashlib.sha256(prefixes).digest() != checksum:
        raise FeedError("its checksum is wrong")


def in_query(data: bytes) -> str:
    """Return bytes as they stand in a query (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(data).decode("ascii")


def from_text(text: str) -> bytes:
    """Return the bytes of base64 in either alphabet. Raises FeedError."""
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except ValueError:
        raise FeedError("its answer is no base64") from None
