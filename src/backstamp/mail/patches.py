"""patches: replacements of raw spans, and their application."""

import msgspec


class Patch(msgspec.Struct, frozen=True):
    """Replace the octets `start` to `end` (half-open, in the raw message) with `replacement`."""

    start: int
    end: int
    replacement: bytes


class OverlapError(ValueError):
    """Two patches touch the same octets."""


def apply_patches(raw: bytes, patches: list[Patch]) -> bytes:
    """Return `raw` with all patches applied; every octet outside their spans is the same.

    Patches may come in any order. Raises `OverlapError` when two overlap or one lies outside.
    """
    if not patches:
        return raw
    view = memoryview(raw)
    pieces: list[bytes | memoryview] = []
    position = 0
    for patch in sorted(patches, key=lambda each: (each.start, each.end)):
        if not position <= patch.start <= patch.end <= len(raw):
            raise OverlapError(f"patch {patch.start}..{patch.end} overlaps another or leaves the message")
        pieces += (view[position : patch.start], patch.replacement)
        position = patch.end
    pieces.append(view[position:])
    return b"".join(pieces)
