"""calendar_unwrapping: the URLs of a calendar entry (RFC 5545) back, as in a meeting made of a mail."""

import math
import re
from html import escape
from typing import Final, NamedTuple

from backstamp.rewriting.text.flowed import Unflowed
from backstamp.rewriting.unwrapping.respelled import Reader, Sealed, find_sealed

_FOLD: Final = re.compile(r"(\r\n|\n|\r)[ \t]")
_PROPERTY: Final = re.compile(r"[^\r\n:;\"]*(?:;(?:[^\r\n:\"]|\"[^\r\n\"]*\")*)?:")
"""The name of a property and its parameters, of which one in quotes may hold a colon."""
_URI_VALUE: Final = re.compile(
    r"(?:URL|ATTACH|SOURCE|TZURL|CONFERENCE|IMAGE)[;:]|[^;:]*;.*VALUE=URI", re.IGNORECASE
)
"""RFC 5545 §3.3.13, RFC 7986 §5: such values are not escaped."""
_HTML_VALUE: Final = re.compile(r".*;FMTTYPE=\"?text/html", re.IGNORECASE)
_LONGEST_LINE: Final = 75
"""Octets (RFC 5545 §3.1)."""


def calendar_edits(text: str, reader: Reader) -> list[tuple[int, int, str]]:
    """Return what is to be replaced in content lines so that every URL which `reader` knows is its original.

    Each is a span in characters and its replacement, in order: escaped as its property wants it, and folded
    where our URL was.
    """
    view = Unflowed.without(text, _FOLD)
    edits: list[tuple[int, int, str]] = []
    properties, lines = _Lines(view.text), _Lines(text)
    for sealed in find_sealed(view.text, reader, markup=False):
        if sealed.original:
            start, end = view.source_span(sealed.start, sealed.end)
            fold = _FOLD.search(text, start, end)
            properties.go_to(sealed.start)
            written = _written(properties.property, sealed)
            if fold is not None:
                lines.go_to(start)
                written = _folded(written, start - lines.begin, f"{fold[1]} ")
            edits.append((start, end, written))
    return edits


class _Property(NamedTuple):
    """Where the value begins, and how it is written."""

    value: float
    is_uri: bool
    is_html: bool


class _Lines:
    """The line of a place, for one place after the other: a line of megabytes with many is read once."""

    def __init__(self, text: str) -> None:
        self.begin = 0
        self._text = text
        self._place = 0
        self._property: _Property | None = None
        self._property_of = -1

    def go_to(self, place: int) -> None:
        """Set `begin` to where the line of this place begins, which is behind the one before."""
        ends = (self._text.rfind(end, self._place, place) for end in "\r\n")
        self.begin = max(self.begin, max(ends) + 1)
        self._place = place

    @property
    def property(self) -> _Property:
        """The line's property; one without a colon has no value."""
        if self._property is None or self._property_of != self.begin:
            head = _PROPERTY.match(self._text, self.begin)
            written = head[0] if head is not None else ""
            is_uri, is_html = (each.match(written) is not None for each in (_URI_VALUE, _HTML_VALUE))
            self._property = _Property(math.inf if head is None else head.end(), is_uri, is_html)
            self._property_of = self.begin
        return self._property


def _written(line: _Property, sealed: Sealed) -> str:
    url = sealed.replacement()
    if line.value > sealed.start or line.is_uri:
        return url
    if line.is_html:
        url = escape(url)
    return re.sub(r"[\\,;]", r"\\\g<0>", url)


def _folded(written: str, column: int, fold: str) -> str:
    room = max(_LONGEST_LINE - column, 1)
    pieces = [written[:room]]
    pieces += (written[at : at + _LONGEST_LINE - 1] for at in range(room, len(written), _LONGEST_LINE - 1))
    return fold.join(pieces)
