"""sources: what is said of a list, and what goes into it."""

from collections.abc import Iterable
from typing import Final

import msgspec

from backstamp.vocabulary import ThreatType

WHOLE_BYTES: Final = 8
"""So much is kept of a whole hash. That one of a billion clean URLs with eight expressions each is found
among a million entries has a probability of 1 in 2,300."""
_DAY_US: Final = 86_400_000_000


class Source(msgspec.Struct, frozen=True):
    """One list: its name, unique among those compiled together, and what its entries mean.

    `prefix_bytes` is how many bytes of each hash it holds, 4 to 8. With `bare` the entries are prefixes that
    need to be confirmed; otherwise they are whole hashes, and 8 bytes of each are held.
    """

    name: str
    threat_type: ThreatType
    prefix_bytes: int = WHOLE_BYTES
    bare: bool = False

    def __post_init__(self) -> None:
        if not 4 <= self.prefix_bytes <= WHOLE_BYTES:
            raise ValueError(f"a prefix has 4 to {WHOLE_BYTES} bytes, not {self.prefix_bytes}")
        if not self.bare and self.prefix_bytes != WHOLE_BYTES:
            raise ValueError(f"of a whole hash {WHOLE_BYTES} bytes are kept, not {self.prefix_bytes}")


class SourceEntries(msgspec.Struct, frozen=True):
    """What a list holds.

    `hashes` are hashes or prefixes of at least `source.prefix_bytes` bytes, in any order; or one `bytes`
    object of prefixes of exactly that length, one behind the other and sorted, which is quicker for millions.
    `days` says when each was first listed (`day_of`): one number for all, or one for each; 0 for unknown.
    """

    source: Source
    hashes: bytes | Iterable[bytes]
    days: int | Iterable[int] = 0


def day_of(moment_us: int) -> int:
    """Return the day of a moment: microseconds since 1970 UTC to days since then (0 to 65,535, in 2149)."""
    return min(max(moment_us // _DAY_US, 0), 0xFFFF)


def moment_of(day: int) -> int:
    """Return when a day began, microseconds since 1970 UTC."""
    return day * _DAY_US
