"""attribute_links: the links that stand in the attributes of a tree's elements, with their source spans."""

from collections.abc import Callable

import msgspec
from turbohtml import Comment, Document, Element, Namespace

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.html import carriers
from backstamp.rewriting.html.link_labels import MAX_LABELS, label_of
from backstamp.rewriting.html.meta_refresh import refresh_address
from backstamp.rewriting.html.source.attribute_text import AttributeText, attribute_value
from backstamp.rewriting.html.source.one_line import OneLine
from backstamp.rewriting.html.source.value_places import ORDINARY_HREF, value_span
from backstamp.rewriting.reporting.manifest import Carrier
from backstamp.rewriting.reporting.reasons import SkipReason


class Container(msgspec.Struct, frozen=True):
    """A comment or attribute that holds links inside its text, and the source span of that text.

    `name` and `quote` are those of the attribute, empty for a comment.
    """

    node: Comment | Element
    start: int
    end: int
    name: str = ""
    quote: str = ""


TakesDocument = Callable[[Container, AttributeText], None]
"""Takes a document that is written as an attribute's value."""


class AttributeLinks:
    """The links in attributes.

    Attributes: `links`, those of `href` before all others; `elements` that hold one, by the offset of its
    value; `copies` of these, with that offset, where the tree has twice what the source has once (adoption
    agency); `containers` of links inside an attribute; `unlocated` counts what could not be found.
    """

    def __init__(self, text: OneLine) -> None:
        self._text = text
        self._source = text.line
        self.links: list[FoundLink] = []
        self.elements: dict[int, Element] = {}
        self.copies: list[tuple[int, Element]] = []
        self.containers: list[Container] = []
        self.unlocated = 0

    def collect(self, tree: Document, takes_document: TakesDocument) -> None:
        """Find them all; what stands in a `srcdoc` is given to `takes_document`."""
        source, elements, links = self._source, self.elements, self.links
        html, has_line_ends = Namespace.HTML, self._text.has_line_ends
        any_seldom = carriers.any_seldom(tree)
        any_marked = any_seldom and tree.select_one(carriers.MARKED) is not None
        for element in tree.select("[href]"):
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
        if any_seldom:
            for element in tree.select(carriers.OTHERS):
                self._collect_other(element, takes_document)
        if self.copies:
            self._label_by_copies()
        if self._text.has_stand_ins:
            own = self._text.own
            for link in links:
                link.value, link.label = own(link.value), own(link.label)

    def _label_by_copies(self) -> None:
        """Give links without words those of their copies, as in `<p><a href=...><div>words`."""
        wordless = {link.start: link for link in self.links if not link.label}
        for start, element in self.copies[:MAX_LABELS]:
            link = wordless.get(start)
            if link is not None and not link.label:
                link.label = label_of(element)

    def _collect_other(self, element: Element, takes_document: TakesDocument) -> None:
        if element.namespace is not Namespace.MATHML:
            if element.tag == "meta" and (element.attr("http-equiv") or "").lower() == "refresh":
                self._add_refresh(element)
            elif element.tag == "iframe" and element.attr("srcdoc") is not None:
                inside = self._inside(element, "srcdoc")
                if inside is not None:
                    takes_document(*inside)
        for name, carrier in carriers.other_attributes(element):
            self._add(element, name, carrier)

    def _add(self, element: Element, name: str, carrier: Carrier) -> None:
        value = element.attr(name)
        if value is None:
            return
        span = value_span(self._source, element, name)
        if span is None:
            self.unlocated += 1
            return
        start, end, quote = span
        if start in self.elements:
            # A copy keeps the place of its original.
            self.copies.append((start, element))
            return
        self.elements[start] = element
        if self._text.has_line_ends and " " in value:
            value = attribute_value(self._text.original(start, end), quote)
        links = self.links
        label = label_of(element) if len(links) < MAX_LABELS else ""
        link = FoundLink(start, end, value, carrier, name, label, False, carriers.is_marked_off(element))
        if start == end and self._source[start - 1] not in "='\" \f\t":
            # `<a href>` leads to the base, and has no value that could be replaced.
            link.doubt = SkipReason.UNLOCATED
        links.append(link)

    def _add_refresh(self, element: Element) -> None:
        inside = self._inside(element, "content")
        if inside is None:
            return
        container, text = inside
        address = refresh_address(text.text)
        if address is None:
            return
        start, end = address
        place = placed(container, text)
        self.containers.append(container)
        self.links.append(FoundLink(place(start), place(end), text.text[start:end], Carrier.META_REFRESH))

    def _inside(self, element: Element, name: str) -> tuple[Container, AttributeText] | None:
        """Return an attribute as a container of links, or None where it cannot be read."""
        span = value_span(self._source, element, name)
        if span is None:
            self.unlocated += 1
            return None
        start, end, quote = span
        try:
            text = AttributeText(self._text.original(start, end), quote)
        except ValueError:
            self.unlocated += 1
            return None
        return Container(element, start, end, name, quote), text


def placed(container: Container, text: AttributeText) -> Callable[[int], int]:
    """Return what tells where in the source a character of an attribute's value stands."""
    return lambda offset: container.start + text.source_offset(offset)
