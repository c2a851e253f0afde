"""text_links: web addresses in plain text, where mail programs make links of them."""

import re
from bisect import bisect_left, bisect_right
from itertools import islice
from typing import Final

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.reporting.manifest import Carrier
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.rewriting.text.angle_brackets import read_brackets
from backstamp.rewriting.text.flowed import Unflowed, unflow
from backstamp.rewriting.text.text_addresses import INVISIBLE, AddressEnds, begins_anew, find_starts

_INVISIBLE: Final = "".join(INVISIBLE)
_BEGINNING: Final = re.compile(r"https?:[/\\]|www\.", re.IGNORECASE)
_UP_TO_HOST: Final = re.compile(r"(?:https?:[/\\]*)?[\w.-]+", re.IGNORECASE)
_MOST_INNER: Final = 8


def find_text_links(text: str, *, flowed: bool = False, delsp: bool = False) -> list[FoundLink]:
    """Return the addresses in a plain text, in order, not overlapping.

    A span goes from the first to the last character, over all its lines, and `value` is what a click
    opens: `www.` has got its `http://`, and what parts the lines of an address is gone (in angle
    brackets, RFC 3986 appendix C; else only with `flowed` and `delsp`, RFC 3676 §4.2; `delsp` means
    nothing without `flowed`). Invisible characters at the end belong to the span and not to the value.
    `doubt` is set where mail programs open different addresses and no choice is right for all.
    """
    view = unflow(text, flowed=flowed, delsp=delsp)
    links = find_unflowed_links(view)
    if view.joints:
        for link in links:
            link.start, link.end = view.source_span(link.start, link.end)
    return links


def inner_addresses(link: FoundLink) -> list[FoundLink]:
    """Return the addresses that programs may see in one that is none as a whole.

    Some end it where a host may end, others begin anew inside it. They share the span, and are in doubt.
    """
    found: list[str] = []
    for beginning in islice(_BEGINNING.finditer(link.value), _MOST_INNER):
        rest = link.value[beginning.start() :]
        shorter = _UP_TO_HOST.match(rest)
        scheme = "http://" if beginning[0][0] in "wW" else ""
        found += (scheme + rest, scheme + (shorter[0] if shorter is not None else rest))
    return [
        FoundLink(link.start, link.end, value, link.carrier, doubt=SkipReason.UNLOCATED)
        for value in dict.fromkeys(found)
        if value != link.value
    ]


def find_unflowed_links(view: Unflowed) -> list[FoundLink]:
    """Return the addresses as `find_text_links` does, with their spans in `view.text`."""
    text = view.text
    ends = AddressEnds(text)
    links: list[FoundLink] = []
    done = 0
    for start in find_starts(text, view.joints):
        begin = start.offset
        if begin < done:
            continue
        bracketed = read_brackets(text, start)
        if bracketed is not None:
            value, end, doubtful = bracketed
            value = value.rstrip(_INVISIBLE)
        else:
            end = ends.end(start)
            if end <= begin:
                continue
            value = text[begin:end]
            while text[end : end + 1] in INVISIBLE:
                end += 1
            doubtful = _joins_two(view, begin, end)
        done = end
        links.append(
            FoundLink(
                start=begin,
                end=end,
                value=f"http://{value}" if start.abbreviated else value,
                carrier=Carrier.TEXT,
                doubt=SkipReason.FLOWED if doubtful else None,
            )
        )
    return links


def _joins_two(view: Unflowed, start: int, end: int) -> bool:
    """Whether a soft line end in a span parts what other readers see as two addresses."""
    inner = view.joints[bisect_right(view.joints, start) : bisect_left(view.joints, end)]
    return any(begins_anew(view.text, joint, view.text[joint - 1]) for joint in inner)
