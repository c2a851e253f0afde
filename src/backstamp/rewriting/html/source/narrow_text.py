"""narrow_text: a text with stand-ins for its widest characters, so that each takes fewer octets of memory.

Python stores a text by its widest character: with one beyond U+00FF each takes two octets, with one beyond
U+FFFF, as an emoji is, four. Of a document there are several texts at once.
"""

import re
from collections.abc import Iterator
from typing import Final

_BEYOND_LATIN: Final = re.compile("[^\x00-\xff]")
_BEYOND_BMP: Final = re.compile("[\U00010000-\U0010ffff]")
_CONTROLS: Final = "".join(map(chr, sorted({*range(0x80, 0xA0)} - {0x81, 0x85, 0x8D, 0x8F, 0x90, 0x9D})))
"""Control characters that no reference stands for (WHATWG HTML §13.2.5.80); U+0085 is white space to us."""
_SURROGATES: Final = range(0xD800, 0xE000)
"""No reference stands for them either, and no text that was decoded has any."""


class _TooManyError(Exception):
    """There are more different characters than stand-ins."""


def narrowed(text: str) -> tuple[str, dict[int, int]]:
    """Return a text of the same length, and by which table its stand-ins are translated back.

    A stand-in is no character of markup, nor one that a reference could yield, so that a parser takes it for
    any other. Where all wide characters find one that takes one octet, as in most languages with Latin
    letters, these are taken; else those beyond U+FFFF find one that takes two. The text has no surrogates.
    """
    if _is_latin(text):
        return text, {}
    unused = (each for each in _CONTROLS if each not in text)
    surrogates = map(chr, _SURROGATES)
    for pattern, stand_ins in ((_BEYOND_LATIN, unused), (_BEYOND_BMP, surrogates)):
        try:
            return _replaced(text, pattern, stand_ins)
        except _TooManyError:
            continue
    return text, {}


def _is_latin(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _replaced(text: str, pattern: re.Pattern[str], stand_ins: Iterator[str]) -> tuple[str, dict[int, int]]:
    known: dict[str, str] = {}

    def stand_in(found: re.Match[str]) -> str:
        character = found[0]
        if character not in known:
            chosen = None if _has_meaning(character) else next(stand_ins, None)
            if chosen is None:
                raise _TooManyError
            known[character] = chosen
        return known[character]

    narrow = pattern.sub(stand_in, text)
    return narrow, {ord(chosen): ord(character) for character, chosen in known.items()}


def _has_meaning(character: str) -> bool:
    """Whether expressions of ours find it: white space, and a letter with one of ASCII for its other case."""
    return character.isspace() or any(each.isascii() for each in character.lower() + character.upper())
