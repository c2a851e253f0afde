"""text_places: where in the source the characters of a text node stand."""

import re
from typing import Final

from backstamp.rewriting.html.source.references import Piece, SourcePlaces, in_text, resolved

_TAG: Final = re.compile(r"<(?=[a-zA-Z/!?])")
_MOST_STRETCHES: Final = 16
_MOST_REFERENCES: Final = 2000


def places_of(source: str, begin: int, data: str) -> SourcePlaces | None:
    """Return where a text node stands in the source, behind `begin`; None where it is not found soon.

    It is there where all of the node is read: stretches between tags, with references resolved. Tags that a
    parser ignores (`</font>` of nothing) may stand within, and tags and comments before it.
    """
    pieces: list[Piece] = []
    position, size = begin, 0
    for _ in range(_MOST_STRETCHES):
        tag = _TAG.search(source, position)
        stop = tag.start() if tag is not None else len(source)
        text, found = resolved(source, position, stop, in_text, most=_MOST_REFERENCES, offset=size)
        if not size and not data.startswith(text):
            # White space before the body is dropped.
            position += len(text) - len(text.lstrip())
            text, found = resolved(source, position, stop, in_text, most=_MOST_REFERENCES)
        if not data.startswith(text, size):
            return None
        pieces += found
        size += len(text)
        if size == len(data):
            return SourcePlaces(pieces)
        position = source.find(">", stop) + 1
        if not position:
            break
    return None
