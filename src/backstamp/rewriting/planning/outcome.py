"""outcome: what is planned for one part, as decisions on its links become numbers, places and edits."""

from bisect import bisect_left
from typing import NamedTuple

import msgspec

from backstamp.mail.pixel_markup import PIXEL_FRAME
from backstamp.rewriting.applying.plan import TrackedLink
from backstamp.rewriting.applying.planned_part import PIXEL, PlannedPart
from backstamp.rewriting.deciding.candidates import Candidates
from backstamp.rewriting.deciding.decided import Decided
from backstamp.rewriting.html import link_markup
from backstamp.rewriting.parts.text_part import TextPart
from backstamp.rewriting.reporting.manifest import Carrier, PixelReport, plain
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.rewriting.text.text_frames import Frame

Span = tuple[int, int]


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


class Framed(NamedTuple):
    """The span of a plain text that a new URL takes with what stands around it: one for each wrapped link."""

    span: Span
    frame: Frame


def untouched(reason: SkipReason) -> Outcome:
    """Return the outcome of a part that stays as it is, and whose links are not known."""
    return Outcome(pixel=PixelReport(skip_reason=reason), reason=reason)


def outcome_of(
    text_part: TextPart,
    decided: list[Decided],
    links_before: int,
    *,
    pixel_at: int | None = None,
    framed: list[Framed] | None = None,
) -> Outcome:
    """Return what decisions on a part's links come to.

    Args:
        text_part: the part.
        decided: on its links, in the order of the text; those that are wrapped are numbered.
        links_before: the number before the first.
        pixel_at: where in the text of an HTML part the pixel goes.
        framed: of the wrapped links of a plain text, in order.
    """
    path = text_part.part.path
    spans = [(each.link.start, each.link.end) for each in decided]
    # None stands for the pixel.
    entries: list[Decided | None] = [*decided]
    pixel_index = 0
    if pixel_at is not None:
        pixel_index = bisect_left(spans, (pixel_at,))
        spans.insert(pixel_index, (pixel_at, pixel_at))
        entries.insert(pixel_index, None)
    wrapped = [each.link for each in decided if each.reason is None]
    schemes = [link.shown_scheme for link in wrapped if link.shown_scheme is not None]
    byte_spans = text_part.byte_spans([*spans, *schemes])
    of_schemes = dict(zip(schemes, byte_spans[len(spans) :], strict=True))
    del byte_spans[len(spans) :]
    raw_spans = text_part.payload.raw_spans(byte_spans)
    pixel = PixelReport()
    if pixel_at is not None:
        pixel = PixelReport(part=path, at=raw_spans[pixel_index][0])
        raw_spans = raw_spans[:pixel_index] + raw_spans[pixel_index + 1 :]
    edits = _Edits(path, links_before, of_schemes)
    for entry, span in zip(entries, byte_spans, strict=True):
        edits.add(entry, span)
    planned = None
    if edits.contents:
        if framed is not None:
            edits.put_in_frames(framed, text_part)
        planned = PlannedPart(path, text_part.editor(edits.spans), edits.contents, edits.frames)
    return Outcome(
        pixel=pixel,
        links=edits.links,
        places=edits.number - links_before,
        candidates=Candidates(path, decided, raw_spans),
        planned=planned,
    )


class _Edits:
    """The edits of a part as its links are gone through: spans of its decoded bytes, and what goes there."""

    def __init__(self, path: str, links_before: int, schemes: dict[Span, Span]) -> None:
        """Begin without any; `schemes` are those that links show, in the text and in its bytes."""
        self.number = links_before
        self.links: list[TrackedLink] = []
        self.contents: list[int | str] = []
        self.spans: list[Span] = []
        self.frames: dict[int, Frame] = {}
        self._path = path
        self._schemes = schemes

    def add(self, entry: Decided | None, span: Span) -> None:
        """Take in a link, or the pixel (None), with its span of decoded bytes."""
        if entry is None:
            self.frames[PIXEL] = PIXEL_FRAME
            self.contents.append(PIXEL)
            self.spans.append(span)
        elif entry.reason is None and entry.url is not None:
            link = entry.link
            self.number += 1
            number = entry.number = self.number
            words = plain(link.label or link.value, 100)
            url = entry.url
            self.links.append(TrackedLink(number, url.href, words, self._path, link.value, url.host))
            self.contents.append(number)
            scheme = self._schemes[link.shown_scheme] if link.shown_scheme is not None else None
            if link.carrier is Carrier.HTML_TEXT:
                self.frames[number] = link_markup.FRAME
                self.contents.append(link_markup.END)
                begin = scheme[1] if scheme is not None else span[0]
                self.spans += ((begin, begin), (span[1], span[1]))
                return
            self.spans.append(span)
            if scheme is not None:
                self.contents.append("")
                self.spans.append(scheme)
        elif entry.holds_place:
            self.number += 1

    def put_in_frames(self, framed: list[Framed], text_part: TextPart) -> None:
        """Let new URLs take these spans of a plain text, with what stands around them."""
        self.spans = text_part.byte_spans([each.span for each in framed])
        numbers = [link.number for link in self.links]
        self.frames = dict(zip(numbers, (each.frame for each in framed), strict=True))
