"""html_links: the links of an HTML text, found on the tree a browser would build, with their source spans."""

import re
from bisect import bisect_right
from operator import itemgetter
from typing import Final

import turbohtml
from turbohtml import Comment, Document, Element, Namespace, Node

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.manifest import Carrier

_VALUE_START: Final = re.compile(r"[^ \t\n\f\r=]*[ \t\n\f\r]*=[ \t\n\f\r]*([\"']?)")
_CONDITIONAL: Final = re.compile(r"<!--\s*\[[iI][fF]\b")
_CONDITION: Final = re.compile(r"\s*\[if\b[^\]>]*\]\s*>", re.IGNORECASE)
_OTHER_CARRIERS: Final = "form[action],[formaction],iframe,frame[src],meta[http-equiv][content]"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_LABEL_CHARACTERS: Final = 100
_MAX_CONDITIONAL_COMMENTS: Final = 2000
_MAX_UNLOCATED: Final = 20

_FORMATTING: Final = re.compile(
    r"<(/?)(?:[abisu]|big|code|em|font|nobr|small|strike|strong|tt)[\s/>]", re.IGNORECASE
)
_FREE_TAGS: Final = 2000
_MAX_RECONSTRUCTIONS: Final = 1_000_000


def is_too_costly(text: str) -> bool:
    """Whether a browser's tree of this text could explode.

    Each formatting element left open is built anew in each block that follows (WHATWG "reconstruct the
    active formatting elements"), so n open ones and m tags may cost n × m elements.
    """
    tags = text.count("<")
    if tags <= _FREE_TAGS:
        return False
    left_open = 0
    for closing in _FORMATTING.findall(text):
        left_open += -1 if closing else 1
    return max(left_open, 0) * tags > _MAX_RECONSTRUCTIONS


class HtmlText:
    """An HTML text, its tree and its links.

    Attributes: `source` is the text with each CR as blank or LF, so that offsets of the tree, which counts
    CRLF as one, are offsets of the text; `links` in source order; `clones` are copies of links that the
    tree holds more than once and the source only once; `unlocated` counts conditional comments that could
    not be found again in the source.
    """

    def __init__(self, text: str) -> None:
        text = _without_surrogates(text)
        self._original = text
        self.source = text.replace("\r\n", " \n").replace("\r", "\n") if "\r" in text else text
        self.tree: Document = turbohtml.parse(self.source, source_locations=True, positions=False)
        self.links: list[FoundLink] = []
        self.clones: list[Element] = []
        self.conditional_comments: list[tuple[Comment, int, int]] = []
        self.unlocated = 0
        base = self.tree.select_one("base[href]")
        self.base = base.attr("href") if base is not None else None
        self._collect(self.tree, 0, conditional=False)
        if _CONDITIONAL.search(self.source):
            self._collect_conditional()
            self.links.sort(key=lambda link: link.start)

    def _collect(self, tree: Document, offset: int, *, conditional: bool) -> None:
        for element in tree.select("[href]"):
            carrier = _href_carrier(element)
            if carrier is not None:
                self._add(element, "href", carrier, offset, conditional)
        for element in tree.select("[xlink\\:href]"):
            if element.tag == "a":
                self._add(element, "xlink:href", Carrier.SVG_A, offset, conditional)
        for element in tree.select(_OTHER_CARRIERS):
            if element.tag == "form":
                self._add(element, "action", Carrier.FORM, offset, conditional)
            elif element.tag == "meta":
                if (element.attr("http-equiv") or "").lower() == "refresh":
                    self._add(element, "content", Carrier.META_REFRESH, offset, conditional)
            elif element.tag in ("iframe", "frame"):
                if element.attr("srcdoc") is not None:
                    self._add(element, "srcdoc", Carrier.SRCDOC, offset, conditional)
                if element.attr("src") is not None:
                    self._add(element, "src", Carrier.FRAME, offset, conditional)
            else:
                self._add(element, "formaction", Carrier.FORMACTION, offset, conditional)
        if len(self.links) > 1:
            self.links.sort(key=lambda link: link.start)

    def _add(self, element: Element, name: str, carrier: Carrier, offset: int, conditional: bool) -> None:
        location = element.source_location
        span = location.attrs.get(name) if location is not None else None
        if span is None:
            self.clones.append(element)
            return
        start, end = span.start_offset + offset, span.end_offset + offset
        opening = _VALUE_START.match(self.source, start, end)
        if opening is None:
            return
        quote = opening[1]
        value_start, value_end = opening.end(), end - 1 if quote else end
        value = element.attr(name) or ""
        if "\n" in value and self._original is not self.source:
            value = _attribute_value(self._original[value_start:value_end], quote)
        self.links.append(
            FoundLink(
                start=value_start,
                end=value_end,
                value=value,
                carrier=carrier,
                name=name,
                element=element,
                conditional=conditional,
                marked_off=_is_marked_off(element),
            )
        )

    def _collect_conditional(self) -> None:
        position = 0
        raw_text: list[tuple[int, int]] | None = None
        nodes = [node for node in self.tree.xpath("//comment()") if isinstance(node, Comment)]  # type: ignore[union-attr]
        for comment in nodes[:_MAX_CONDITIONAL_COMMENTS]:
            condition = _CONDITION.match(comment.data)
            if condition is None:
                continue
            if self.unlocated > _MAX_UNLOCATED:
                # Each search for one that is not there reads the whole text.
                break
            if raw_text is None:
                raw_text = _raw_text_spans(self.tree, len(self.source))
            position = max(position, _end_of_tag_before(comment))
            start = self._find_comment(comment.data, position, raw_text)
            if start < 0:
                self.unlocated += 1
                continue
            end = start + len(comment.data)
            position = end
            self.conditional_comments.append((comment, start, end))
            inner_start = start + condition.end()
            inner = turbohtml.parse(self.source[inner_start:end], source_locations=True, positions=False)
            self._collect(inner, inner_start, conditional=True)
        self.unlocated += max(0, len(nodes) - _MAX_CONDITIONAL_COMMENTS)

    def _find_comment(self, data: str, position: int, raw_text: list[tuple[int, int]]) -> int:
        while (at := self.source.find("<!--" + data, position)) >= 0:
            before = bisect_right(raw_text, at, key=itemgetter(0)) - 1
            if before < 0 or at >= raw_text[before][1]:
                return at + 4
            position = raw_text[before][1]
        return -1


def _without_surrogates(text: str) -> str:
    """Return the text, of the same length, with U+FFFD for octets that are no characters."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text


def label_of(link: FoundLink) -> str:
    """Return the words of a link as a reader sees them, white space folded, at most 100 characters."""
    element = link.element
    if element is None:
        return link.value[:_LABEL_CHARACTERS]
    words = " ".join(element.text.split())
    if not words:
        image = element.find("img")
        words = " ".join((image.attr("alt") or "").split()) if image is not None else ""
    return words[:_LABEL_CHARACTERS]


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
    for name in ("data-backstamp", "clicktracking", "data-clicktracking"):
        value = element.attr(name)
        if value is not None and value.strip().lower() in ("off", "false", "no"):
            return True
    return False


def _attribute_value(source: str, quote: str) -> str:
    element = turbohtml.parse(f"<a href={quote}{source}{quote}>").find("a")
    return (element.attr("href") or "") if element is not None else ""


def _end_of_tag_before(comment: Comment) -> int:
    """Return an offset before which the comment cannot stand: text like it inside a tag is no comment."""
    node: Node | None = comment.previous_sibling or comment.parent
    while node is not None:
        location = node.source_location if isinstance(node, Element) else None
        if location is not None and location.start_tag is not None:
            return location.start_tag.end_offset
        node = node.previous_sibling or node.parent
    return 0


def _raw_text_spans(tree: Document, end_of_text: int) -> list[tuple[int, int]]:
    """Return the source spans whose text holds no markup, where a comment is only text."""
    spans: list[tuple[int, int]] = []
    for element in tree.select("script,style,textarea,title,xmp,iframe,noembed,noframes,plaintext"):
        location = element.source_location
        if location is not None and location.start_tag is not None:
            end_tag = location.end_tag
            spans.append((location.start_tag.end_offset, end_tag.start_offset if end_tag else end_of_text))
    return sorted(spans)
