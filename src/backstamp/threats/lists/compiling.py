"""compiling: lists as they are fetched, made into the one buffer that is looked up."""

from __future__ import annotations  # `array` takes no item type at run time before Python 3.12

import operator
import sys
from array import array
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import BinaryIO, Final

import google_crc32c
import msgspec

from backstamp.threats.lists.filters import build_filter, filter_bits
from backstamp.threats.lists.layout import (
    ALIGNMENT,
    CHECKSUM,
    CHUNK,
    KEY_BITS,
    MAGIC,
    PLACE,
    Directory,
    ListPlace,
)
from backstamp.threats.lists.reading import ThreatLists
from backstamp.threats.lists.sources import Source, SourceEntries, day_of

_WIDTHS: Final = {4: "I", 8: "Q"}


def compile_lists(
    out: BinaryIO, lists: Iterable[SourceEntries], *, now_us: int = 0, carry: ThreatLists | None = None
) -> None:
    """Write compiled lists to `out`, from its present position on.

    Whole hashes of an unknown day keep the day that `carry`, what was compiled before, knows of them in the
    list of the same name; new ones are of the day of `now_us` (microseconds since 1970 UTC; 0 for unknown).
    Eleven million entries take 10 s of a core, and the memory that they take in the file: a matter for a
    process of its own.
    Raises ValueError where two lists have one name, or one is not as `SourceEntries` wants it; and OSError.
    """
    keys: list[array[int]] = []
    places: list[ListPlace] = []
    writer = _Writer(out)
    names: set[str] = set()
    for entries in lists:
        source = entries.source
        if source.name in names:
            raise ValueError(f"two lists are named {source.name!r}")
        names.add(source.name)
        of_list, days = _keys_and_days(entries)
        if not source.bare and (carry is not None or now_us):
            days = _first_days(source, of_list, days, carry, day_of(now_us))
        keys.append(of_list)
        places.append(
            ListPlace(
                source=source,
                count=len(of_list),
                keys_at=writer.write(of_list),
                days_at=writer.write(days) if isinstance(days, array) else 0,
                day=0 if isinstance(days, array) else days,
            )
        )
    bits = filter_bits(sum(map(len, keys)))
    directory = Directory(
        byte_order=sys.byteorder,
        compiled_us=now_us,
        filter_at=writer.write(build_filter(bits, keys)),
        filter_bits=bits,
        lists=tuple(places),
    )
    writer.finish(msgspec.json.encode(directory))


class _Writer:
    """Writes aligned sections and keeps their checksum."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._at = 0
        self._checksum = 0
        self._put(MAGIC)

    def write(self, section: bytes | bytearray | array[int]) -> int:
        """Write a section, and return where it begins."""
        began = self._at
        view = memoryview(section).cast("B")
        for first in range(0, len(view), CHUNK):
            self._put(bytes(view[first : first + CHUNK]))
        self._put(bytes(-self._at % ALIGNMENT))
        return began

    def finish(self, directory: bytes) -> None:
        """Write the directory, where it is, and the checksum over it all."""
        self._put(PLACE.pack(self.write(directory), len(directory)))
        self._out.write(CHECKSUM.pack(self._checksum))

    def _put(self, data: bytes) -> None:
        self._out.write(data)
        self._checksum = google_crc32c.extend(self._checksum, data)
        self._at += len(data)


def _keys_and_days(entries: SourceEntries) -> tuple[array[int], array[int] | int]:
    if isinstance(entries.hashes, bytes):
        keys = _packed_keys(entries.source, entries.hashes)
        if isinstance(entries.days, int):
            return keys, _checked_day(entries.days)
        days = array("H", map(_checked_day, entries.days))
        if len(days) != len(keys):
            raise ValueError(f"{entries.source.name!r}: {len(keys)} hashes, but {len(days)} days")
        return keys, days
    numbers = (_key(entries.source, hash_) for hash_ in entries.hashes)
    if isinstance(entries.days, int):
        return array(_format(entries.source), sorted(set(numbers))), _checked_day(entries.days)
    first: dict[int, int] = {}
    for key, day in zip(numbers, entries.days, strict=True):
        known = first.get(key)
        first[key] = _checked_day(day) if not known else min(known, day or known)
    keys = array(_format(entries.source), sorted(first))
    return keys, array("H", map(first.__getitem__, keys))


def _packed_keys(source: Source, packed: bytes) -> array[int]:
    width = source.prefix_bytes
    if len(packed) % width:
        raise ValueError(f"{source.name!r}: {len(packed)} bytes are no multiple of {width}")
    if width in _WIDTHS:
        keys = array(_WIDTHS[width])
        keys.frombytes(packed)
        if sys.byteorder == "little":
            keys.byteswap()
    else:
        keys = array("Q", (_key(source, packed[at : at + width]) for at in range(0, len(packed), width)))
    if not all(map(operator.le, keys, islice(keys, 1, None))):
        raise ValueError(f"{source.name!r}: the packed prefixes are not sorted")
    return keys


def _format(source: Source) -> str:
    return _WIDTHS.get(source.prefix_bytes, "Q")


def _key(source: Source, hash_: bytes) -> int:
    """Return a prefix as a number: as it is where that has 4 bytes, else with zeros behind it to 8."""
    width = source.prefix_bytes
    if len(hash_) < width:
        raise ValueError(f"{source.name!r}: a hash of {len(hash_)} bytes, where {width} are wanted")
    number = int.from_bytes(hash_[:width], "big")
    return number if width in _WIDTHS else number << (KEY_BITS - 8 * width)


def _checked_day(day: int) -> int:
    if not 0 <= day <= 0xFFFF:
        raise ValueError(f"{day} is no day: 0 to 65,535 since 1970")
    return day


def _first_days(
    source: Source, keys: array[int], given: array[int] | int, carry: ThreatLists | None, today: int
) -> array[int]:
    """Return the day of each entry: as given, else as it was known before, else today."""
    days = array("H", [given]) * len(keys) if isinstance(given, int) else given
    before = carry.list_named(source.name) if carry is not None else None
    known: Sequence[int] = before.keys if before is not None and not before.source.bare else ()
    end = len(known)
    place = 0
    for index, key in enumerate(keys):
        if days[index]:
            continue
        while place < end and known[place] < key:
            place += 1
        was_known = before is not None and place < end and known[place] == key
        days[index] = (before.day(place) if before is not None and was_known else 0) or today
    return days
