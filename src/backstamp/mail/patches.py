"""patches: replacements of raw spans, and their application."""

from collections.abc import Iterator, Sequence
from itertools import chain
from operator import attrgetter
from typing import Final

import msgspec


class Patch(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Replace the octets `start` to `end` (half-open, in the raw message) with `replacement`."""

    start: int
    end: int
    replacement: bytes


class OverlapError(ValueError):
    """Two patches touch the same octets."""


_BY_PLACE: Final = attrgetter("start", "end")


def in_order(size: int, patches: Sequence[Patch]) -> list[Patch]:
    """Return patches of a message of so many octets by their place.

    Raises `OverlapError` when two overlap or one lies outside.
    """
    ordered = sorted(patches, key=_BY_PLACE)
    position = 0
    for patch in ordered:
        if not position <= patch.start <= patch.end <= size:
            raise OverlapError(f"patch {patch.start}..{patch.end} overlaps another or leaves the message")
        position = patch.end
    return ordered


def growth(patches: Sequence[Patch]) -> int:
    """Return by how many octets a message grows by patches."""
    return sum(len(each.replacement) - each.end + each.start for each in patches)


def apply_patches(raw: bytes, patches: Sequence[Patch]) -> bytes:
    """Return `raw` with all patches applied; every octet outside their spans is the same.

    Patches may come in any order. Raises `OverlapError` when two overlap or one lies outside.
    """
    return b"".join(_pieces(raw, in_order(len(raw), patches))) if patches else raw


def _pieces(raw: bytes, ordered: Sequence[Patch]) -> list[bytes | memoryview]:
    view = memoryview(raw)
    pieces: list[bytes | memoryview] = []
    position = 0
    for patch in ordered:
        pieces += (view[position : patch.start], patch.replacement)
        position = patch.end
    pieces.append(view[position:])
    return pieces


class Patched(msgspec.Struct, frozen=True):
    """A message with changes that are carried out where it is needed, block by block.

    For a copy of 28 MB no more is kept than what is changed in it. `front` stands before it; `patches` are
    `in_order`.
    """

    raw: bytes
    patches: Sequence[Patch] = ()
    front: bytes = b""

    def __len__(self) -> int:
        """Return its octets."""
        return len(self.front) + len(self.raw) + growth(self.patches)

    def blocks(self, octets: int, *, start: int = 0) -> Iterator[bytes]:
        """Yield it from an octet on in blocks of so many; the last may be shorter, and empty where all is."""
        if len(self.raw) <= octets:  # as nearly all mail, in one
            whole = self.whole()
            for place in range(start, max(len(whole), start + 1), octets):
                yield whole[place : place + octets]
            return
        gathered: list[bytes | memoryview] = []
        room = octets
        for piece in chain((self.front,), _pieces(self.raw, self.patches)):
            if start:
                piece, start = piece[start:], max(0, start - len(piece))
            while len(piece) > room:
                gathered.append(piece[:room])
                yield b"".join(gathered)
                piece, gathered, room = piece[room:], [], octets
            gathered.append(piece)
            room -= len(piece)
        yield b"".join(gathered)

    def head(self, octets: int) -> bytes:
        """Return its first octets."""
        if not self.front and (not self.patches or self.patches[0].start >= octets):
            return self.raw[:octets]
        return next(self.blocks(octets))

    @property
    def changed(self) -> int:
        """How many octets are kept beside the message as it came."""
        return len(self.front) + sum(len(each.replacement) for each in self.patches)

    def whole(self) -> bytes:
        """Return all of it."""
        return b"".join((self.front, *_pieces(self.raw, self.patches)))
