"""plain_text_planning: the addresses of a plain text, what is decided on each, and what stands around it."""

from typing import Final

from backstamp.mail.encodings.files_in_text import uuencoded_blocks
from backstamp.rewriting.deciding.decided import Decided
from backstamp.rewriting.deciding.link_policy import LinkPolicy
from backstamp.rewriting.deciding.merge_tags import begins_merge_tag
from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.options import Options
from backstamp.rewriting.parts.text_part import TextPart
from backstamp.rewriting.planning.outcome import Framed, Outcome, outcome_of
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.rewriting.spans import overlaps
from backstamp.rewriting.text.flowed import flow_of
from backstamp.rewriting.text.other_text_readings import address_begins, other_text_links
from backstamp.rewriting.text.text_frames import Frame, frames_of
from backstamp.rewriting.text.text_links import find_text_links, inner_addresses
from backstamp.rewriting.text.unwrapped_addresses import unwrapped_addresses
from backstamp.vocabulary import Direction

_NO_ADDRESS: Final = frozenset({SkipReason.INVALID_URL, SkipReason.UNLOCATED})


class PlainTextPlanner:
    """Plans a part that programs show as plain text."""

    def __init__(self, text_part: TextPart, options: Options, policy: LinkPolicy) -> None:
        self._text_part = text_part
        self._text = text_part.text
        self._flow = flow_of(text_part.part.parameters)
        self._options = options
        self._policy = policy

    def plan(self, links_before: int) -> Outcome:
        """Return the outcome; links are numbered from `links_before` + 1."""
        text = self._text
        # Mail programs hand over Unicode, whatever the charset of the text was.
        links = _outside(find_text_links(text, **self._flow), uuencoded_blocks(text))
        if self._options.direction is Direction.OUTBOUND:
            _doubt_what_is_to_be_filled_in(links, text)
        decided = self._decide(links)
        framed = self._frames(decided)
        inner = [
            found
            for each in decided
            if each.url is None and each.reason in _NO_ADDRESS
            for found in inner_addresses(each.link)
        ]
        if self._options.direction is Direction.INBOUND:
            names = self._text_part.part.media_type == "text/plain"
            decided += self._decide(unwrapped_addresses(text, links, names=names))
        # Only those that are addresses: the whole is listed already.
        decided += [each for each in self._decide(inner) if each.url is not None]
        rivals = self._seen_by_others(decided)
        decided += rivals or []
        decided.sort(key=lambda each: each.link.start)
        outcome = outcome_of(self._text_part, decided, links_before, framed=framed)
        if rivals is None:
            outcome.reason = SkipReason.UNLOCATED
        elif self._text_part.holds_file:
            outcome.reason = SkipReason.UUENCODED
        return outcome

    def _decide(self, links: list[FoundLink]) -> list[Decided]:
        return self._policy.decide_in_order(links, None, "utf-8") if links else []

    def _frames(self, decided: list[Decided]) -> list[Framed]:
        """Return the spans and frames of the links that are wrapped.

        One that none fits is not reproduced.
        """
        wrapped = [each for each in decided if each.reason is None]
        frames = frames_of(self._text, self._flow, [each.link for each in wrapped]) if wrapped else []
        framed: list[Framed] = []
        for each, frame in zip(wrapped, frames, strict=True):
            if frame is None:
                each.reason = SkipReason.NOT_REPRODUCED
            else:
                framed.append(self._framed(each, frame))
        return framed

    def _framed(self, each: Decided, frame: Frame) -> Framed:
        """Return the span and frame of a link, with the true host where it is wanted.

        It stands behind an angle bracket, not inside: blanks between the brackets are dropped by some
        programs, and the host would become part of the link.
        """
        before, behind = frame
        start, end = each.link.start, each.link.end
        if self._options.readable_text and each.url is not None:
            if self._text.startswith(">", end):
                behind += ">"
                end += 1
            behind = f"{behind.rstrip()} [{each.url.host}]"
        return Framed((start, end), (before, behind))

    def _seen_by_others(self, decided: list[Decided]) -> list[Decided] | None:
        """Return what only other readers of received text see; None where nobody can tell.

        Where a link is wrapped, its frame ends for them too what would go on behind it.
        """
        if self._options.direction is not Direction.INBOUND:
            return []
        found = other_text_links(self._text, self._flow)
        if found is None:
            return None
        known = {each.link.start: each for each in decided}
        wrapped = {start for start, each in known.items() if each.reason is None}
        found = [each for each in found if address_begins(self._text, each) not in wrapped]
        return [each for each in self._decide(found) if not _is_as_harmless(each, known.get(each.link.start))]


def _is_as_harmless(other: Decided, ours: Decided | None) -> bool:
    """Whether another reading of a link that is listed leads to the same host: its reason counts for both."""
    if ours is None or ours.url is None or other.url is None:
        return False
    return ours.url.host == other.url.host


def _outside(links: list[FoundLink], blocks: list[tuple[int, int]]) -> list[FoundLink]:
    """Return the links that begin in none of these spans of the text, which ascend."""
    if not blocks:
        return links
    return [link for link in links if not overlaps(blocks, link.start, link.start + 1)]


def _doubt_what_is_to_be_filled_in(links: list[FoundLink], text: str) -> None:
    for link in links:
        if link.doubt is None and begins_merge_tag(text, link.start, link.end):
            link.doubt = SkipReason.MERGE_TAG
