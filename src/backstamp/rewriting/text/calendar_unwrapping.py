"""calendar_unwrapping: the URLs of a calendar entry (RFC 5545) back, as in a meeting made of a mail."""

import re
from html import escape
from typing import Final

from backstamp.rewriting.respelled import Reader, Sealed, find_sealed
from backstamp.rewriting.text.flowed import Unflowed

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
    for sealed in find_sealed(view.text, reader, markup=False):
        if sealed.original:
            start, end = view.source_span(sealed.start, sealed.end)
            fold = _FOLD.search(text, start, end)
            written = _written(view.text, sealed)
            if fold is not None:
                begin = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
                written = _folded(written, start - begin, f"{fold[1]} ")
            edits.append((start, end, written))
    return edits


def _written(text: str, sealed: Sealed) -> str:
    url = sealed.replacement()
    begin = max(text.rfind("\n", 0, sealed.start), text.rfind("\r", 0, sealed.start)) + 1
    head = _PROPERTY.match(text, begin)
    if head is None or head.end() > sealed.start or _URI_VALUE.match(head[0]) is not None:
        return url
    if _HTML_VALUE.match(head[0]) is not None:
        url = escape(url)
    return re.sub(r"[\\,;]", r"\\\g<0>", url)


def _folded(written: str, column: int, fold: str) -> str:
    room = max(_LONGEST_LINE - column, 1)
    pieces = [written[:room]]
    pieces += (written[at : at + _LONGEST_LINE - 1] for at in range(room, len(written), _LONGEST_LINE - 1))
    return fold.join(pieces)
