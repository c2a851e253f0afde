"""one_line: an HTML text as it is given to the parser, on one line, with the way back to the author's."""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from backstamp.rewriting.html.source.narrow_text import narrowed
from backstamp.rewriting.html.source.tree_cost import BIG

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class OneLine:
    """An HTML text on one line.

    `line` has blanks for CR and LF, so that the columns of its tree are offsets; it is as long as the text.
    Of a big text nothing else is kept but where those stood, and `line` is narrow (see narrow_text.py): what
    is read in it, or in its tree, is the author's only after `own`.
    """

    def __init__(self, text: str) -> None:
        text = _without_surrogates(text)
        self._text: str | None = text
        self._ends: dict[str, array[int]] | None = None
        self._stand_ins: dict[int, int] = {}
        if len(text) > BIG:
            self._text = None
            text, self._stand_ins = narrowed(text)
            self._ends = _line_ends(text)
        self.has_line_ends = "\n" in text or "\r" in text
        # Of a big text there are never three at once.
        text = text.replace("\r", " ")
        self.line = text.replace("\n", " ")

    @property
    def has_stand_ins(self) -> bool:
        """Whether in the line any character stands for another."""
        return bool(self._stand_ins)

    def own(self, words: str) -> str:
        """Return words of the line or its tree with the author's characters; its blanks stay."""
        if not self._stand_ins or words.isascii():
            return words
        return words.translate(self._stand_ins)

    def original(self, start: int = 0, end: int | None = None) -> str:
        """Return the author's text between these offsets."""
        if self._text is not None:
            return self._text[start:end]
        return self.with_line_ends(self.line[start:end], start)

    def with_line_ends(self, line: str, start: int = 0) -> str:
        """Return the author's text for what stands in the line at `start`, or for another reading of that."""
        if self._ends is None:
            self._ends = _line_ends(self._text or "")
        for sign, places in self._ends.items():
            line = _with_signs(line, start, sign, places)
        return self.own(line)


def _line_ends(text: str) -> "dict[str, array[int]]":
    """Return where in a text its CR and LF stand."""
    return {sign: array("I", _places(text, sign)) for sign in "\r\n"}


def _places(text: str, sign: str) -> Iterator[int]:
    at = text.find(sign)
    while at >= 0:
        yield at
        at = text.find(sign, at + 1)


def _with_signs(line: str, start: int, sign: str, places: "array[int]") -> str:
    """Return a stretch of a line, which begins at `start`, with a sign at each of these places."""
    first, stop = bisect_left(places, start), bisect_left(places, start + len(line))
    if first == stop:
        return line
    pieces: list[str] = []
    position = 0
    for place in places[first:stop]:
        pieces.append(line[position : place - start])
        position = place - start + 1
    pieces.append(line[position:])
    return sign.join(pieces)


def _without_surrogates(text: str) -> str:
    """Return the text, of the same length, with U+FFFD for octets that are no characters."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text
