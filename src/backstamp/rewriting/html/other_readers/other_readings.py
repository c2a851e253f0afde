"""other_readings: a document as programs read it that do not build the tree we patch.

Where scripts run, `<noscript>` holds text; Outlook reads over the ends of comments, and programs built on
Internet Explorer over null characters; parsers differ on framesets, on `<selectedcontent>`, `<template>` and
`<plaintext>`; those that clean a document, in webmail, may not be browsers'. What only such a reader sees
cannot be replaced for all: it is listed.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, combinations
from typing import Final

import msgspec
import turbohtml
from turbohtml import Document

from backstamp.rewriting.html.other_readers.simple_parsers import simple_readings
from backstamp.rewriting.html.source.one_line import OneLine

_ODD_ELEMENTS: Final = ("noscript", "frameset", "selectedcontent", "plaintext", "template")
_MAX_CONDITIONS: Final = 3
"""Each more doubles the readings."""
_CARRIERS: Final = "[href],[src],[action],[formaction],[srcdoc],object[data],meta[content]"
_RENAMED: Final = {
    "frameset": re.compile(r"(</?)f(?=rameset\b)", re.IGNORECASE),
    "selectedcontent": re.compile(r"(</?)s(?=electedcontent\b)", re.IGNORECASE),
    # Thunderbird makes `<x-plaintext>` of it (mailnews/mime/src/mimethtm.cpp), and what follows is markup.
    "plaintext": re.compile(r"(</?)p(?=laintext\b)", re.IGNORECASE),
    # Chromium keeps a form of a table in it, and older programs do not know it.
    "template": re.compile(r"(</?)t(?=emplate\b)", re.IGNORECASE),
}
_MARKER: Final = re.compile(
    r"<!(?:--)?\s*\[\s*if\b([^\]>]*)\]\s*>(?:\s*(?:<!--+>|-->))?"
    r"|(?:<!--\s*)?<!\s*\[\s*endif\s*\]\s*(?:--)?>",
    re.IGNORECASE,
)
"""Microsoft, "About conditional comments": `[if ...]` (a group), else an end."""
_COMMENT: Final = re.compile(r"<!--(?:-?>|(?:(?!--!?>).)*+(?:--!?>|\Z))", re.DOTALL)
_TAG: Final = re.compile(r"</?([a-zA-Z][^\s/>]*+)(?:[^>\"']|\"[^\"]*+\"|'[^']*+')*+(?:>|\Z)")
"""A quote that is never closed makes no tag: markers behind it count."""
_MOST_NULLS: Final = 1000
_RAW_TEXT: Final = frozenset({"style", "script", "textarea", "title", "xmp"})


class OtherReading(msgspec.Struct, frozen=True):
    """A text that another program reads, and where in the document its pieces stand.

    `starts` are the offsets in `text` of its pieces, `places` those in the document.
    """

    text: str
    scripting: bool = False
    starts: Sequence[int] = (0,)
    places: Sequence[int] = (0,)

    def place(self, offset: int) -> int:
        """Return the offset in the document of a character of `text`."""
        piece = max(0, bisect_right(self.starts, offset) - 1)
        return self.places[piece] + offset - self.starts[piece]


def is_odd(tree: Document) -> bool:
    """Whether it holds elements for which another reading, or another look, is worth its time.

    Names of HTML the parser looks up, one by one, without going through the tree.
    """
    odd = any(tree.find(name) is not None for name in _ODD_ELEMENTS)
    return odd or tree.select_one("animate,set") is not None


def other_readings(
    text: OneLine, tree: Document, *, odd: bool, in_doubt: bool
) -> tuple[list[OtherReading], int]:
    """Return what other readers make of a document, and how much of it cannot be followed.

    `odd`: it `is_odd`; `in_doubt`: Outlook may read its conditional comments otherwise.
    """
    readings: list[OtherReading] = []
    lost = 0
    if odd:
        readings += _readings_of_odd(text.original(), tree)
        # Parsers do not agree on when a frameset takes the place of the body.
        lost += tree.select_one("frameset") is not None
    if in_doubt:
        by_outlook, are_all = _readings_by_outlook(text.original())
        readings += by_outlook
        lost += not are_all
    if "\0" in text.line:
        without = _reading_without_nulls(text.original())
        readings += [without] if without is not None else []
        lost += without is None
    simple = dict.fromkeys(simple_readings(text.line, tree))
    readings += [OtherReading(text.with_line_ends(each)) for each in simple if each != text.line]
    return readings, lost


def in_condition(text: str, at: int) -> bool:
    """Whether a place in a document lies between the markers of a condition, which may not hold."""
    depth = 0
    for marker in _MARKER.finditer(text, 0, at):
        depth = max(depth - 1, 0) if marker[1] is None else depth + 1
    return depth > 0


def _readings_of_odd(text: str, tree: Document) -> Iterator[OtherReading]:
    """Yield the other readings of a document that `is_odd`."""
    if tree.select_one("noscript") is not None:
        scripting = turbohtml.parse(
            text, positions=False, scripting=True, allow_declarative_shadow_roots=False
        )
        if scripting.select_one(_CARRIERS) is not None:
            yield OtherReading(text, scripting=True)
    for name, pattern in _RENAMED.items():
        if tree.select_one(name) is not None:
            # As an element that nobody knows.
            yield OtherReading(pattern.sub(r"\1x", text))


def _reading_without_nulls(text: str) -> OtherReading | None:
    """Return the text as Internet Explorer reads it, which passes over null characters wherever they stand.

    To the standard `<a\\0 href=...>` is an element that nobody knows (WHATWG HTML §13.2.5.8). None where
    there are too many to follow.
    """
    pieces = text.split("\0", _MOST_NULLS + 1)
    if len(pieces) > _MOST_NULLS + 1:
        return None
    starts = list(accumulate(map(len, pieces[:-1]), initial=0))
    places = [start + number for number, start in enumerate(starts)]
    return OtherReading("".join(pieces), starts=starts, places=places)


def _readings_by_outlook(text: str) -> tuple[list[OtherReading], bool]:
    """Return how programs read a text that obey conditional comments, and whether these are all ways.

    No condition is evaluated, for versions differ: each is taken for true and for false. Where there are too
    many, all hold at once, and once those without a negation.
    """
    conditions = {_condition(match[1]) for match in _MARKER.finditer(text) if match[1] is not None}
    if len(conditions) <= _MAX_CONDITIONS:
        counts = range(len(conditions) + 1)
        chosen = [some for count in counts for some in combinations(conditions, count)]
        return [_read_by_outlook(text, frozenset(true)) for true in chosen], True
    positive = frozenset(condition for condition in conditions if "!" not in condition)
    return [_read_by_outlook(text, true) for true in (frozenset(conditions), positive)], False


def _condition(text: str) -> str:
    return "".join(text.split()).lower()


def _read_by_outlook(text: str, true: frozenset[str]) -> OtherReading:
    """Return what is left when markers, and what stands behind one that does not hold, are dropped.

    A marker is seen wherever a tag could begin; the end of a comment means nothing behind one that holds.
    """
    pieces: list[str] = []
    starts: list[int] = []
    places: list[int] = []
    size = kept = position = 0

    def keep(end: int) -> None:
        nonlocal size
        starts.append(size)
        places.append(kept)
        pieces.append(text[kept:end])
        size += end - kept

    while (at := text.find("<", position)) >= 0:
        marker = _MARKER.match(text, at)
        if marker is None:
            position = _end_of_token(text, at)
            continue
        keep(at)
        position = marker.end()
        if marker[1] is not None and _condition(marker[1]) not in true:
            position = _end_of_hidden(text, position)
        kept = position
    keep(len(text))
    return OtherReading("".join(pieces), starts=starts, places=places)


def _end_of_token(text: str, at: int) -> int:
    token = _COMMENT.match(text, at) or _TAG.match(text, at)
    if token is None:
        return at + 1
    name = token[1].lower() if token.re is _TAG and text[at + 1] != "/" else ""
    if name not in _RAW_TEXT:
        return token.end()
    end_tag = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(text, token.end())
    return end_tag.start() if end_tag is not None else len(text)


def _end_of_hidden(text: str, position: int) -> int:
    depth = 1
    for marker in _MARKER.finditer(text, position):
        depth += -1 if marker[1] is None else 1
        if not depth:
            return marker.end()
    return len(text)
