"""spans: whether something in a text stands within some of its spans, and which of them stand apart."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence


def overlaps(spans: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Whether `start` to `end` has a part in one of these spans, which ascend and do not overlap."""
    before = bisect_left(spans, (end,)) - 1
    return before >= 0 and spans[before][1] > start


def apart(edits: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Return edits (start, end, replacement) in order, without those that begin within one before them."""
    kept: list[tuple[int, int, str]] = []
    position = 0
    for edit in sorted(edits):
        if edit[0] >= position:
            kept.append(edit)
            position = edit[1]
    return kept
