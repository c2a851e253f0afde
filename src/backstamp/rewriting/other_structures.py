"""other_structures: links of a broken message that only programs see which read its structure otherwise.

One line that is no field, and some read a header on where others end it, find another type, undo another
transfer encoding, divide by another boundary. The parts stay as they are; whoever judges the message must see
the links of every reading.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from backstamp.mail.defects import Defect
from backstamp.mail.header_section import (
    read_past_strays,
    read_strictly,
    read_to_blank_line,
    read_to_line_feeds,
)
from backstamp.mail.multipart import TooManyPartsError
from backstamp.mail.structure import Habits, Part, parse_structure
from backstamp.rewriting.left_alone import links_left_alone
from backstamp.rewriting.link_policy import Decided, LinkPolicy
from backstamp.rewriting.options import Options
from backstamp.rewriting.reasons import SkipReason
from backstamp.rewriting.reporting import Candidates

_READ_OTHERWISE: Final = frozenset(
    {
        Defect.HEADER_IN_DOUBT,
        Defect.HEADER_BROKEN_OFF,
        Defect.BARE_CR,
        Defect.TYPE_IN_DOUBT,
        Defect.ODDLY_SPELLED,
        Defect.CONTRADICTING_FIELDS,
        Defect.NO_BOUNDARY,
        Defect.NO_PARTS,
        Defect.PARTS_AFTER_END,
        Defect.UNSURE_DELIMITERS,
    }
)
_ALWAYS: Final = (
    Habits(read_header=read_past_strays, divides_more=True),
    Habits(read_header=read_past_strays, divides_more=True, last_counts=True),
)
_OF_HEADERS: Final = (
    Habits(read_header=read_strictly, divides_more=True),
    Habits(read_header=read_to_blank_line, divides_more=True),
)
_WITH_BARE_CR: Final = Habits(read_header=read_to_line_feeds, divides_more=True)
_BARE_CR: Final = re.compile(rb"\r(?!\n)")

_PARTIAL: Final = "message/partial"
"""Outlook puts those of one message together (RFC 2046 §5.2.2), and of one there may be but one."""

_NAME: Final = SkipReason.BARE_NAME

_Leaf = tuple[int, int, str, str, str]


def links_of_other_readings(
    raw: bytes,
    root: Part,
    known: Sequence[Candidates],
    *,
    options: Options,
    policy: LinkPolicy,
    room: int,
) -> list[Candidates]:
    """Return the links of a received message that only other readings of its structure show.

    Args:
        raw: the message.
        root: its parts, by the standards.
        known: what is listed or wrapped already.
        options: their limits count: of all that is only read otherwise, `html_bytes` are read.
        policy: knows excluded hosts and our own.
        room: how many links may be listed.
    """
    defects = frozenset[Defect]().union(*(part.defects for part in _parts(root)))
    if not defects & _READ_OTHERWISE and all(part.media_type != _PARTIAL for part in _parts(root)):
        return []
    read = {_identity(part) for part in _parts(root) if not part.children}
    seen = {each.url.href for links in known for each in links.decided if each.url is not None}
    found: list[Candidates] = []
    octets = options.limits.html_bytes
    for leaf in _other_leaves(raw, options, defects):
        octets -= leaf.end - leaf.body_start
        if _identity(leaf) in read or octets < 0 or room <= 0:
            continue
        read.add(_identity(leaf))
        reason = SkipReason.BROKEN_STRUCTURE
        links = links_left_alone(raw, leaf, reason, options=options, policy=policy, room=room)
        if links is None:
            continue
        decided: list[Decided] = []
        spans: list[tuple[int, int]] = []
        for each, span in zip(links.decided, links.spans, strict=True):
            is_reached = each.reason is not None and (each.reason.unprotected or each.reason is _NAME)
            if is_reached and each.url is not None and each.url.href not in seen:
                seen.add(each.url.href)
                decided.append(each)
                spans.append(span)
        room -= len(decided)
        if decided:
            found.append(Candidates(_path_at(root, leaf.body_start), decided, spans))
    return found


def _other_leaves(raw: bytes, options: Options, defects: frozenset[Defect]) -> Iterator[Part]:
    """Yield the parts without parts of every other reading."""
    readings: tuple[Habits, ...] = _ALWAYS
    if defects & {Defect.HEADER_IN_DOUBT, Defect.HEADER_BROKEN_OFF}:
        readings += _OF_HEADERS
    if _BARE_CR.search(raw):
        readings += (_WITH_BARE_CR,)
    for habits in readings:
        try:
            root = parse_structure(raw, options.limits.structure(), habits)
        except TooManyPartsError:
            continue
        yield from (part for part in _parts(root) if not part.children)


def _parts(root: Part) -> Iterator[Part]:
    stack = [root]
    while stack:
        part = stack.pop()
        yield part
        stack += reversed(part.children)


def _identity(part: Part) -> _Leaf:
    """Return what decides on the text that is read in a part."""
    return part.body_start, part.end, part.media_type, part.cte, part.charset_label


def _path_at(root: Part, at: int) -> str:
    """Return the path of the innermost part, by the standards, in which something stands."""
    part: Part | None = root
    path = root.path
    while part is not None:
        path = part.path
        part = next((child for child in part.children if child.header.start <= at < child.end), None)
    return path
