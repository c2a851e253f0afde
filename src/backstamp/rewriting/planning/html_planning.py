"""html_planning: the links of an HTML part, what is decided on each, and the proof that it reads back."""

from typing import NamedTuple

import msgspec

from backstamp.mail.defects import Defect
from backstamp.rewriting.deciding.decided import Decided
from backstamp.rewriting.deciding.link_policy import LinkPolicy
from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.html.bare_addresses import MOST_WORDS
from backstamp.rewriting.html.html_links import HtmlText
from backstamp.rewriting.html.shown_schemes import scheme_of_link, shown_scheme
from backstamp.rewriting.html.source.one_line import OneLine
from backstamp.rewriting.options import Options
from backstamp.rewriting.parts.text_part import PartUnreadableError, TextPart
from backstamp.rewriting.planning.moved_charset import octets_moved_up
from backstamp.rewriting.planning.outcome import Outcome, outcome_of
from backstamp.rewriting.planning.read_back import ReadBack
from backstamp.rewriting.reporting.manifest import Carrier, PixelReport
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.rewriting.spans import overlaps
from backstamp.rewriting.text.text_links import find_text_links
from backstamp.urls.parsing import scheme_of, strip_link_text, web_url
from backstamp.vocabulary import Direction, ShownUrls


class _Read(NamedTuple):
    """What was decided on an HTML part: its links in order, where the pixel goes, or why there is none."""

    decided: list[Decided]
    pixel_at: int | None
    pixel_reason: SkipReason | None
    unlocated: bool


class HtmlPlanner:
    """Plans a part of HTML; `base` is what the header gives it for one."""

    def __init__(self, text_part: TextPart, options: Options, policy: LinkPolicy, base: str | None) -> None:
        self._text_part = text_part
        self._inbound = options.direction is Direction.INBOUND
        self._finds_schemes = self._inbound and options.shown_urls is ShownUrls.WITHOUT_SCHEME
        self._policy = policy
        self._base = base

    def plan(self, links_before: int, *, wants_pixel: bool) -> Outcome:
        """Return the outcome; links are numbered from `links_before` + 1.

        Raises `PartUnreadableError` where new URLs would bring a charset to where readers look for one.
        """
        text_part = self._text_part
        text_part.end_step()
        read = self._read(wants_pixel=wants_pixel)
        text_part.end_step(with_trees=True)
        outcome = outcome_of(text_part, read.decided, links_before, pixel_at=read.pixel_at)
        if read.pixel_reason is not None:
            outcome.pixel = PixelReport(part=text_part.part.path, skip_reason=read.pixel_reason)
        if read.unlocated:
            outcome.reason = SkipReason.UNLOCATED
        return outcome

    def _read(self, *, wants_pixel: bool) -> _Read:
        """Read and decide; the trees, which weigh more than all else, are gone when this returns."""
        text_part = self._text_part
        text = OneLine(text_part.text)
        text_part.forget_text()
        html = HtmlText(text, words=self._inbound)
        base, others = html.base, html.rivals
        if self._base is not None:
            base, rivals = _with_header_base(html, self._base)
            others = others + rivals
        if self._inbound and Defect.TYPE_IN_DOUBT in text_part.part.defects:
            others = others + _shown_as_they_stand(text.original(), html)
        encoding = text_part.encoding
        decided = self._policy.decide_in_order(html.links, base, encoding)
        words = self._decide_on_words(html, decided, encoding)
        if self._finds_schemes:
            self._find_schemes(html, [*decided, *words])
        pixel_at = html.body_end() if wants_pixel else None
        pixel_reason = None
        if not _reads_back(html, decided, words, pixel_at):
            pixel_at, pixel_reason = None, SkipReason.UNCLOSED_MARKUP
        if others or words:
            decided += self._policy.decide_in_order(others, base, encoding) + words
            decided.sort(key=lambda each: each.link.start)
        edits = ((each.link.start, each.link.end) for each in decided if each.reason is None)
        octets = octets_moved_up(html.source, edits)
        if octets is not None and not text_part.is_agreed(octets):
            raise PartUnreadableError(SkipReason.UNSAFE_CHARSET)
        return _Read(decided, pixel_at, pixel_reason, bool(html.unlocated))

    def _decide_on_words(self, html: HtmlText, links: list[Decided], encoding: str) -> list[Decided]:
        """Decide on the addresses in words: around none is an element put where that might be in a link's."""
        if not html.words:
            return []
        words = self._policy.decide_in_order(html.words, None, encoding)
        places = [(each.link.start, each.link.end) for each in links]
        for each in words:
            in_link = overlaps(places, each.link.start, each.link.end)
            if each.reason is None and (html.in_doubt or in_link):
                each.reason = SkipReason.BARE_ADDRESS
        return words

    def _find_schemes(self, html: HtmlText, decided: list[Decided]) -> None:
        """Find the schemes that words of wrapped links show, which are to be left out."""
        places, is_ours = html.elements_by_place(), self._policy.is_ours
        known: set[tuple[int, int]] = set()
        for each in decided:
            link = each.link
            scheme = None
            if each.reason is not None:
                continue
            if link.carrier is Carrier.HTML_TEXT:
                # The link that is put around them begins behind it.
                scheme = shown_scheme(html.source, link.start, link.label, is_ours)
                if not link.label.startswith(html.source[slice(*scheme or (0, 0))]):
                    scheme = None
            elif link.label and link.start in places:
                scheme = scheme_of_link(html.source, places[link.start], link.label, is_ours)
            # Links in one another, as SVG has them, may show the same words.
            if scheme is not None and scheme not in known:
                known.add(scheme)
                link.shown_scheme = scheme


def _with_header_base(html: HtmlText, base: str) -> tuple[str | None, list[FoundLink]]:
    """Return the base that counts for a document where its header gives this one, and links in doubt.

    A document's own base is what browsers go by. Thunderbird puts the header's before it, where it is the
    first and counts: each relative link is in doubt then, with the target that it has there.
    """
    own = web_url(strip_link_text(html.base)) if html.base is not None else None
    if own is None:
        return base, []
    if own.href == base:
        return html.base, []
    return html.base, [
        msgspec.structs.replace(link, base=base, doubt=SkipReason.UNLOCATED)
        for link in html.links
        if link.base is None and not scheme_of(strip_link_text(link.value))
    ]


def _reads_back(html: HtmlText, links: list[Decided], words: list[Decided], pixel_at: int | None) -> bool:
    """Whether a pixel may stand there; what else does not read back as planned is given a reason.

    Nothing is read from the tree afterwards.
    """
    wrapped = [each.link for each in links if each.reason is None]
    around = [each.link for each in words if each.reason is None]
    if not wrapped and not around and pixel_at is None:
        return True
    read_back = ReadBack(html, wrapped)
    around = _shown_and_around(read_back, wrapped, around)
    if len(around) < sum(each.reason is None for each in words):
        for each in words:
            each.reason = each.reason or SkipReason.BARE_ADDRESS
    if pixel_at is not None and not html.in_doubt and read_back.holds(pixel_at, around):
        return True
    if wrapped and not around and not read_back.holds(None):
        for each in links:
            each.reason = each.reason or SkipReason.NOT_REPRODUCED
    return pixel_at is None


def _shown_and_around(
    read_back: ReadBack, wrapped: list[FoundLink], around: list[FoundLink]
) -> list[FoundLink]:
    """Return the words around which links may stand: all or none; schemes that must stay are forgotten."""
    shown = [link for link in wrapped if link.shown_scheme is not None]
    if not (shown or around) or read_back.holds(None, around):
        return around
    if shown:
        misread = read_back.misread()
        for link in misread:
            link.shown_scheme = None
        if misread and read_back.holds(None, around):
            return around
    # What is left may be the fault of either.
    if around and shown and read_back.holds(None):
        return []
    for link in (*shown, *around):
        link.shown_scheme = None
    return around if around and read_back.holds(None, around) else []


def _shown_as_they_stand(text: str, html: HtmlText) -> list[FoundLink]:
    """Return the addresses of HTML that a program shows which takes it for plain text, but for its links."""
    known = sorted((link.start, link.end) for link in (*html.links, *html.words))
    links = [link for link in find_text_links(text) if not overlaps(known, link.start, link.end)]
    for link in links:
        link.doubt = SkipReason.UNLOCATED
    return links[:MOST_WORDS]
