"""other_structures: links of a broken message that only programs see which read its structure otherwise.

One line that is no field, and some read a header on where others end it, find another type, undo another
transfer encoding, divide by another boundary. The parts stay as they are; whoever judges the message must see
the links of every reading.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from backstamp.mail.defects import Defect
from backstamp.mail.encodings.transfer import is_identity
from backstamp.mail.header_section import (
    read_past_strays,
    read_strictly,
    read_to_blank_line,
    read_to_line_feeds,
)
from backstamp.mail.multipart import TooManyPartsError
from backstamp.mail.structure import Habits, Part, parse_structure
from backstamp.rewriting.deciding.candidates import Candidates
from backstamp.rewriting.deciding.decided import Decided
from backstamp.rewriting.deciding.link_policy import LinkPolicy
from backstamp.rewriting.listing.left_alone import is_looked_into, links_left_alone
from backstamp.rewriting.listing.readings import decodings
from backstamp.rewriting.options import Options
from backstamp.rewriting.parts.kinds import MESSAGES, PARTIAL
from backstamp.rewriting.parts.walk import sealed_reason
from backstamp.rewriting.reporting.reasons import SkipReason

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
_CONTAINERS: Final = MESSAGES | {PARTIAL}
_MOST_DECODED: Final = 3
"""Encoded messages within encoded messages."""

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
    parts = list(_parts(root))
    defects = frozenset[Defect]().union(*(part.defects for part in parts))
    leaves = [part for part in parts if not part.children]
    encoded = [part for part in leaves if _is_encoded_container(part)]
    is_broken = bool(defects & _READ_OTHERWISE) or any(part.media_type == PARTIAL for part in leaves)
    if not is_broken and not encoded:
        return []
    listing = _Listing(known, options, policy, room)
    for part in encoded:
        listing.add_decoded(raw, part, *_where(root, part.header.start), (part.body_start, part.end))
    if is_broken:
        read = {_identity(part) for part in leaves}
        for leaf in _other_leaves(raw, options, defects):
            if _identity(leaf) not in read:
                read.add(_identity(leaf))
                path, reason = _where(root, leaf.body_start)
                listing.add(raw, leaf, path, reason)
                if _is_encoded_container(leaf):
                    listing.add_decoded(raw, leaf, path, reason, (leaf.body_start, leaf.end))
    return listing.found


class _Listing:
    """Collects links that are not known yet, as long as there is room for them and octets may be read."""

    def __init__(self, known: Sequence[Candidates], options: Options, policy: LinkPolicy, room: int) -> None:
        self.found: list[Candidates] = []
        self._seen = {each.url.href for links in known for each in links.decided if each.url is not None}
        self._options = options
        self._policy = policy
        self._room = room
        self._octets = options.limits.html_bytes

    def add(
        self, raw: bytes, leaf: Part, path: str, reason: SkipReason, place: tuple[int, int] | None = None
    ) -> None:
        """List the links of a leaf in the part of this path, at their own places or all at one."""
        if self._room <= 0 or not is_looked_into(leaf, reason) or not self._may_read(leaf):
            return
        links = links_left_alone(
            raw, leaf, reason, options=self._options, policy=self._policy, room=self._room
        )
        if links is None:
            return
        decided: list[Decided] = []
        spans: list[tuple[int, int]] = []
        for each, span in zip(links.decided, links.spans, strict=True):
            is_reached = each.reason is not None and (
                each.reason.unprotected or each.reason is SkipReason.BARE_NAME
            )
            if is_reached and each.url is not None and each.url.href not in self._seen:
                self._seen.add(each.url.href)
                decided.append(each)
                spans.append(place or span)
        self._room -= len(decided)
        if decided:
            self.found.append(Candidates(path, decided, spans))

    def _may_read(self, part: Part) -> bool:
        """Whether octets are left for a part; one that is too large for them keeps no smaller one out."""
        octets = part.end - part.body_start
        if octets > self._octets:
            return False
        self._octets -= octets
        return True

    def add_decoded(
        self,
        raw: bytes,
        part: Part,
        path: str,
        reason: SkipReason,
        place: tuple[int, int],
        depth: int = _MOST_DECODED,
    ) -> None:
        """List the links of a message or multipart that is encoded as a whole."""
        if not depth or not self._may_read(part):
            return
        data = next(decodings(raw, part), b"")
        if part.is_multipart:
            types = b"".join(raw[each.start : each.end] for each in part.header.all(b"content-type"))
            data = types + b"\r\n" + data
        try:
            root = parse_structure(data, self._options.limits.structure(), _ALWAYS[0])
        except TooManyPartsError:
            return
        for leaf in _parts(root):
            if not leaf.children:
                self.add(data, leaf, path, reason, place)
                if _is_encoded_container(leaf):
                    self.add_decoded(data, leaf, path, reason, place, depth - 1)


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


def _is_encoded_container(part: Part) -> bool:
    """Whether it is a message or a multipart, encoded, which RFC 2046 forbids and some programs undo."""
    return (part.is_multipart or part.media_type in _CONTAINERS) and not is_identity(part.cte)


def _identity(part: Part) -> _Leaf:
    """Return what decides on the text that is read in a part."""
    return part.body_start, part.end, part.media_type, part.cte, part.charset_label


def _where(root: Part, at: int) -> tuple[str, SkipReason]:
    """Return the path of the innermost part, by the standards, in which something stands, and its reason.

    What is sealed stays what it is: whether a signature holds is asked for all of it.
    """
    part: Part | None = root
    path, reason = root.path, None
    while part is not None:
        path = part.path
        reason = reason or sealed_reason(part)
        part = next((child for child in part.children if child.header.start <= at < child.end), None)
    return path, reason or SkipReason.BROKEN_STRUCTURE
