"""text_frames: what has to stand around a new URL in plain text so that it is read back as it is.

`www.example.com's` ends at the host, for a host has no apostrophe; a sealed URL has a path, of which mail
programs would take the apostrophe for a part. Angle brackets part the two (RFC 3986 appendix C).
So they do where programs differ: of `https://x.example/a:` linkify-it takes the colon along, to which a
website may give no thought; no token opens with one behind it.
linkifyjs, by which Tuta makes links, ends no path at a mark, not even `>`, behind which a letter stands, so
that a blank is put between. Not into markdown's `](`, where it would be seen as no link any more.
"""

import re
from typing import Final

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.spans import overlaps
from backstamp.rewriting.text.flowed import Flow
from backstamp.rewriting.text.other_text_readings import quoted_addresses
from backstamp.rewriting.text.text_links import find_text_links

Frame = tuple[str, str]
"""What stands before a new URL, and behind it."""
_PLAIN: Final = ("", "")
_BRACKETS: Final = ("<", ">")
_BRACKETS_AND_BLANK: Final = ("<", "> ")
_BLANK_OR_END: Final = r"(?:[ \t\r\n\xa0\u3000]|\Z)"
_MARKS: Final = r"[.,:;!?'\")\]}]*"
_ENDS_FOR_ALL: Final = re.compile(
    rf"(?:\.*|!*|[,;]|'[.,;!']*){_BLANK_OR_END}|[)\]}}]{_MARKS}{_BLANK_OR_END}|\]\(|[<>#?]|\"(?![^\s\"]+\")"
)
"""What stands behind an address where all programs end it, or go on with what no token minds.

linkify-it takes a mark along behind which no blank stands, and words between quotes. Thunderbird goes on over
every other kind of blank: the narrow ones of French, those of fixed width, controls.
"""
_PARTED: Final = re.compile(_MARKS + r"(?:\s|\Z)")
_PROBE: Final = "https://link.invalid/probe"


def frames_of(text: str, flow: Flow, links: list[FoundLink]) -> list[Frame | None]:
    """Return for each link the frame in which its new URL is read back whole, None where there is none."""
    frames: list[Frame | None] = [
        _PLAIN if _ENDS_FOR_ALL.match(text, link.end) is not None else _brackets(text, link.end)
        for link in links
    ]
    # Thunderbird would drop the blanks behind a new URL between quotes, and take all the words for a part.
    quoted = [(each.start, each.end) for each in quoted_addresses(text)]
    if quoted:
        for index, link in enumerate(links):
            if overlaps(quoted, link.start, link.end):
                frames[index] = _brackets(text, link.end)
    if not (flow["flowed"] and flow["delsp"]) and _stand_apart(text, links):
        return frames
    for bracketed in (True, False):
        lost = _lost(text, flow, links, frames)
        if not lost:
            return frames
        for index in lost:
            frames[index] = _brackets(text, links[index].end) if bracketed else None
    return [None] * len(links) if _lost(text, flow, links, frames) else frames


def _brackets(text: str, end: int) -> Frame:
    return _BRACKETS if _PARTED.match(text, end) is not None else _BRACKETS_AND_BLANK


def _stand_apart(text: str, links: list[FoundLink]) -> bool:
    """Whether each link stands where any other one is read as well, which saves reading the text again.

    That is at once between angle brackets, for nothing is read over a `<`; and between white space in a text
    without `<`, for white space ends every address that stands in no such brackets. Joined lines may bring
    something else there.
    """
    is_free = "<" not in text
    for link in links:
        before, behind = text[max(link.start - 1, 0) : link.start], text[link.end : link.end + 1]
        if before == "<" and behind == ">":
            continue
        if not (is_free and (not before or before.isspace()) and (not behind or behind.isspace())):
            return False
    return True


def _lost(text: str, flow: Flow, links: list[FoundLink], frames: list[Frame | None]) -> list[int]:
    """Return the numbers of links that are not read as planned when all are replaced at once."""
    pieces: list[str] = []
    starts: dict[int, int] = {}
    position = size = 0
    for index, (link, frame) in enumerate(zip(links, frames, strict=True)):
        if frame is None:
            continue
        before, behind = frame
        starts[index] = size + link.start - position + len(before)
        pieces += (text[position : link.start], before, _PROBE, behind)
        size = starts[index] + len(_PROBE) + len(behind)
        position = link.end
    pieces.append(text[position:])
    found = {link.start: link for link in find_text_links("".join(pieces), **flow)}
    return [index for index, start in starts.items() if not _is_probe(found.get(start))]


def _is_probe(link: FoundLink | None) -> bool:
    return link is not None and link.value == _PROBE and link.doubt is None
