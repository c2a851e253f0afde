"""Many things, some at a time: `itertools.batched`, which Python has since 3.12."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(each: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Yield so many at a time, and at last what is left."""
    remaining = iter(each)
    while some := tuple(islice(remaining, size)):
        yield some
