"""html_links: the links of an HTML text, found on the tree a browser would build, with their source spans."""

import re
from collections.abc import Callable
from typing import Final

import msgspec
import turbohtml
from turbohtml import Comment, Document, Element, Namespace

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.html.attribute_text import AttributeText, attribute_value
from backstamp.rewriting.html.conditional_comments import ConditionalComments
from backstamp.rewriting.html.tree_cost import is_too_costly
from backstamp.rewriting.manifest import Carrier
from backstamp.rewriting.reasons import SkipReason
from backstamp.urls.parsing import scheme_of, strip_link_text, web_url

_ORDINARY_HREF: Final = re.compile(
    r'<[a-z][a-z0-9:]*(?:[ \f\t]+(?!href=)[a-z][a-z0-9:_-]*=(?:"[^"]*"|\'[^\']*\'))*?[ \f\t]+href="([^"]*)"'
)
"""A start tag up to its first `href`, as nearly everybody writes it: read in 0.3 µs, where the parser's own
locations of a tag's attributes take 2.5."""
_VALUE_START: Final = re.compile(r"[^ \t\n\f\r=]*[ \t\n\f\r]*=[ \t\n\f\r]*([\"']?)")
_OTHER_CARRIERS: Final = (
    "[xlink\\:href],form[action],[formaction],iframe,frame,meta[http-equiv][content],embed[src],object[data]"
)
_REFRESH: Final = re.compile(
    r"[ \t\n\f\r]*(?:[0-9]+|(?=\.))[0-9.]*(?:[ \t\n\f\r]*[;,][ \t\n\f\r]*|[ \t\n\f\r]+)"
    r"(?:[uU][rR][lL][ \t\n\f\r]*=[ \t\n\f\r]*)?([\"']?)(?=.)",
    re.DOTALL,
)
"""WHATWG "shared declarative refresh steps", up to the address."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_MARKS: Final = ("data-backstamp", "clicktracking", "data-clicktracking")
_LABEL_CHARACTERS: Final = 100
_MAX_LABELS: Final = 5000
"""A label costs what is inside the element, and links of SVG and VML may be nested."""
_MAX_NESTING: Final = 3


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

    Attributes: `source` is the text with CR and LF as blanks, one line of the same length, so that the
    columns of the tree are offsets; `links` in source order; `elements` that hold a link in an attribute, by
    the offset of its value: more than one where the tree has copies of what the source has once (adoption
    agency); `containers` of links inside comments and attributes; `unlocated` counts what holds links and
    could not be found in the source.
    """

    def __init__(self, text: str, *, depth: int = 0) -> None:
        text = _without_surrogates(text)
        self._original = text
        self._depth = depth
        self.source = text.replace("\r", " ").replace("\n", " ")
        # A declared shadow root is read as a template: its links are found either way.
        self.tree: Document = turbohtml.parse(
            self.source, source_locations=True, allow_declarative_shadow_roots=False
        )
        self.links: list[FoundLink] = []
        self.containers: list[Container] = []
        self.unlocated = 0
        self.elements: dict[int, list[Element]] = {}
        self._has_line_ends = self.source != text
        self.base = self._base()
        self._collect()
        self._collect_conditional()
        self.unlocated += self._rival_trees()
        if len(self.links) > 1:
            self.links.sort(key=lambda link: link.start)

    def forget_tree(self) -> None:
        """Let the memory of the tree go; what was found stays."""
        self.tree = turbohtml.parse("")
        self.elements.clear()
        self.containers.clear()

    def _base(self) -> str | None:
        for element in self.tree.select("base[href]"):
            if element.namespace is Namespace.HTML and element.closest("template") is None:
                return self._value(element, "href")
        return None

    def _rival_trees(self) -> int:
        """Return how many things there are for which programs build other links than we see."""
        rivals = 0
        if self.tree.select_one("frameset") is not None:
            # Parsers do not agree on when a frameset takes the place of the body.
            rivals += 1
        if self.tree.select_one("animate,set") is not None:
            # They may change where an SVG link leads.
            rivals += 1
        if self.tree.select_one("noscript") is not None:
            # Where scripts run, what is inside is text, and markup may end elsewhere.
            scripting = turbohtml.parse(
                self.source, positions=False, scripting=True, allow_declarative_shadow_roots=False
            )
            seen = {element.attr("href") for element in self.tree.select("[href]")}
            rivals += any(element.attr("href") not in seen for element in scripting.select("[href]"))
        return rivals

    def _collect(self) -> None:
        for element in self.tree.select("[href]"):
            if element.tag == "a" and element.namespace is Namespace.HTML:
                self._add(element, "href", Carrier.A)
            elif (carrier := _href_carrier(element)) is not None:
                self._add(element, "href", carrier)
        for element in self.tree.select(_OTHER_CARRIERS):
            self._collect_other(element)

    def _collect_conditional(self) -> None:
        conditional = ConditionalComments(self.source, self.tree)
        self.unlocated += conditional.unlocated
        if self._depth >= _MAX_NESTING:
            self.unlocated += len(conditional.found)
            return
        for each in conditional.found:
            self.containers.append(Container(each.comment, each.start, each.end))
            inner = HtmlText(self._original[each.inner_start : each.end], depth=self._depth + 1)
            self._take_over(inner, each.inner_start.__add__, conditional=True)

    def _collect_other(self, element: Element) -> None:
        tag = element.tag
        if tag == "a":
            self._add(element, "xlink:href", Carrier.SVG_A)
        elif tag == "form":
            self._add(element, "action", Carrier.FORM)
        elif tag == "meta":
            if (element.attr("http-equiv") or "").lower() == "refresh":
                self._add_refresh(element)
        elif tag == "object":
            self._add(element, "data", Carrier.FRAME)
        elif tag in ("iframe", "frame", "embed"):
            if tag == "iframe" and element.attr("srcdoc") is not None:
                self._add_document(element)
            self._add(element, "src", Carrier.FRAME)
        if element.attr("formaction") is not None:
            self._add(element, "formaction", Carrier.FORMACTION)

    def _add(self, element: Element, name: str, carrier: Carrier) -> None:
        value = element.attr(name)
        if value is None:
            return
        span = self._value_span(element, name)
        if span is None:
            self.unlocated += 1
            return
        start, end, quote = span
        known = self.elements.get(start)
        if known is not None:
            # A copy keeps the place of its original.
            known.append(element)
            return
        self.elements[start] = [element]
        if self._has_line_ends and " " in value:
            value = attribute_value(self._original[start:end], quote)
        links = self.links
        label = _label_of(element) if len(links) < _MAX_LABELS else ""
        links.append(FoundLink(start, end, value, carrier, name, label, False, _is_marked_off(element)))

    def _value_span(self, element: Element, name: str) -> tuple[int, int, str] | None:
        """Return start and end of an attribute's value in the source, and its quote."""
        column = element.source_col
        if name == "href" and column is not None:
            ordinary = _ORDINARY_HREF.match(self.source, column)
            if ordinary is not None:
                return *ordinary.span(1), '"'
        location = element.source_location
        span = location.attrs.get(name) if location is not None else None
        if span is None:
            return None
        opening = _VALUE_START.match(self.source, span.start_offset, span.end_offset)
        if opening is None:
            return span.end_offset, span.end_offset, ""
        quote = opening[1]
        return opening.end(), span.end_offset - len(quote), quote

    def _value(self, element: Element, name: str) -> str:
        """Return an attribute's value with its own line ends."""
        span = self._value_span(element, name)
        if span is None:
            return element.attr(name) or ""
        return attribute_value(self._original[span[0] : span[1]], span[2])

    def _add_refresh(self, element: Element) -> None:
        inside = self._inside(element, "content")
        if inside is None:
            return
        container, text = inside
        opening = _REFRESH.match(text.text)
        if opening is None:
            return
        start = opening.end()
        closing = text.text.find(opening[1], start) if opening[1] else -1
        end = closing if closing >= 0 else len(text.text)
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
        self._take_over(HtmlText(text.text, depth=self._depth + 1), place, conditional=False)

    def _inside(self, element: Element, name: str) -> tuple[Container, AttributeText] | None:
        """Return an attribute as a container of links, or None where it cannot be read."""
        span = self._value_span(element, name)
        if span is None:
            self.unlocated += 1
            return None
        start, end, quote = span
        try:
            text = AttributeText(self._original[start:end], quote)
        except ValueError:
            self.unlocated += 1
            return None
        return Container(element, start, end, name, quote), text

    def _take_over(self, inner: "HtmlText", place: Callable[[int], int], *, conditional: bool) -> None:
        self.unlocated += inner.unlocated
        for link in inner.links:
            link.start, link.end = place(link.start), place(link.end)
            link.name = ""
            if conditional:
                link.conditional = True
                link.base = link.base or inner.base
            else:
                link.levels += 1
                link.base = link.base or _joined(inner.base, self.base)
            self.links.append(link)


def _label_of(element: Element) -> str:
    """Return the words of a link as a reader sees them, white space folded, at most 100 characters."""
    words = " ".join(element.text[: 4 * _LABEL_CHARACTERS].split())
    if not words:
        image = element.find("img")
        words = " ".join((image.attr("alt") or "").split()) if image is not None else ""
    return words[:_LABEL_CHARACTERS]


def _joined(inner: str | None, outer: str | None) -> str | None:
    """Return the base of a document inside a document: its own, read against the outer one's."""
    if inner is None or outer is None or scheme_of(strip_link_text(inner)):
        return inner or outer
    whole_outer = web_url(strip_link_text(outer))
    url = web_url(strip_link_text(inner), whole_outer.href if whole_outer is not None else None)
    return url.href if url is not None else outer


def _placed(container: Container, text: AttributeText) -> Callable[[int], int]:
    return lambda offset: container.start + text.source_offset(offset)


def _without_surrogates(text: str) -> str:
    """Return the text, of the same length, with U+FFFD for octets that are no characters."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text


def _href_carrier(element: Element) -> Carrier | None:
    tag = element.tag
    if tag == "a":
        return Carrier.A if element.namespace is Namespace.HTML else _foreign_carrier(element)
    if tag == "area":
        return Carrier.AREA if element.namespace is Namespace.HTML else None
    if ":" in tag:
        return Carrier.VML
    return Carrier.MATHML if element.namespace is Namespace.MATHML else None


def _foreign_carrier(element: Element) -> Carrier:
    return Carrier.SVG_A if element.namespace is Namespace.SVG else Carrier.MATHML


def _is_marked_off(element: Element) -> bool:
    for name in _MARKS:
        value = element.attr(name)
        if value is not None and value.strip().lower() in ("off", "false", "no"):
            return True
    return False
