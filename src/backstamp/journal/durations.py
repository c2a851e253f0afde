"""How long something took, counted in buckets that double: cheap enough for every request."""

from typing import Final

BUCKETS: Final = 24
"""Bucket n holds what took less than 1.024 us * 2**n and no less than half of that; the last, the rest."""
SLOTS_OF_TIMES: Final = 64
"""`int.bit_length` of a shifted 64-bit number needs no upper bound."""


class Durations:
    """Counts durations."""

    def __init__(self) -> None:
        """Begin with none."""
        self.counts = [0] * SLOTS_OF_TIMES
        self.total_ns = 0
        self.failures = 0
        """How often it did not come to an end; kept beside, for who counts that too."""

    def add(self, ns: int) -> None:
        """Count a duration in nanoseconds."""
        self.counts[(ns >> 10).bit_length()] += 1
        self.total_ns += ns

    def values(self) -> list[int]:
        """Return the counts of the buckets, then the sum in nanoseconds."""
        return [*folded(self.counts), self.total_ns]


def folded(counts: list[int]) -> list[int]:
    """Return the counts of the buckets; `counts` has one for each bit length of a duration's 1.024 us."""
    return [*counts[: BUCKETS - 1], sum(counts[BUCKETS - 1 :])]


def upper_bound_seconds(bucket: int) -> float:
    """Return what everything in a bucket stays below; infinite for the last."""
    return float("inf") if bucket == BUCKETS - 1 else 1.024e-6 * 2**bucket
