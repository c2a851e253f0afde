"""freed_memory: what was freed goes back to the system, where a big document made much of it."""

import ctypes
import functools
from collections.abc import Callable


def give_back() -> None:
    """Give freed memory back, as far as the C library can (glibc; others mostly do so by themselves).

    Of what lies below something that is still in use glibc gives nothing back by itself, and once it has
    freed a block of many MB it keeps twice as many (mallopt(3), M_TRIM_THRESHOLD): beside the room of a tree
    that is gone Python's objects would take theirs.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@functools.cache
def _trim() -> Callable[[int], object] | None:
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
