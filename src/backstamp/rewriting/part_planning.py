"""part_planning: find one part's links, decide on each, and prove that the changed part reads back."""

from bisect import bisect_right
from itertools import pairwise

import msgspec

from backstamp.mail.structure import Part
from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.html_links import HtmlText, is_too_costly, label_of
from backstamp.rewriting.link_policy import LinkPolicy
from backstamp.rewriting.manifest import CandidateReport, Decision, PixelReport, plain
from backstamp.rewriting.options import Options
from backstamp.rewriting.part_edit import PartUnreadableError, TextPart
from backstamp.rewriting.pixel import ReadBack, pixel_position
from backstamp.rewriting.plan import PIXEL, PlannedPart, TrackedLink
from backstamp.rewriting.reasons import SkipReason
from backstamp.rewriting.text_links import find_text_links, flowed_spans
from backstamp.urls.parsing import WebUrl

_Decided = tuple[FoundLink, WebUrl | None, SkipReason | None]


class Outcome(msgspec.Struct, kw_only=True):
    """What is planned for one part: `planned` is None when not a byte of it changes; `reason` says why."""

    pixel: PixelReport = PixelReport()
    links: list[TrackedLink] = []
    candidates: list[CandidateReport] = []
    planned: PlannedPart | None = None
    reason: SkipReason | None = None


class PartPlanner:
    """Plans one text/html or text/plain part."""

    def __init__(self, raw: bytes, part: Part, options: Options, policy: LinkPolicy) -> None:
        self._raw = raw
        self._part = part
        self._options = options
        self._policy = policy

    def plan(self, links_before: int, *, wants_pixel: bool) -> Outcome:
        """Return the outcome; links are numbered from `links_before` + 1."""
        try:
            text_part = TextPart(self._raw, self._part, self._options.limits.html_bytes)
            reason = self._whole_part_reason(text_part)
        except PartUnreadableError as error:
            return _left_alone(error.reason)
        if reason is not None:
            return _left_alone(reason)
        if self._part.media_type == "text/html":
            return self._plan_html(text_part, links_before, wants_pixel=wants_pixel)
        decided = self._decide(find_text_links(text_part.text), None)
        if self._part.parameters.get("delsp", "").strip().lower() == "yes":
            decided = _without_flowed(decided, flowed_spans(text_part.text))
        return self._outcome(text_part, decided, links_before, None)

    def _whole_part_reason(self, text_part: TextPart) -> SkipReason | None:
        if self._part.media_type == "text/html":
            return SkipReason.TOO_COSTLY if is_too_costly(text_part.text) else None
        return text_part.inline_pgp

    def _plan_html(self, text_part: TextPart, links_before: int, *, wants_pixel: bool) -> Outcome:
        html = HtmlText(text_part.text)
        decided = self._decide(html.links, html.base)
        labels = {link.start: label_of(link) for link, _, reason in decided if reason is None}
        pixel_at = pixel_position(html) if wants_pixel else None
        pixel_reason = None
        wrapped = [link for link, _, reason in decided if reason is None]
        if wrapped or pixel_at is not None:
            read_back = ReadBack(html, wrapped)
            if pixel_at is not None and not read_back.holds(pixel_at):
                pixel_at, pixel_reason = None, SkipReason.UNCLOSED_MARKUP
            if pixel_at is None and wrapped and not read_back.holds(None):
                decided = [(link, url, reason or SkipReason.NOT_REPRODUCED) for link, url, reason in decided]
        outcome = self._outcome(text_part, decided, links_before, pixel_at, labels)
        if pixel_reason is not None:
            outcome.pixel = PixelReport(part=self._part.path, skip_reason=pixel_reason)
        if html.unlocated:
            outcome.reason = SkipReason.UNLOCATED
        return outcome

    def _decide(self, links: list[FoundLink], base: str | None) -> list[_Decided]:
        decided = [(link, *self._policy.decide(link, base)) for link in links]
        overlapping = {later.start for earlier, later in pairwise(links) if later.start < earlier.end}
        if overlapping:
            return [
                (link, url, reason or (SkipReason.UNLOCATED if link.start in overlapping else None))
                for link, url, reason in decided
            ]
        return decided

    def _outcome(
        self,
        text_part: TextPart,
        decided: list[_Decided],
        links_before: int,
        pixel_at: int | None,
        labels: dict[int, str] | None = None,
    ) -> Outcome:
        part = self._part
        outcome = Outcome(links=[], candidates=[])
        ends = [(link.start, link.end) for link, _, _ in decided]
        spans = _in_order(ends, pixel_at)
        byte_spans = text_part.byte_spans(spans)
        raw_spans = text_part.payload.raw_spans(byte_spans)
        pixel_index = spans.index((pixel_at, pixel_at)) if pixel_at is not None else -1
        slots: list[int] = []
        edited: list[tuple[int, int]] = []
        index = 0
        for link, url, reason in decided:
            if index == pixel_index:
                slots.append(PIXEL)
                edited.append(byte_spans[index])
                index += 1
            number = None
            if reason is None and url is not None:
                number = links_before + len(outcome.links) + 1
                label = link.value if labels is None else labels[link.start]
                outcome.links.append(TrackedLink(number, url.href, plain(label, 100), part.path))
                slots.append(number)
                edited.append(byte_spans[index])
            outcome.candidates.append(
                CandidateReport(
                    part=part.path,
                    carrier=link.carrier,
                    start=raw_spans[index][0],
                    end=raw_spans[index][1],
                    url=url.href if url is not None else plain(link.value),
                    decision=Decision.SKIPPED if number is None else Decision.WRAPPED,
                    skip_reason=reason,
                    conditional=link.conditional,
                    number=number,
                )
            )
            index += 1
        if pixel_index == len(decided):
            slots.append(PIXEL)
            edited.append(byte_spans[index])
        if pixel_at is not None:
            outcome.pixel = PixelReport(part=part.path, at=raw_spans[pixel_index][0])
        if slots:
            outcome.planned = PlannedPart(
                part.path, text_part.editor(edited), slots, html=part.media_type == "text/html"
            )
        return outcome


def _left_alone(reason: SkipReason) -> Outcome:
    return Outcome(pixel=PixelReport(skip_reason=reason), reason=reason)


def _without_flowed(decided: list[_Decided], spans: list[tuple[int, int]]) -> list[_Decided]:
    """Leave alone what may go on in the next line: else half an address is sealed."""
    starts = [start for start, _ in spans]

    def flows(link: FoundLink) -> bool:
        at = bisect_right(starts, link.start) - 1
        return at >= 0 and link.start < spans[at][1]

    return [
        (link, url, reason or (SkipReason.FLOWED if flows(link) else None)) for link, url, reason in decided
    ]


def _in_order(spans: list[tuple[int, int]], pixel_at: int | None) -> list[tuple[int, int]]:
    if pixel_at is None:
        return spans
    before = sum(start < pixel_at for start, _ in spans)
    return [*spans[:before], (pixel_at, pixel_at), *spans[before:]]
