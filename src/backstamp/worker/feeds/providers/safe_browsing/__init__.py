"""Google Safe Browsing v5, local list mode: lists of 4-byte prefixes of hashes; no URL leaves this machine.

Terms (developers.google.com/safe-browsing, "Appropriate Usage"): a key of the Google Cloud console, for
non-commercial use only (else: Web Risk); who is warned must be told that Google's protection is not perfect,
with a link to where Google explains it. So it is off unless it is named and has a key.

A bare prefix names clean URLs too and never blocks: the whole hashes below it are asked for
(`hashes:search`), and the answer is believed for as long as it says. What leaves this machine: which lists we
have, and the 4-byte prefixes that URLs of our mail hit. Messages are those of
google/security/safebrowsing/v5/safebrowsing.proto.
"""

import hashlib
import sys
from array import array
from collections.abc import Iterable
from typing import Final

from backstamp.vocabulary import ThreatType
from backstamp.worker.feeds.formats.differences import (
    MOST_SECONDS,
    PREFIX_BYTES,
    Held,
    Match,
    Resolved,
    Updated,
    below,
    check,
    from_text,
    in_query,
    version_text,
    without,
)
from backstamp.worker.feeds.formats.keyed_service import ask
from backstamp.worker.feeds.keeping.copies import Prefixes
from backstamp.worker.feeds.lists.entries import FeedError
from backstamp.worker.feeds.lists.source import Source
from backstamp.worker.feeds.providers.safe_browsing.rice import RiceError, decode
from backstamp.worker.feeds.providers.safe_browsing.wire import Message, WireError

LISTS: Final = {
    "se-4b": ThreatType.PHISHING,
    "mw-4b": ThreatType.MALWARE,
    "uws-4b": ThreatType.UNWANTED_SOFTWARE,
    "uwsa-4b": ThreatType.UNWANTED_SOFTWARE,
    "pha-4b": ThreatType.UNWANTED_SOFTWARE,
}
"""Names never change ("Local Database"). The last two are for Android, where mail is read, too."""
MOST_IN_A_SEARCH: Final = 300
"""They stand in the URL, 25 octets each, and a URL may have 8,000 (RFC 9110, section 4.1); the method itself
takes 1000."""
_MOST_ENTRIES: Final = 1 << 24
"""Of one update, as Google advises for machines that are not small."""
_THREATS: Final = {
    1: ThreatType.MALWARE,
    2: ThreatType.PHISHING,
    3: ThreatType.UNWANTED_SOFTWARE,
    4: ThreatType.UNWANTED_SOFTWARE,
}
_SEARCH_BYTES: Final = 4_000_000
_SEARCH_SECONDS: Final = 20.0
_NEGATIVE: Final = 1 << 63


def update(source: Source, held: Held) -> Updated:
    """Bring the lists up to date. One that does not fit its checksum is asked for anew the next time.

    Raises:
        FetchError: the server cannot be had.
        FeedError: its answer is no good.
    """
    versions = [from_text(held.versions[name]) for name in LISTS if name in held.versions]
    query = [("names", name) for name in LISTS] + [("version", in_query(version)) for version in versions]
    query.append(("sizeConstraints.maxUpdateEntries", str(_MOST_ENTRIES)))
    answer = _asked(source, "hashLists:batchGet", query, source.max_bytes, source.download_seconds)
    before = {part.part: part for part in held.parts}
    parts: list[Prefixes] = []
    kept: dict[str, str] = {}
    waits: list[float] = []
    try:
        lists = answer.messages(1)
        if sum(map(_changes, lists)) > source.max_entries:
            raise FeedError(f"it changes more than {source.max_entries} entries")
        for message in lists:
            name = message.data(1).decode("ascii", "replace")
            if name not in LISTS or name in kept:
                raise FeedError("it has another list than was asked for")
            data = _updated(message, before.get(name))
            parts.append(Prefixes(LISTS[name], name, PREFIX_BYTES, data))
            kept[name] = version_text(message.data(2)) or held.versions.get(name, "")
            waits.append(_seconds(message.messages(6)))
    except (WireError, RiceError):
        raise FeedError("its answer is no good") from None
    if sorted(kept) != sorted(LISTS):
        raise FeedError("its answer lacks a list")
    if sum(len(part.data) for part in parts) // PREFIX_BYTES > source.max_entries:
        raise FeedError(f"it has more than {source.max_entries} entries")
    return Updated(Held(tuple(parts), kept), min(waits))


def search(source: Source, prefixes: Iterable[bytes]) -> Resolved:
    """Ask for the whole hashes below at most `MOST_IN_A_SEARCH` prefixes.

    Raises:
        FetchError: the server cannot be had.
        FeedError: its answer is no good.
    """
    asked = list(prefixes)
    query = [("hashPrefixes", in_query(prefix)) for prefix in asked]
    answer = _asked(source, "hashes:search", query, _SEARCH_BYTES, _SEARCH_SECONDS)
    try:
        seconds = _seconds(answer.messages(2))
        matches = [
            Match(full_hash, threat_type, seconds)
            for message in answer.messages(1)
            for detail in message.messages(2)
            if (threat_type := _THREATS.get(detail.number(1))) is not None
            # A canary is not for enforcement, one for frames not for what is clicked, another one unknown: a
            # detail with an attribute is disregarded.
            and not detail.numbers(2)
            and len(full_hash := message.data(1)) == 32
        ]
    except WireError:
        raise FeedError("its answer is no good") from None
    return Resolved(below(asked, matches), seconds)


def _asked(
    source: Source, method: str, query: list[tuple[str, str]], max_bytes: int, seconds: float
) -> Message:
    answer = ask(source, f"v5/{method}", [*query, ("alt", "proto")], max_bytes=max_bytes, seconds=seconds)
    try:
        return Message(answer)
    except WireError:
        raise FeedError("its answer is no good") from None


def _changes(message: Message) -> int:
    """Return how many prefixes an answer adds to a list and takes from it: each costs its time.

    Raises WireError where there are more than one such part, for which the lists would be gone through.
    """
    found = [*message.messages(4), *message.messages(5)]
    if len(message.datas(4)) > 1 or len(message.datas(5)) > 1:
        raise WireError("a part that is there twice")
    return sum(each.number(3) + 1 for each in found)


def _updated(message: Message, before: Prefixes | None) -> bytes:
    partial = bool(message.number(3))
    prefixes = _numbers(before.data) if partial and before is not None else array("I")
    for removals in message.messages(5):
        prefixes = without(prefixes, _decoded(removals))
    for additions in message.messages(4):
        prefixes.extend(_decoded(additions))
        prefixes = array("I", sorted(prefixes))
    data = _joined(prefixes)
    expected = message.data(7)
    if not expected and before is not None:
        # Where nothing is new the server leaves the checksum out: that of what we have holds.
        expected = hashlib.sha256(before.data).digest()
    check(data, expected)
    return data


def _decoded(message: Message) -> "array[int]":
    return decode(message.number(1), message.number(2), message.number(3), message.data(4))


def _seconds(durations: list[Message]) -> float:
    """Return a duration; 0 where it is absent, or negative (which protocol buffers write as a huge one)."""
    seconds = durations[-1].number(1) if durations else 0
    return min(float(seconds), MOST_SECONDS) if seconds < _NEGATIVE else 0.0


def _numbers(data: bytes) -> "array[int]":
    """Return prefixes as numbers: their order is that of the bytes (big-endian)."""
    numbers = array("I", data)
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def _joined(numbers: "array[int]") -> bytes:
    swapped = array("I", numbers)
    if sys.byteorder == "little":
        swapped.byteswap()
    return swapped.tobytes()
