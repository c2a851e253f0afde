"""spans: whether something in a text stands within some of its spans."""

from bisect import bisect_left
from collections.abc import Sequence


def overlaps(spans: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Whether `start` to `end` has a part in one of these spans, which ascend and do not overlap."""
    before = bisect_left(spans, (end,)) - 1
    return before >= 0 and spans[before][1] > start
