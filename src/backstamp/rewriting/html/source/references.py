"""references: a stretch of the source with its character references resolved, and the way back to it."""

import html
import re
from bisect import bisect_right
from collections.abc import Callable
from itertools import islice
from operator import itemgetter
from typing import Final, NamedTuple

_REFERENCE: Final = re.compile(r"&(?:#[0-9]{1,8};?|#[xX][0-9a-fA-F]{1,8};?|[A-Za-z0-9]{1,40};?)")
_REFERENCE_OR_NULLS: Final = re.compile(rf"{_REFERENCE.pattern}|\0+")
_START: Final = itemgetter(0)


class Piece(NamedTuple):
    """A piece of a text: where in the text and in the source it begins, and where a reference ends there.

    `reference_end` is 0 for characters that stand as they are.
    """

    start: int
    place: int
    reference_end: int


class SourcePlaces:
    """The way from the characters of a text to those of the source, by its pieces in order."""

    def __init__(self, pieces: list[Piece]) -> None:
        self._pieces = pieces

    @property
    def end(self) -> int:
        """Where the text ends in the source."""
        return self._pieces[-1].place

    def source_offset(self, offset: int) -> int:
        """Return where a character of the text (or its end) stands: in a reference, where that begins."""
        start, place, reference_end = self._piece(offset)
        return place if reference_end else place + offset - start

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        """Return where a span of the text stands, which is not empty, without tags before and behind it."""
        begin, place, reference_end = self._piece(end - 1)
        return self.source_offset(start), reference_end or place + end - begin

    def _piece(self, offset: int) -> Piece:
        return self._pieces[bisect_right(self._pieces, offset, key=_START) - 1]


def resolved(
    source: str, begin: int, stop: int, resolve: Callable[[re.Match[str]], str], *, most: int, offset: int = 0
) -> tuple[str, list[Piece]]:
    """Return the text of a stretch of the source and its pieces, the last of them empty: the end.

    Args:
        source: HTML.
        begin: where the stretch begins.
        stop: where it ends.
        resolve: what stands for a reference, or for null characters; it may be themselves.
        most: so many references are resolved, the others left.
        offset: of the text in that to which its pieces belong.
    """
    texts: list[str] = []
    pieces: list[Piece] = []
    position = begin

    def add(text: str, place: int, reference_end: int) -> None:
        nonlocal offset
        if text:
            texts.append(text)
            pieces.append(Piece(offset, place, reference_end))
            offset += len(text)

    pattern = _REFERENCE if source.find("\0", begin, stop) < 0 else _REFERENCE_OR_NULLS
    for match in islice(pattern.finditer(source, begin, stop), most):
        character = resolve(match)
        if character != match[0]:
            add(source[position : match.start()], position, 0)
            add(character, match.start(), match.end())
            position = match.end()
    add(source[position:stop], position, 0)
    pieces.append(Piece(offset, stop, 0))
    return "".join(texts), pieces


def in_text(match: re.Match[str]) -> str:
    """Return what a reference in the words of a document stands for; null characters are dropped there."""
    return html.unescape(match[0]) if match[0][0] == "&" else ""
