"""keys: very many recipient keys in one buffer, looked up where they lie: processes that map it share it."""

from __future__ import annotations  # `array` takes no item type at run time before Python 3.12

import struct
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import groupby, islice
from operator import lt
from typing import Any, Final

KEY_BYTES: Final = 8
_KEY: Final = struct.Struct(">Q")


class Keys(Set[bytes]):
    """A set of recipient keys: numbers in the machine's own byte order, sorted.

    As a frozenset a million of them take 90 MB of each process; so they take 8 MB of all together. A look-up
    takes 1.2 us among ten thousand, 2.5 among a million.
    """

    __slots__ = ("_numbers",)

    def __init__(self, lying: memoryview | None = None) -> None:
        """Take what `octets` gave, which must not change meanwhile. Raises `ValueError`."""
        if lying is not None and len(lying) % KEY_BYTES:
            raise ValueError(f"{len(lying)} octets are no multiple of {KEY_BYTES}")
        self._numbers = memoryview(b"").cast("Q") if lying is None else lying.cast("Q")

    @classmethod
    def of(cls, keys: Iterable[bytes]) -> Keys:
        """Return a set of these keys. Raises `ValueError` where one has not `KEY_BYTES`."""
        given = list(keys)
        if any(len(key) != KEY_BYTES for key in given):
            raise ValueError(f"a recipient key has {KEY_BYTES} octets")
        return cls.packed(b"".join(given))

    @classmethod
    def _from_iterable(cls, it: Iterable[Any]) -> Set[Any]:
        """Return what `|` and its like come to."""
        return frozenset(it)

    @classmethod
    def packed(cls, data: bytes) -> Keys:
        """Return a set of keys that stand one behind the other, in any order. Raises `ValueError`."""
        numbers = array("Q")
        numbers.frombytes(data)
        if sys.byteorder == "little":
            numbers.byteswap()
        # As they mostly come: to sort a million that are sorted took three times as long as to see that.
        if not all(map(lt, numbers, islice(numbers, 1, None))):
            numbers = array("Q", (number for number, _ in groupby(sorted(numbers))))
        return cls(memoryview(numbers).cast("B"))

    def changed(self, there: Mapping[bytes, bool]) -> Keys:
        """Return the set that has these keys or not, as is said of each, and of all others what this one has.

        It takes as long as to copy the set. Raises `struct.error` where a key has not `KEY_BYTES`.
        """
        old, pieces, at = self._numbers, [], 0
        for key, is_there in sorted(there.items()):
            (number,) = _KEY.unpack(key)
            place = bisect_left(old, number, at)
            pieces.append(old[at:place])
            if is_there:
                pieces.append(memoryview(array("Q", (number,))))
            at = place + (place < len(old) and old[place] == number)
        pieces.append(old[at:])
        return Keys(memoryview(b"".join(pieces)))

    @property
    def octets(self) -> memoryview:
        """The numbers as they lie in memory."""
        return self._numbers.cast("B")

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, bytes) or len(key) != KEY_BYTES:
            return False
        (wanted,) = _KEY.unpack(key)
        numbers = self._numbers
        place = bisect_left(numbers, wanted)
        return place < len(numbers) and numbers[place] == wanted

    def __iter__(self) -> Iterator[bytes]:
        return map(_KEY.pack, self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


NONE: Final = Keys()
