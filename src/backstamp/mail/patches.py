"""patches: replacements of raw spans, and their application."""

from operator import attrgetter
from typing import Final

import msgspec


class Patch(msgspec.Struct, frozen=True, gc=False):
    """Replace the octets `start` to `end` (half-open, in the raw message) with `replacement`."""

    start: int
    end: int
    replacement: bytes


class OverlapError(ValueError):
    """Two patches touch the same octets."""


_BY_PLACE: Final = attrgetter("start", "end")


def apply_patches(raw: bytes, patches: list[Patch]) -> bytes:
    """Return `raw` with all patches applied; every octet outside their spans is the same.

    Patches may come in any order. Raises `OverlapError` when two overlap or one lies outside.
    """
    if not patches:
        return raw
    view = memoryview(raw)
    pieces: list[bytes | memoryview] = []
    position = 0
    size = len(raw)
    for patch in sorted(patches, key=_BY_PLACE):
        start, end = patch.start, patch.end
        if not position <= start <= end <= size:
            raise OverlapError(f"patch {start}..{end} overlaps another or leaves the message")
        pieces += (view[position:start], patch.replacement)
        position = end
    pieces.append(view[position:])
    return b"".join(pieces)
