"""html_links: the links of an HTML text, found on the tree a browser would build, with their source spans."""

import re
from collections.abc import Callable
from operator import attrgetter
from typing import Final

import msgspec
import turbohtml
from turbohtml import Comment, Document, Element, Namespace

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.html import carriers
from backstamp.rewriting.html.animations import animated_links
from backstamp.rewriting.html.attribute_text import AttributeText, attribute_value
from backstamp.rewriting.html.bare_addresses import MOST_WORDS, bare_addresses, signs_of_addresses
from backstamp.rewriting.html.body_end import body_end, ordinary_body_end
from backstamp.rewriting.html.conditional_comments import (
    ConditionalComments,
    comments_of,
    count_markers,
    is_layout,
)
from backstamp.rewriting.html.link_labels import MAX_LABELS, label_of
from backstamp.rewriting.html.meta_refresh import refresh_address
from backstamp.rewriting.html.one_line import OneLine
from backstamp.rewriting.html.other_readings import (
    OtherReading,
    in_condition,
    is_odd,
    other_readings,
)
from backstamp.rewriting.html.tree_cost import is_heavy, is_too_costly
from backstamp.rewriting.html.value_places import ORDINARY_HREF, value_span
from backstamp.rewriting.html.word_fields import FIELDS_IN_STYLES, addresses_in_styles, hyperlink_spans
from backstamp.rewriting.manifest import Carrier
from backstamp.rewriting.reasons import SkipReason
from backstamp.rewriting.spans import overlaps
from backstamp.urls.parsing import scheme_of, strip_link_text, web_url

_NO_BASE: Final = "about:blank"
"""Of a reader who sees no base where the document has one."""
_WITH_HOST: Final = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:|https?://", re.IGNORECASE)
"""What no base changes: `https:a` is relative to one of that scheme (WHATWG URL, "special relative")."""
_START: Final = attrgetter("start")
_MAX_NESTING: Final = 3
_END_MARK_NAME: Final = "x-end"
_END_MARK: Final = f"<{_END_MARK_NAME}>"
"""Behind markup in which nothing is left open it becomes an element."""


class Container(msgspec.Struct, frozen=True):
    """A comment or attribute that holds links inside its text, and the source span of that text.

    `name` and `quote` are those of the attribute, empty for a comment.
    """

    node: Comment | Element
    start: int
    end: int
    name: str = ""
    quote: str = ""


class HtmlText:
    """An HTML text, its tree and its links.

    Attributes: `source` is the `line` of the text, and all spans are of it; `links` in source order;
    `elements` that hold a link in an attribute, by the offset of its value; `copies` of these, with that
    offset, where the tree has twice what the source has once (adoption agency); `containers` of links inside
    comments and attributes; `is_odd` tells of elements that may be read otherwise, `in_doubt` of conditional
    comments that Outlook may read in another way; `rivals` are seen by others only (see other_readings.py),
    to be listed; `words` are addresses in words, where these are asked for, in order: without a doubt where
    an element can be put around them; `unlocated` counts what holds links and could not be found.
    """

    def __init__(
        self, text: OneLine, *, depth: int = 0, reading: OtherReading | None = None, words: bool = False
    ) -> None:
        self.text = text
        self.source = text.line
        self._depth = depth
        self._reading = reading
        self._wants_words = words
        self._body_end: int | None = None
        self._read(words=words)
        self.rivals: list[FoundLink] = []
        self.links: list[FoundLink] = []
        self.containers: list[Container] = []
        self.unlocated = 0
        self.elements: dict[int, Element] = {}
        self.copies: list[tuple[int, Element]] = []
        self.unlocated += len(self.words) >= MOST_WORDS
        base = self._base_element()
        self.base = self._value(base, "href") if base is not None else None
        self._base_in_doubt = base is not None and in_condition(self.source, base.source_col or 0)
        self._any_seldom = carriers.any_seldom(self.tree)
        self.is_odd = is_odd(self.tree)
        self._collect()
        self.in_doubt = self._collect_conditional()
        if words and self.tree.select_one(FIELDS_IN_STYLES) is not None:
            self._collect_fields()
        if reading is None:
            self._collect_rivals()
        if len(self.links) > 1:
            self.links.sort(key=_START)
        if len(self.words) > 1:
            self.words.sort(key=_START)

    def _read(self, *, words: bool) -> None:
        """Build the tree, and find what takes one with source locations.

        One that is heavy stays without: where any are wanted they are asked of another, which goes before.
        To build one takes a twentieth of the time that all else takes.
        """
        source = self.source
        heavy = is_heavy(source)
        located = not heavy or count_markers(source) > 0
        tree = self._parse(locations=located)
        signs = signs_of_addresses(self.text, tree) if words else None
        if not located:
            self._body_end = ordinary_body_end(source, tree)
            if signs is not None or self._body_end is None:
                located = True
                del tree
                tree = self._parse(locations=True)
        self.words: list[FoundLink] = []
        if signs is not None:
            self.words = bare_addresses(self.text, tree, signs)
        self._conditional = ConditionalComments(source, tree)
        if heavy and located:
            self._body_end = body_end(source, tree)
            self._conditional.comments.clear()
            del tree
            tree = self._parse(locations=False)
            if self._conditional.found:
                self._conditional.comments = comments_of(tree)
        self.tree: Document = tree

    def _parse(self, *, locations: bool) -> Document:
        # A declared shadow root is read as a template: its links are found either way.
        return turbohtml.parse(
            self.source,
            source_locations=locations,
            scripting=self._reading is not None and self._reading.scripting,
            allow_declarative_shadow_roots=False,
        )

    def body_end(self) -> int:
        """Return the offset at which a pixel is the last thing in the rendered body."""
        return self._body_end if self._body_end is not None else body_end(self.source, self.tree)

    def forget_tree(self) -> None:
        """Let the memory of the tree go; what was found stays."""
        self.tree = turbohtml.parse("")
        self._conditional.comments.clear()
        self.elements.clear()
        self.copies.clear()
        self.containers.clear()

    def _base_element(self) -> Element | None:
        for element in self.tree.select("base[href]"):
            if element.namespace is Namespace.HTML and element.closest("template") is None:
                return element
        return None

    def _collect_rivals(self) -> None:
        """List what other readers see at another place, or with another base."""
        readings, lost = other_readings(self.text, self.tree, odd=self.is_odd, in_doubt=self.in_doubt)
        self.unlocated += lost
        if self.is_odd:
            self.rivals += animated_links(self.text, self.tree)
        if not readings:
            return
        known = {(link.start, link.value) for link in (*self.links, *self.rivals)}
        for reading in readings:
            if is_too_costly(reading.text):
                self.unlocated += 1
                continue
            other = HtmlText(OneLine(reading.text), depth=self._depth, reading=reading)
            for link in other.links:
                start = reading.place(link.start)
                base = link.base or other.base
                is_relative = _WITH_HOST.match(strip_link_text(link.value)) is None
                if (start, link.value) in known and (base == (link.base or self.base) or not is_relative):
                    continue
                known.add((start, link.value))
                # A reading may close a tag that the document leaves open.
                end = min(reading.place(link.end), len(self.source))
                link.start, link.end = min(start, end), max(start, end)
                link.base = base if base is not None or self.base is None else _NO_BASE
                link.doubt = SkipReason.UNLOCATED
                self.rivals.append(link)

    def _collect(self) -> None:
        source, elements, links = self.source, self.elements, self.links
        html, has_line_ends = Namespace.HTML, self.text.has_line_ends
        any_marked = self._any_seldom and self.tree.select_one(carriers.MARKED) is not None
        for element in self.tree.select("[href]"):
            if element.tag != "a" or element.namespace is not html:
                carrier = carriers.href_carrier(element)
                if carrier is not None:
                    self._add(element, "href", carrier)
                continue
            # As `_add` does it, without what is of no matter in a tag as nearly everybody writes it: 1.7 µs
            # for a link instead of 2.3.
            column = element.source_col
            ordinary = ORDINARY_HREF.match(source, column) if column is not None else None
            value = element.attr("href") if ordinary is not None else None
            if ordinary is None or value is None or (has_line_ends and " " in value):
                self._add(element, "href", Carrier.A)
                continue
            start, end = ordinary.span(1)
            if start in elements:
                self.copies.append((start, element))
                continue
            elements[start] = element
            label = label_of(element) if len(links) < MAX_LABELS else ""
            off = any_marked and carriers.is_marked_off(element)
            links.append(FoundLink(start, end, value, Carrier.A, "href", label, False, off))
        if self._any_seldom:
            for element in self.tree.select(carriers.OTHERS):
                self._collect_other(element)
        if self.text.has_stand_ins:
            own = self.text.own
            for link in links:
                link.value, link.label = own(link.value), own(link.label)

    def _collect_conditional(self) -> bool:
        """Take in what stands in conditional comments; return whether Outlook may read them otherwise."""
        conditional = self._conditional
        self.unlocated += conditional.unlocated
        if self._depth >= _MAX_NESTING:
            self.unlocated += len(conditional.found)
            return False
        in_doubt = conditional.doubtful or self._base_in_doubt
        for each in conditional.found:
            if each.reveals:
                continue
            self.containers.append(Container(conditional.comments[each.number], each.start, each.end))
            markup = self.text.original(each.inner_start, each.inner_end)
            if is_layout(markup):
                continue
            inner = HtmlText(
                OneLine(markup + _END_MARK),
                depth=self._depth + 1,
                reading=self._reading,
                words=self._wants_words,
            )
            inner.add_fields(markup)
            inner.leave_out_behind(len(markup))
            # What is left open at the end is closed for Outlook in what follows.
            is_closed = inner.tree.select_one(_END_MARK_NAME) is not None
            has_own_base = inner.base is not None and inner.base != self.base
            in_doubt = in_doubt or inner.in_doubt or not is_closed or has_own_base
            self._take_over(inner, each.inner_start.__add__, conditional=True)
        return in_doubt

    def _collect_fields(self) -> None:
        """List the fields that only Word sees: in a style, or as words outside of comments."""
        original = self.text.original()
        found = [*addresses_in_styles(original)]
        if not self._depth:
            comments = [(each.start, each.end) for each in self.containers]
            spans = [each for each in hyperlink_spans(original) if not overlaps(comments, *each)]
            found += [(start, end, attribute_value(original[start:end], '"')) for start, end in spans]
            self.words = [word for word in self.words if not overlaps(spans, word.start, word.start + 1)]
        for start, end, value in found:
            link = FoundLink(start, end, value, Carrier.FIELD, doubt=SkipReason.UNLOCATED)
            self.rivals.append(link)

    def leave_out_behind(self, end: int) -> None:
        """Count a link that goes on behind `end`, without quotes up to the mark there, as unlocated."""
        for links in (self.links, self.rivals):
            within = [link for link in links if link.end <= end]
            self.unlocated += len(links) - len(within)
            links[:] = within

    def add_fields(self, markup: str) -> None:
        """Take in the fields of Word, as they stand in this markup of a conditional comment."""
        # Not again those of a comment within, which stand in both.
        known = {(link.start, link.end) for link in self.links}
        spans = [span for span in hyperlink_spans(markup) if span not in known]
        for start, end in spans:
            value = attribute_value(markup[start:end], '"')
            self.links.append(FoundLink(start, end, value, Carrier.FIELD))
        if spans:
            self.words = [word for word in self.words if not overlaps(spans, word.start, word.start + 1)]

    def _collect_other(self, element: Element) -> None:
        if element.namespace is not Namespace.MATHML:
            if element.tag == "meta" and (element.attr("http-equiv") or "").lower() == "refresh":
                self._add_refresh(element)
            elif element.tag == "iframe" and element.attr("srcdoc") is not None:
                self._add_document(element)
        for name, carrier in carriers.other_attributes(element):
            self._add(element, name, carrier)

    def _add(self, element: Element, name: str, carrier: Carrier) -> None:
        value = element.attr(name)
        if value is None:
            return
        span = value_span(self.source, element, name)
        if span is None:
            self.unlocated += 1
            return
        start, end, quote = span
        if start in self.elements:
            # A copy keeps the place of its original.
            self.copies.append((start, element))
            return
        self.elements[start] = element
        if self.text.has_line_ends and " " in value:
            value = attribute_value(self.text.original(start, end), quote)
        links = self.links
        label = label_of(element) if len(links) < MAX_LABELS else ""
        link = FoundLink(start, end, value, carrier, name, label, False, carriers.is_marked_off(element))
        if start == end and self.source[start - 1] not in "='\" \f\t":
            # `<a href>` leads to the base, and has no value that could be replaced.
            link.doubt = SkipReason.UNLOCATED
        links.append(link)

    def _value(self, element: Element, name: str) -> str:
        """Return an attribute's value with its own line ends."""
        span = value_span(self.source, element, name)
        if span is None:
            return self.text.own(element.attr(name) or "")
        return attribute_value(self.text.original(span[0], span[1]), span[2])

    def _add_refresh(self, element: Element) -> None:
        inside = self._inside(element, "content")
        if inside is None:
            return
        container, text = inside
        address = refresh_address(text.text)
        if address is None:
            return
        start, end = address
        place = _placed(container, text)
        self.containers.append(container)
        self.links.append(FoundLink(place(start), place(end), text.text[start:end], Carrier.META_REFRESH))

    def _add_document(self, element: Element) -> None:
        """Read `srcdoc`: a whole document, written as an attribute's value."""
        inside = self._inside(element, "srcdoc")
        if inside is None:
            return
        container, text = inside
        place = _placed(container, text)
        if self._depth >= _MAX_NESTING or is_too_costly(text.text):
            link = FoundLink(container.start, container.end, text.text, Carrier.SRCDOC)
            link.doubt = SkipReason.NESTED_DOCUMENT
            self.links.append(link)
            return
        self.containers.append(container)
        inner = HtmlText(
            OneLine(text.text), depth=self._depth + 1, reading=self._reading, words=self._wants_words
        )
        self._take_over(inner, place, conditional=False)

    def _inside(self, element: Element, name: str) -> tuple[Container, AttributeText] | None:
        """Return an attribute as a container of links, or None where it cannot be read."""
        span = value_span(self.source, element, name)
        if span is None:
            self.unlocated += 1
            return None
        start, end, quote = span
        try:
            text = AttributeText(self.text.original(start, end), quote)
        except ValueError:
            self.unlocated += 1
            return None
        return Container(element, start, end, name, quote), text

    def _take_over(self, inner: "HtmlText", place: Callable[[int], int], *, conditional: bool) -> None:
        self.unlocated += inner.unlocated
        self.links += inner.links
        self.rivals += inner.rivals
        self.words += inner.words
        for word in inner.words:
            if word.doubt is None:
                word.doubt = SkipReason.BARE_ADDRESS
        for link in (*inner.links, *inner.rivals, *inner.words):
            link.start, link.end = place(link.start), place(link.end)
            link.name = ""
            if conditional:
                link.conditional = True
                link.base = link.base or inner.base
            else:
                link.levels += 1
                link.base = link.base or _joined(inner.base, self.base)


def _joined(inner: str | None, outer: str | None) -> str | None:
    """Return the base of a document inside a document: its own, read against the outer one's."""
    if inner is None or outer is None or scheme_of(strip_link_text(inner)):
        return inner or outer
    whole_outer = web_url(strip_link_text(outer))
    url = web_url(strip_link_text(inner), whole_outer.href if whole_outer is not None else None)
    return url.href if url is not None else outer


def _placed(container: Container, text: AttributeText) -> Callable[[int], int]:
    return lambda offset: container.start + text.source_offset(offset)
