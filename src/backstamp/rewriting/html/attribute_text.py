"""attribute_text: the value of an attribute as it stands in the source, and as a browser reads it."""

import html
import re
from bisect import bisect_right
from html.entities import html5
from itertools import accumulate
from typing import Final

import turbohtml

_REFERENCE: Final = re.compile(r"&(?:#[0-9]{1,8};?|#[xX][0-9a-fA-F]{1,8};?|[A-Za-z0-9]{1,40};?)")
_MAX_REFERENCES: Final = 100_000


def attribute_value(source: str, quote: str) -> str:
    """Return what a browser reads for an attribute value that stands in the source between these quotes."""
    element = turbohtml.parse(f"<a href={quote}{source}{quote}>").find("a")
    return (element.attr("href") or "") if element is not None else ""


class AttributeText:
    """An attribute value with the way back from its characters to those of the source.

    `text` is the value with references resolved, line ends kept as they are. Raises `ValueError` where the
    references are not read as a browser reads them.
    """

    def __init__(self, source: str, quote: str) -> None:
        pieces: list[str] = []
        spans: list[tuple[int, int]] = []
        position = 0
        for count, match in enumerate(_REFERENCE.finditer(source)):
            if count >= _MAX_REFERENCES:
                raise ValueError("too many character references in one attribute")
            character = _resolved(match[0], source[match.end() : match.end() + 1])
            if character is None:
                continue
            pieces += (source[position : match.start()], character)
            spans += ((position, match.start()), match.span())
            position = match.end()
        pieces.append(source[position:])
        spans.append((position, len(source)))
        self.text = "".join(pieces).replace("\0", "\ufffd")
        self._spans = spans
        self._starts = list(accumulate(map(len, pieces), initial=0))
        if _one_newline(self.text) != _one_newline(attribute_value(source, quote)):
            raise ValueError("the references of an attribute are read differently")

    def source_offset(self, offset: int) -> int:
        """Return the offset in the source of a character of `text` (or of its end)."""
        piece = min(bisect_right(self._starts, offset) - 1, len(self._spans) - 1)
        start, end = self._spans[piece]
        within = offset - self._starts[piece]
        # A reference is one whole: a character of it begins where the reference begins.
        return start if piece % 2 else min(start + within, end)


def _resolved(reference: str, following: str) -> str | None:
    """Return what a reference in an attribute stands for, None where it is only text (WHATWG §13.2.5.73)."""
    # Without its semicolon an old name is a reference, unless more of a word or a `=` follows.
    is_bare_name = not reference.startswith("&#") and not reference.endswith(";")
    if is_bare_name and (reference[1:] not in html5 or following == "=" or _alnum(following)):
        return None
    character = html.unescape(reference)
    return None if character == reference else character


def _alnum(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _one_newline(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
