"""layout: how compiled lists lie in a file.

    magic 8 | keys and days of each list | filter | directory (JSON) | its place 8 and length 4 | CRC-32C 4

Keys are numbers in the machine's own byte order, so that they are used where they lie: 4 bytes each for lists
of 4-byte prefixes, else 8; sorted. Days are 2 bytes each, beside the keys. Everything begins at a multiple of
8. The checksum covers all that stands before it.
"""

import struct
from typing import Final

import msgspec

from backstamp.threats.lists.sources import WHOLE_BYTES, Source

MAGIC: Final = b"BSTHRT\x00\x01"
"""The last byte is the version of this layout."""
ALIGNMENT: Final = 8
PLACE: Final = struct.Struct("<QI")
CHECKSUM: Final = struct.Struct("<I")
FOOTER_BYTES: Final = PLACE.size + CHECKSUM.size
KEY_BITS: Final = 64
HEAD_BITS: Final = 32
CHUNK: Final = 1 << 20
"""The checksum is made over pieces of this size: its library takes no view of a buffer."""


class ListPlace(msgspec.Struct, frozen=True):
    """One list: `day` is for all entries where `days_at` is 0."""

    source: Source
    count: int
    keys_at: int
    days_at: int = 0
    day: int = 0

    @property
    def key_bytes(self) -> int:
        """How many bytes a key has."""
        return 4 if self.source.prefix_bytes == 4 else WHOLE_BYTES


class Directory(msgspec.Struct, frozen=True):
    """What lies where. `compiled_us` is when, microseconds since 1970 UTC."""

    byte_order: str
    compiled_us: int
    filter_at: int
    filter_bits: int
    lists: tuple[ListPlace, ...]
