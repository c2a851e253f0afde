"""filters: one Bloom filter over the first four bytes of all entries of all lists.

Two bits for each entry, 16 to 32 bits of room: it says "perhaps" to 0.4 to 1.4 % of what no list holds, and
the second bit is looked at for every tenth only. With one bit for each it would need six times the room.
"""

from __future__ import annotations  # `array` takes no item type at run time before Python 3.12

from array import array
from collections.abc import Iterable
from typing import Final

from backstamp.threats.lists.layout import HEAD_BITS

ROOM_BITS: Final = 16
MIN_BITS: Final = 10
MULTIPLIER: Final = 0x9E3779B1
"""2^32 divided by the golden ratio, and odd: spreads the second bit (Knuth, volume 3, section 6.4)."""
HEAD_MASK: Final = (1 << HEAD_BITS) - 1


def filter_bits(entries: int) -> int:
    """Return the logarithm of how many bits a filter over so many entries has."""
    return min(max((entries * ROOM_BITS - 1).bit_length(), MIN_BITS), HEAD_BITS)


def build_filter(bits: int, keys: Iterable[array[int]]) -> bytearray:
    """Return the filter over all keys of all lists; those of 8 bytes count with their upper half."""
    table = bytearray(1 << (bits - 3))
    shift = HEAD_BITS - bits
    for of_list in keys:
        heads = of_list if of_list.typecode == "I" else (key >> HEAD_BITS for key in of_list)
        for head in heads:
            place = head >> shift
            table[place >> 3] |= 1 << (place & 7)
            place = (head * MULTIPLIER & HEAD_MASK) >> shift
            table[place >> 3] |= 1 << (place & 7)
    return table
