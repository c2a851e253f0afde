"""reading: compiled lists, looked up where they lie."""

from __future__ import annotations  # `array` takes no item type at run time before Python 3.12

import struct
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import google_crc32c
import msgspec

from backstamp.threats.findings import Finding, ThreatReason
from backstamp.threats.lists.errors import ThreatListsError
from backstamp.threats.lists.filters import HEAD_MASK, MIN_BITS, MULTIPLIER
from backstamp.threats.lists.layout import (
    ALIGNMENT,
    CHECKSUM,
    CHUNK,
    FOOTER_BYTES,
    HEAD_BITS,
    MAGIC,
    PLACE,
    Directory,
    ListPlace,
)
from backstamp.threats.lists.sources import WHOLE_BYTES, Source, moment_of
from backstamp.urls.safe_browsing import full_hashes

_HEAD: Final = struct.Struct(">I")
_KEY: Final = struct.Struct(">Q")


class OneList:
    """One of the lists: its keys, sorted, and the day of each."""

    def __init__(self, place: ListPlace, keys: memoryview, days: memoryview | None) -> None:
        self.source = place.source
        self.keys = keys
        self._days = days
        self._day = place.day
        self._shift = 8 * (WHOLE_BYTES - place.key_bytes)
        self._mask = -1 << 8 * (place.key_bytes - place.source.prefix_bytes)

    def place_of(self, key: int) -> int | None:
        """Return where the list holds the prefix of a key: the first 8 bytes of a hash as a number."""
        wanted = key >> self._shift & self._mask
        place = bisect_left(self.keys, wanted)
        return place if place < len(self.keys) and self.keys[place] == wanted else None

    def day(self, place: int) -> int:
        """Return the day since when the list holds what is at a place; 0 for unknown."""
        return self._day if self._days is None else self._days[place]


class ThreatLists:
    """Compiled lists in a buffer, which must not change meanwhile; it is held on to for as long as this is.

    Opening reads all of it once, for the checksum (84 MB in 10 ms). Look-ups then never raise.
    """

    def __init__(self, buffer: bytes | memoryview) -> None:
        """Open the lists. Raises `ThreatListsError`."""
        view = memoryview(buffer).cast("B")
        directory = _directory(view)
        self._lists = tuple(_one_list(view, place) for place in directory.lists)
        self._named = {one.source.name: one for one in self._lists}
        if len(self._named) != len(self._lists):
            raise ThreatListsError("damaged lists: two have one name")
        bits = directory.filter_bits
        if not MIN_BITS <= bits <= HEAD_BITS:
            raise ThreatListsError("damaged lists: the filter is of no size")
        self._filter = _section(view, directory.filter_at, 1 << (bits - 3))
        self._filter_shift = HEAD_BITS - bits
        self.compiled_us = directory.compiled_us

    @property
    def sources(self) -> tuple[Source, ...]:
        """The lists, in the order in which they were compiled."""
        return tuple(one.source for one in self._lists)

    def __iter__(self) -> Iterator[OneList]:
        return iter(self._lists)

    def list_named(self, name: str) -> OneList | None:
        """Return one list, or None where there is none of that name."""
        return self._named.get(name)

    def count(self, name: str) -> int:
        """Return how many entries a list has; 0 where there is none of that name."""
        one = self._named.get(name)
        return 0 if one is None else len(one.keys)

    def look_up(self, url: str) -> tuple[Finding, ...]:
        """Return what the lists say of a URL, the most telling expression first; `url` is a `WebUrl.href`."""
        return self.look_up_hashes(full_hashes(url))

    def look_up_hashes(self, hashes: Iterable[tuple[str, bytes]]) -> tuple[Finding, ...]:
        """Return what the lists say of expressions, each with its hash or 8 bytes of it at least."""
        table, shift = self._filter, self._filter_shift
        found: list[Finding] = []
        for expression, full_hash in hashes:
            (head,) = _HEAD.unpack_from(full_hash)
            place = head >> shift
            if not table[place >> 3] >> (place & 7) & 1:
                continue
            place = (head * MULTIPLIER & HEAD_MASK) >> shift
            if table[place >> 3] >> (place & 7) & 1:
                found += self._findings(expression, full_hash)
        return tuple(found)

    def named_among(self, full_hashes: Sequence[bytes]) -> Iterator[bytes]:
        """Yield those of many hashes that a list names; which one says `look_up_hashes`, thrice as slow."""
        table, shift = self._filter, self._filter_shift
        for head, full_hash in zip(_heads(full_hashes), full_hashes, strict=True):
            place = head >> shift
            if not table[place >> 3] >> (place & 7) & 1:
                continue
            place = (head * MULTIPLIER & HEAD_MASK) >> shift
            if table[place >> 3] >> (place & 7) & 1:
                (key,) = _KEY.unpack_from(full_hash)
                if any(one.place_of(key) is not None for one in self._lists):
                    yield full_hash

    def names_whole(self, full_hash: bytes) -> bool:
        """Whether a list of whole hashes holds this one; 8 bytes of it are enough."""
        (key,) = _KEY.unpack_from(full_hash)
        return any(not one.source.bare and one.place_of(key) is not None for one in self._lists)

    def _findings(self, expression: str, full_hash: bytes) -> Iterator[Finding]:
        (key,) = _KEY.unpack_from(full_hash)
        for one in self._lists:
            place = one.place_of(key)
            if place is not None:
                source = one.source
                yield Finding(
                    threat_type=source.threat_type,
                    reason=_reason(source, expression),
                    source=source.name,
                    detail=expression,
                    since_us=moment_of(one.day(place)),
                    confirmed=not source.bare,
                )


def _heads(full_hashes: Iterable[bytes]) -> array[int]:
    heads = array("I", b"".join([full_hash[:4] for full_hash in full_hashes]))
    if sys.byteorder == "little":
        heads.byteswap()
    return heads


def _reason(source: Source, expression: str) -> ThreatReason:
    if source.bare:
        return ThreatReason.LISTED_PREFIX
    names_host = expression.find("/") == len(expression) - 1
    return ThreatReason.LISTED_HOST if names_host else ThreatReason.LISTED_URL


def _directory(view: memoryview) -> Directory:
    if len(view) < len(MAGIC) + FOOTER_BYTES or view[: len(MAGIC) - 1] != MAGIC[:-1]:
        raise ThreatListsError("no compiled lists")
    if view[len(MAGIC) - 1] != MAGIC[-1]:
        raise ThreatListsError(f"compiled lists of version {view[len(MAGIC) - 1]}, not {MAGIC[-1]}")
    body = len(view) - CHECKSUM.size
    checksum = 0
    for first in range(0, body, CHUNK):
        checksum = google_crc32c.extend(checksum, bytes(view[first : min(first + CHUNK, body)]))
    if CHECKSUM.unpack_from(view, body) != (checksum,):
        raise ThreatListsError("damaged lists: the checksum does not fit")
    at, length = PLACE.unpack_from(view, body - PLACE.size)
    try:
        directory = msgspec.json.decode(bytes(_section(view, at, length)), type=Directory)
    except msgspec.MsgspecError as error:
        raise ThreatListsError("damaged lists: the directory cannot be read") from error
    if directory.byte_order != sys.byteorder:
        raise ThreatListsError("lists that were compiled for another kind of machine")
    return directory


def _section(view: memoryview, at: int, length: int) -> memoryview:
    if at < 0 or length < 0 or at % ALIGNMENT or at + length > len(view) - FOOTER_BYTES:
        raise ThreatListsError("damaged lists: a part lies outside of the file")
    return view[at : at + length]


def _one_list(view: memoryview, place: ListPlace) -> OneList:
    keys = _section(view, place.keys_at, place.count * place.key_bytes)
    keys = keys.cast("I") if place.key_bytes == 4 else keys.cast("Q")
    days = _section(view, place.days_at, place.count * 2).cast("H") if place.days_at else None
    if not 0 <= place.day <= 0xFFFF:
        raise ThreatListsError("damaged lists: a day that is none")
    return OneList(place, keys, days)
