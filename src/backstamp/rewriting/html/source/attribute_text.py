"""attribute_text: the value of an attribute as it stands in the source, and as a browser reads it."""

import re
from html.entities import html5
from typing import Final

import turbohtml

from backstamp.rewriting.html.source.references import SourcePlaces, in_text, resolved

_MAX_REFERENCES: Final = 100_000


def attribute_value(source: str, quote: str) -> str:
    """Return what a browser reads for an attribute value that stands in the source between these quotes."""
    element = turbohtml.parse(f"<a href={quote}{source}{quote}>").find("a")
    return (element.attr("href") or "") if element is not None else ""


class AttributeText:
    """An attribute value with the way back from its characters to those of the source.

    `text` is the value with references resolved, line ends kept as they are; `source_offset` that of one of
    its characters (or of its end). Raises `ValueError` where the references are not read as a browser reads
    them.
    """

    def __init__(self, source: str, quote: str) -> None:
        text, pieces = resolved(source, 0, len(source), _in_attribute, most=_MAX_REFERENCES)
        self.text = text.replace("\0", "\ufffd")
        self.source_offset = SourcePlaces(pieces).source_offset
        if _one_newline(self.text) != _one_newline(attribute_value(source, quote)):
            raise ValueError("the references of an attribute are read differently")


def _in_attribute(match: re.Match[str]) -> str:
    """Return what a reference in an attribute stands for, itself where it is text (WHATWG §13.2.5.73)."""
    reference = match[0]
    following = match.string[match.end() : match.end() + 1]
    # Without its semicolon an old name is a reference, unless more of a word or a `=` follows (`&notit;`).
    is_name = not reference.startswith("&#")
    if is_name and (
        reference[1:] not in html5
        or (not reference.endswith(";") and (following == "=" or _alnum(following)))
    ):
        return reference
    return in_text(match)


def _alnum(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _one_newline(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
