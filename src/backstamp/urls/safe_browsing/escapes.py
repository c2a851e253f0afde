"""escapes: percent-escapes, undone to the last and written once. Characters 0 to 255 stand for bytes."""

import re
from typing import Final

_ESCAPED: Final = re.compile("%[0-9A-Fa-f]{2}")
_TO_ESCAPE: Final = re.compile(r"[^!\"$&-~]")
"""Specification: all of 0 to 32 and from 127 on, the number sign and the percent sign."""
_HEX: Final = frozenset("0123456789ABCDEFabcdef")
_BYTE_OF: Final = {f"%{high}{low}": chr(int(high + low, 16)) for high in _HEX for low in _HEX}
_PASSES: Final = 3
"""Escapes of escapes deeper than that are made by somebody who wants them to cost time."""


def unescape(text: str) -> str:
    """Undo percent-escapes until none is left; one that is no escape stays. Linear in the length."""
    for _ in range(_PASSES):
        if "%" not in text:
            return text
        text, undone = _ESCAPED.subn(_byte, text)
        if not undone:
            return text
    return _unescape_nested(text)


def escape(text: str) -> str:
    """Escape what the specification says, in upper-case hexadecimal digits."""
    if text.isascii() and text.isprintable() and not ("%" in text or " " in text or "#" in text):
        return text  # A quarter of the time that the expression takes to find nothing.
    return _TO_ESCAPE.sub(lambda match: f"%{ord(match[0]):02X}", text)


def _byte(match: re.Match[str]) -> str:
    return _BYTE_OF[match[0]]


def _unescape_nested(text: str) -> str:
    """Undo each escape as soon as its last digit is there, be that digit itself from an escape.

    Two escapes never overlap, so the order in which they are undone makes no difference. Passes over the text
    would be as many as layers: `%25252525...` has one for each two characters.
    """
    undone: list[str] = []
    for character in text:
        undone.append(character)
        while len(undone) > 2 and undone[-3] == "%" and undone[-2] in _HEX and undone[-1] in _HEX:
            undone[-3:] = [_BYTE_OF["".join(undone[-3:])]]
    return "".join(undone)
