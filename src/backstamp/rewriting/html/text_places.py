"""text_places: where in the source the characters of a text node stand."""

import html
import re
from bisect import bisect_right
from itertools import islice
from operator import itemgetter
from typing import Final

_TAG: Final = re.compile(r"<(?=[a-zA-Z/!?])")
_REFERENCE: Final = re.compile(r"&(?:#[0-9]{1,8};?|#[xX][0-9a-fA-F]{1,8};?|[A-Za-z0-9]{1,40};?)")
_MOST_STRETCHES: Final = 16
_MOST_REFERENCES: Final = 2000


class TextPlaces:
    """The way from the characters of a text node to those of the source.

    `end` is where the text ends in the source.
    """

    def __init__(self, marks: list[tuple[int, int, bool]], end: int) -> None:
        """Take for each stretch its offset in the text, that in the source, and whether it is a reference."""
        self._marks = marks
        self.end = end

    def source_offset(self, offset: int) -> int:
        """Return where a character of the text (or the end of one) stands."""
        start, place, is_reference = self._marks[
            max(0, bisect_right(self._marks, offset, key=itemgetter(0)) - 1)
        ]
        return place if is_reference else place + offset - start

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span in the source of a span of the text, without tags before and behind it."""
        last, place, is_reference = self._marks[
            max(0, bisect_right(self._marks, end - 1, key=itemgetter(0)) - 1)
        ]
        stop = self._after_reference(last) if is_reference else place + end - last
        return self.source_offset(start), stop

    def _after_reference(self, start: int) -> int:
        following = [place for begin, place, _ in self._marks if begin > start]
        return following[0] if following else self.end


def places_of(source: str, begin: int, data: str) -> TextPlaces | None:
    """Return where a text node stands in the source, behind `begin`; None where it is not found soon.

    It is there where all of the node is read: stretches between tags, with references resolved. Tags that a
    parser ignores (`</font>` of nothing) may stand within, and tags and comments before it.
    """
    marks: list[tuple[int, int, bool]] = []
    position, size = begin, 0
    for _ in range(_MOST_STRETCHES):
        tag = _TAG.search(source, position)
        stop = tag.start() if tag is not None else len(source)
        text, found = _read(source, position, stop)
        if not size and not data.startswith(text):
            # White space before the body is dropped.
            begin = position + len(text) - len(text.lstrip())
            text, found = _read(source, begin, stop)
        if not data.startswith(text, size):
            return None
        if text:
            marks += ((size + offset, place, is_reference) for offset, place, is_reference in found)
            size += len(text)
        if size == len(data):
            return TextPlaces(marks, stop)
        position = source.find(">", stop) + 1
        if not position:
            break
    return None


def _read(source: str, start: int, stop: int) -> tuple[str, list[tuple[int, int, bool]]]:
    """Return a stretch of the source as it is read, with its pieces as `TextPlaces` takes them."""
    pieces: list[str] = []
    marks: list[tuple[int, int, bool]] = []
    size = 0
    position = start
    for match in islice(_REFERENCE.finditer(source, start, stop), _MOST_REFERENCES):
        character = html.unescape(match[0])
        if character == match[0]:
            continue
        for piece, place, is_reference in (
            (source[position : match.start()], position, False),
            (character, match.start(), True),
        ):
            if piece:
                pieces.append(piece)
                marks.append((size, place, is_reference))
                size += len(piece)
        position = match.end()
    if position < stop:
        pieces.append(source[position:stop])
        marks.append((size, position, False))
    return "".join(pieces), marks
