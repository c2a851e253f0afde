"""part_planning: find one part's links, decide on each, and prove that the changed part reads back."""

import re
from bisect import bisect_left
from typing import Final, NamedTuple

import msgspec

from backstamp.mail.defects import Defect
from backstamp.mail.encodings.files_in_text import uuencoded_blocks
from backstamp.mail.structure import Part
from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.freed_memory import give_back
from backstamp.rewriting.header_base import with_header_base
from backstamp.rewriting.html import link_markup
from backstamp.rewriting.html.bare_addresses import MOST_WORDS
from backstamp.rewriting.html.html_links import HtmlText
from backstamp.rewriting.html.one_line import OneLine
from backstamp.rewriting.html.tree_cost import BIG, is_too_costly
from backstamp.rewriting.link_policy import Decided, LinkPolicy
from backstamp.rewriting.manifest import Carrier, PixelReport, plain
from backstamp.rewriting.moved_charset import octets_moved_up
from backstamp.rewriting.options import Options
from backstamp.rewriting.part_edit import PartUnreadableError, TextPart
from backstamp.rewriting.pixel import ReadBack
from backstamp.rewriting.plan import END_OF_WORDS, PIXEL, PlannedPart, TrackedLink
from backstamp.rewriting.reasons import SkipReason
from backstamp.rewriting.reporting import Candidates
from backstamp.rewriting.spans import overlaps
from backstamp.rewriting.text.flowed import Flow, flow_of
from backstamp.rewriting.text.other_text_readings import address_begins, other_text_links
from backstamp.rewriting.text.text_frames import Frame, frames_of
from backstamp.rewriting.text.text_links import find_text_links, inner_addresses
from backstamp.rewriting.text.unwrapped_addresses import unwrapped_addresses
from backstamp.vocabulary import Direction

_FIELD_NAME: Final = re.compile(rb"[!-9;-~]*")
_EMPTY_LINE: Final = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_NO_ADDRESS: Final = frozenset({SkipReason.INVALID_URL, SkipReason.UNLOCATED})


class Outcome(msgspec.Struct, kw_only=True):
    """What is planned for one part: `planned` is None when not a byte of it changes; `reason` says why.

    `places` are the numbers that it takes: those of its links, and of others that hold one.
    """

    pixel: PixelReport = PixelReport()
    links: list[TrackedLink] = []
    places: int = 0
    candidates: Candidates | None = None
    planned: PlannedPart | None = None
    reason: SkipReason | None = None


class _ReadHtml(NamedTuple):
    """What was decided on an HTML part: its links in order, where the pixel goes, or why there is none."""

    decided: list[Decided]
    pixel_at: int | None
    pixel_reason: SkipReason | None
    unlocated: bool


class PartPlanner:
    """Plans one text/html or text/plain part; `base` is what the header gives an HTML part for one."""

    def __init__(
        self, raw: bytes, part: Part, options: Options, policy: LinkPolicy, base: str | None = None
    ) -> None:
        self._raw = raw
        self._part = part
        self._options = options
        self._policy = policy
        self._base = base

    def plan(self, links_before: int, *, wants_pixel: bool) -> Outcome:
        """Return the outcome; links are numbered from `links_before` + 1."""
        if self._would_become_a_field():
            return _left_alone(SkipReason.BROKEN_STRUCTURE)
        try:
            text_part = TextPart(self._raw, self._part, self._options.limits.html_bytes)
            reason = self._whole_part_reason(text_part)
            if reason is not None:
                return _left_alone(reason)
            if self._part.media_type == "text/html":
                outcome = self._plan_html(text_part, links_before, wants_pixel=wants_pixel)
            else:
                outcome = self._plan_text(text_part, links_before)
        except PartUnreadableError as error:
            return _left_alone(error.reason)
        if self._takes_header_end(outcome) or self._begins_a_field(outcome):
            return _left_alone(SkipReason.BROKEN_STRUCTURE)
        if self._options.direction is Direction.INBOUND:
            if text_part.in_unknown_encoding:
                outcome.reason = outcome.reason or SkipReason.UNKNOWN_ENCODING
            elif text_part.payload.in_doubt:
                outcome.reason = outcome.reason or SkipReason.UNDECODABLE
        return outcome

    def _would_become_a_field(self) -> bool:
        """Whether what is put in would be read as a part of the header.

        Without an empty line before it, a text that begins with `www.x` would begin with the field `https:`;
        so would HTML that begins with `<a/href=x>`, where a base makes an address of that.
        """
        header = self._part.header
        if header.body_start != header.end:
            return False
        if header.fields and header.end == self._part.end:
            # What is put behind it would be a part of the last field.
            return True
        beginning = self._raw[header.end : header.end + 100].split(maxsplit=1)
        return bool(beginning) and (b"www." in beginning[0].lower() or b"=" in beginning[0])

    def _takes_header_end(self, outcome: Outcome) -> bool:
        """Whether a link holds the empty line at which a header that broke off ends for some programs.

        Were it replaced they would read on to the next one: their body would begin elsewhere, or nowhere.
        """
        header = self._part.header
        if header.orderly or outcome.candidates is None:
            return False
        ending = _EMPTY_LINE.search(self._raw, header.end, self._part.end)
        if ending is None:
            return False
        first, last = ending.span()
        return any(start < last and end > first for start, end in outcome.candidates.spans)

    def _begins_a_field(self, outcome: Outcome) -> bool:
        """Whether the first new URL makes a field of the line that ended the header.

        As where a charset's shift stands within the scheme, which made it no field.
        """
        header = self._part.header
        if header.body_start != header.end or outcome.candidates is None:
            return False
        pairs = zip(outcome.candidates.decided, outcome.candidates.spans, strict=True)
        first = next((start for each, (start, _) in pairs if each.number is not None), None)
        return first is not None and _FIELD_NAME.fullmatch(self._raw, header.end, first) is not None

    def _whole_part_reason(self, text_part: TextPart) -> SkipReason | None:
        if text_part.in_unknown_encoding and self._options.direction is Direction.OUTBOUND:
            return SkipReason.UNKNOWN_ENCODING
        if self._part.media_type == "text/html":
            return SkipReason.TOO_COSTLY if is_too_costly(text_part.text) else None
        return text_part.inline_pgp

    def _plan_text(self, text_part: TextPart, links_before: int) -> Outcome:
        text = text_part.text
        flow = flow_of(self._part.parameters)
        # Mail programs hand over Unicode, whatever the charset of the text was.
        links = _outside(find_text_links(text, **flow), uuencoded_blocks(text))
        decided = self._decide(links, None, "utf-8")
        wrapped = [each for each in decided if each.reason is None]
        frames = frames_of(text, flow, [each.link for each in wrapped]) if wrapped else []
        kept: list[tuple[Decided, Frame]] = []
        for each, frame in zip(wrapped, frames, strict=True):
            if frame is None:
                each.reason = SkipReason.NOT_REPRODUCED
            else:
                kept.append((each, frame))
        inner = [
            found
            for each in decided
            if each.url is None and each.reason in _NO_ADDRESS
            for found in inner_addresses(each.link)
        ]
        if self._options.direction is Direction.INBOUND:
            names = self._part.media_type == "text/plain"
            others = unwrapped_addresses(text, links, names=names)
            decided += self._decide(others, None, "utf-8")
            decided.sort(key=lambda each: each.link.start)
        if inner:
            # Only those that are addresses: the whole is listed already.
            decided += [each for each in self._decide(inner, None, "utf-8") if each.url is not None]
            decided.sort(key=lambda each: each.link.start)
        rivals = self._seen_by_others(text, flow, decided)
        if rivals:
            decided += rivals
            decided.sort(key=lambda each: each.link.start)
        outcome = self._outcome(text_part, decided, links_before, None, kept)
        if rivals is None:
            outcome.reason = SkipReason.UNLOCATED
        elif text_part.holds_file:
            outcome.reason = SkipReason.UUENCODED
        return outcome

    def _seen_by_others(self, text: str, flow: Flow, decided: list[Decided]) -> list[Decided] | None:
        """Return what only other readers of received text see; None where nobody can tell.

        Where a link is wrapped, its frame ends for them too what would go on behind it.
        """
        if self._options.direction is not Direction.INBOUND:
            return []
        found = other_text_links(text, flow)
        if found is None:
            return None
        known = {each.link.start: each for each in decided}
        wrapped = {start for start, each in known.items() if each.reason is None}
        found = [each for each in found if address_begins(text, each) not in wrapped]
        others = self._decide(found, None, "utf-8")
        return [each for each in others if not _is_as_harmless(each, known.get(each.link.start))]

    def _plan_html(self, text_part: TextPart, links_before: int, *, wants_pixel: bool) -> Outcome:
        is_big = len(text_part.text) > BIG
        is_wide = is_big and not text_part.is_one_to_one
        if is_wide:
            # What one step has freed would lie idle beside what the next one takes.
            give_back()
        read = self._read_html(text_part, wants_pixel=wants_pixel)
        if is_big:
            give_back()
        outcome = self._outcome(text_part, read.decided, links_before, read.pixel_at)
        if is_wide:
            give_back()
        if read.pixel_reason is not None:
            outcome.pixel = PixelReport(part=self._part.path, skip_reason=read.pixel_reason)
        if read.unlocated:
            outcome.reason = SkipReason.UNLOCATED
        return outcome

    def _read_html(self, text_part: TextPart, *, wants_pixel: bool) -> _ReadHtml:
        """Read and decide; the trees, which weigh more than all else, are gone when this returns.

        Raises `PartUnreadableError` where new URLs would bring a charset to where readers look for one.
        """
        text = OneLine(text_part.text)
        if len(text.line) > BIG:
            text_part.forget_text()
            if not text_part.is_one_to_one:
                give_back()
        html = HtmlText(text, words=self._options.direction is Direction.INBOUND)
        base = html.base
        others = html.rivals
        if self._base is not None:
            base, rivals = with_header_base(html, self._base)
            others += rivals
        if self._options.direction is Direction.INBOUND and Defect.TYPE_IN_DOUBT in self._part.defects:
            others = others + _shown_as_they_stand(text.original(), html)
        decided = self._decide(html.links, base, text_part.encoding)
        words = self._decide_on_words(html, decided, text_part.encoding)
        pixel_at = html.body_end() if wants_pixel else None
        pixel_reason = None
        wrapped = [each.link for each in decided if each.reason is None]
        around = [each.link for each in words if each.reason is None]
        if wrapped or around or pixel_at is not None:
            read_back = ReadBack(html, wrapped)
            if around and not read_back.holds(None, around):
                around = []
                for each in words:
                    each.reason = each.reason or SkipReason.BARE_ADDRESS
            if pixel_at is not None and (html.in_doubt or not read_back.holds(pixel_at, around)):
                pixel_at, pixel_reason = None, SkipReason.UNCLOSED_MARKUP
            if pixel_at is None and wrapped and not around and not read_back.holds(None):
                for each in decided:
                    each.reason = each.reason or SkipReason.NOT_REPRODUCED
        if others:
            decided += self._decide(others, base, text_part.encoding)
        if others or words:
            decided += words
            decided.sort(key=lambda each: each.link.start)
        edits = ((each.link.start, each.link.end) for each in decided if each.reason is None)
        octets = octets_moved_up(html.source, edits)
        if octets is not None and not text_part.is_agreed(octets):
            raise PartUnreadableError(SkipReason.UNSAFE_CHARSET)
        return _ReadHtml(decided, pixel_at, pixel_reason, bool(html.unlocated))

    def _decide_on_words(self, html: HtmlText, links: list[Decided], encoding: str) -> list[Decided]:
        """Decide on the addresses in words: around none is an element put where that might be in a link's."""
        if not html.words:
            return []
        words = self._decide(html.words, None, encoding)
        places = [(each.link.start, each.link.end) for each in links]
        for each in words:
            in_link = overlaps(places, each.link.start, each.link.end)
            if each.reason is None and (html.in_doubt or in_link):
                each.reason = SkipReason.BARE_ADDRESS
        return words

    def _decide(self, links: list[FoundLink], base: str | None, encoding: str) -> list[Decided]:
        decided = self._policy.decide(links, base, encoding)
        end = 0
        for link, each in zip(links, decided, strict=True):
            if link.start < end:
                each.reason = each.reason or SkipReason.UNLOCATED
            end = link.end
        return decided

    def _outcome(
        self,
        text_part: TextPart,
        decided: list[Decided],
        links_before: int,
        pixel_at: int | None,
        framed: list[tuple[Decided, Frame]] | None = None,
    ) -> Outcome:
        path = self._part.path
        spans = [(each.link.start, each.link.end) for each in decided]
        # None stands for the pixel.
        entries: list[Decided | None] = [*decided]
        pixel_index = 0
        if pixel_at is not None:
            pixel_index = bisect_left(spans, (pixel_at,))
            spans.insert(pixel_index, (pixel_at, pixel_at))
            entries.insert(pixel_index, None)
        byte_spans = text_part.byte_spans(spans)
        raw_spans = text_part.payload.raw_spans(byte_spans)
        pixel = PixelReport()
        if pixel_at is not None:
            pixel = PixelReport(part=path, at=raw_spans[pixel_index][0])
            raw_spans = raw_spans[:pixel_index] + raw_spans[pixel_index + 1 :]
        links: list[TrackedLink] = []
        slots: list[int] = []
        edited: list[tuple[int, int]] = []
        around: dict[int, Frame] = {}
        number = links_before
        for entry, span in zip(entries, byte_spans, strict=True):
            if entry is None:
                slots.append(PIXEL)
                edited.append(span)
            elif entry.reason is None and entry.url is not None:
                link = entry.link
                number += 1
                entry.number = number
                links.append(
                    TrackedLink(
                        number,
                        entry.url.href,
                        plain(link.label or link.value, 100),
                        path,
                        link.value,
                        entry.url.host,
                    )
                )
                slots.append(number)
                if link.carrier is Carrier.HTML_TEXT:
                    around[number] = link_markup.FRAME
                    slots.append(END_OF_WORDS)
                    edited += ((span[0], span[0]), (span[1], span[1]))
                else:
                    edited.append(span)
            elif entry.holds_place:
                number += 1
        planned = None
        if slots and framed is not None:
            spans, frames = self._frames(text_part.text, framed)
            editor = text_part.editor(text_part.byte_spans(spans))
            planned = PlannedPart(path, editor, slots, dict(zip(slots, frames, strict=True)))
        elif slots:
            planned = PlannedPart(path, text_part.editor(edited), slots, around or None)
        candidates = Candidates(path, decided, raw_spans)
        places = number - links_before
        return Outcome(pixel=pixel, links=links, places=places, candidates=candidates, planned=planned)

    def _frames(
        self, text: str, framed: list[tuple[Decided, Frame]]
    ) -> tuple[list[tuple[int, int]], list[Frame]]:
        """Return the spans of a plain text's links, and their frames, with the true host where it is wanted.

        It stands behind an angle bracket, not inside: blanks between the brackets are dropped by some
        programs, and the host would become part of the link.
        """
        spans: list[tuple[int, int]] = []
        frames: list[Frame] = []
        for each, (before, behind) in framed:
            start, end = each.link.start, each.link.end
            if self._options.readable_text and each.url is not None:
                if text.startswith(">", end):
                    behind += ">"
                    end += 1
                behind = f"{behind.rstrip()} [{each.url.host}]"
            spans.append((start, end))
            frames.append((before, behind))
        return spans, frames


def _is_as_harmless(other: Decided, ours: Decided | None) -> bool:
    """Whether another reading of a link that is listed leads to the same host: its reason counts for both."""
    if ours is None or ours.url is None or other.url is None:
        return False
    return ours.url.host == other.url.host


def _shown_as_they_stand(text: str, html: HtmlText) -> list[FoundLink]:
    """Return the addresses of HTML that a program shows which takes it for plain text, but for its links."""
    known = sorted((link.start, link.end) for link in (*html.links, *html.words))
    links = [link for link in find_text_links(text) if not overlaps(known, link.start, link.end)]
    for link in links:
        link.doubt = SkipReason.UNLOCATED
    return links[:MOST_WORDS]


def _outside(links: list[FoundLink], blocks: list[tuple[int, int]]) -> list[FoundLink]:
    """Return the links that begin in none of these spans of the text, which ascend."""
    if not blocks:
        return links
    return [link for link in links if not overlaps(blocks, link.start, link.start + 1)]


def _left_alone(reason: SkipReason) -> Outcome:
    return Outcome(pixel=PixelReport(skip_reason=reason), reason=reason)
