"""Google Web Risk: the lists of Safe Browsing for commercial use, as prefixes of hashes; no URL leaves.

Terms (cloud.google.com/web-risk): an API key of a Google Cloud project with billing; updates of the lists are
free, each `hashes:search` cost 5 US cents (cloud.google.com/web-risk/pricing, 2026). So it is off unless it
is named and has a key.

Prefixes have 4 bytes, some have more; asked about are 4 bytes only, and a bare prefix never blocks.
Differences are asked for uncompressed (RAW), so that there is one form to read. Messages are those of
google/cloud/webrisk/v1/webrisk.proto, in JSON.
"""

import time
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Final, TypeVar

import msgspec

from backstamp.vocabulary import ThreatType
from backstamp.worker.feeds.formats.differences import (
    MOST_SECONDS,
    Held,
    Match,
    Resolved,
    Updated,
    below,
    check,
    from_text,
    in_query,
    version_text,
)
from backstamp.worker.feeds.formats.keyed_service import ask
from backstamp.worker.feeds.formats.published_json import decoded
from backstamp.worker.feeds.keeping.copies import Prefixes
from backstamp.worker.feeds.lists.entries import FeedError
from backstamp.worker.feeds.lists.source import Source
from backstamp.worker.fetching import FetchError

LISTS: Final = {
    "MALWARE": ThreatType.MALWARE,
    "SOCIAL_ENGINEERING": ThreatType.PHISHING,
    "UNWANTED_SOFTWARE": ThreatType.UNWANTED_SOFTWARE,
    "SOCIAL_ENGINEERING_EXTENDED_COVERAGE": ThreatType.PHISHING,
}
MOST_IN_A_SEARCH: Final = 1
"""The method takes one prefix."""
_HASH_BYTES: Final = 32
_SEARCH_BYTES: Final = 4_000_000
_SEARCH_SECONDS: Final = 20.0
T = TypeVar("T")


class _RawHashes(msgspec.Struct, rename="camel"):
    prefix_size: int
    raw_hashes: str


class _Additions(msgspec.Struct, rename="camel"):
    raw_hashes: list[_RawHashes] = []


class _RawIndices(msgspec.Struct):
    indices: list[int] = []


class _Removals(msgspec.Struct, rename="camel"):
    raw_indices: _RawIndices = msgspec.field(default_factory=_RawIndices)


class _Checksum(msgspec.Struct):
    sha256: str


class _Difference(msgspec.Struct, rename="camel"):
    response_type: str
    new_version_token: str
    checksum: _Checksum
    additions: _Additions = msgspec.field(default_factory=_Additions)
    removals: _Removals = msgspec.field(default_factory=_Removals)
    recommended_next_diff: str = ""


class _Threat(msgspec.Struct, rename="camel"):
    threat_types: list[str]
    hash: str
    expire_time: str


class _Found(msgspec.Struct, rename="camel"):
    threats: list[_Threat] = []
    negative_expire_time: str = ""


def update(source: Source, held: Held) -> Updated:
    """Bring the lists up to date.

    Raises:
        FetchError: the server cannot be had.
        FeedError: its answer is no good.
    """
    parts: list[Prefixes] = []
    versions: dict[str, str] = {}
    waits: list[float] = []
    ends_at = time.monotonic() + source.download_seconds
    for name, threat_type in LISTS.items():
        query = [("threatType", name), ("constraints.supportedCompressions", "RAW")]
        if name in held.versions:
            query.append(("versionToken", in_query(from_text(held.versions[name]))))
        left = ends_at - time.monotonic()
        if left <= 0:
            raise FetchError(f"it was not there within {source.download_seconds:.3g} s")
        answer = _asked(source, "threatLists:computeDiff", query, source.max_bytes, left, _Difference)
        before = [part for part in held.parts if part.part == name and answer.response_type == "DIFF"]
        prefixes = _updated(answer, before)
        if len(prefixes) > source.max_entries:
            raise FeedError(f"it has more than {source.max_entries} entries")
        for length, group in groupby(sorted(prefixes, key=len), len):
            parts.append(Prefixes(threat_type, name, length, b"".join(group)))
        versions[name] = version_text(from_text(answer.new_version_token))
        waits.append(_seconds_until(answer.recommended_next_diff) if answer.recommended_next_diff else 0.0)
    return Updated(Held(tuple(parts), versions), min(waits))


def search(source: Source, prefixes: Iterable[bytes]) -> Resolved:
    """Ask for the whole hashes below one prefix.

    Raises:
        FetchError: the server cannot be had.
        FeedError: its answer is no good.
    """
    asked = list(prefixes)
    query = [("hashPrefix", in_query(prefix)) for prefix in asked]
    query += [("threatTypes", name) for name in LISTS]
    found = _asked(source, "hashes:search", query, _SEARCH_BYTES, _SEARCH_SECONDS, _Found)
    matches = [
        Match(full_hash, LISTS[name], _seconds_until(threat.expire_time))
        for threat in found.threats
        for name in threat.threat_types
        if name in LISTS and len(full_hash := from_text(threat.hash)) == _HASH_BYTES
    ]
    return Resolved(below(asked, matches), _seconds_until(found.negative_expire_time))


def _updated(answer: _Difference, before: Iterable[Prefixes]) -> list[bytes]:
    """Return all prefixes, of any length, in the order of their bytes: that is what removals count by."""
    prefixes = sorted(prefix for part in before for prefix in _split(part.data, part.length))
    removed = set(answer.removals.raw_indices.indices)
    if removed and not (min(removed) >= 0 and max(removed) < len(prefixes)):
        raise FeedError("its difference does not fit what we have")
    kept = [prefix for place, prefix in enumerate(prefixes) if place not in removed]
    for added in answer.additions.raw_hashes:
        kept += _split(from_text(added.raw_hashes), added.prefix_size)
    kept.sort()
    check(b"".join(kept), from_text(answer.checksum.sha256))
    return kept


def _split(data: bytes, length: int) -> list[bytes]:
    if not 4 <= length <= _HASH_BYTES or len(data) % length:
        raise FeedError("its prefixes have no length that can be")
    return [data[at : at + length] for at in range(0, len(data), length)]


def _asked(
    source: Source, method: str, query: list[tuple[str, str]], max_bytes: int, seconds: float, kind: type[T]
) -> T:
    answer = ask(source, f"v1/{method}", query, max_bytes=max_bytes, seconds=seconds)
    return decoded(answer, kind, "its answer is no good")


def _seconds_until(timestamp: str) -> float:
    """Return how far away a time is, at most a day; 0 for one that is over, or is none."""
    try:
        moment = datetime.fromisoformat(timestamp).timestamp()
    except (ValueError, OverflowError):
        return 0.0
    return min(max(moment - time.time(), 0.0), MOST_SECONDS)
