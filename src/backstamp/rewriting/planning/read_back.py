"""read_back: the proof that the 1x1 image and the links stand as planned."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import attrgetter, itemgetter
from typing import Final

import turbohtml
from turbohtml import Comment, Document, Element, Namespace, Text

from backstamp.mail.pixel_markup import PIXEL_STYLE, pixel_markup
from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.html import link_markup
from backstamp.rewriting.html.attribute_links import Container
from backstamp.rewriting.html.bare_addresses import takes_link
from backstamp.rewriting.html.html_links import HtmlText
from backstamp.rewriting.html.shown_schemes import (
    put_before,
    read_words,
    words_in,
    write_words,
    written_scheme,
)
from backstamp.rewriting.html.source.attribute_text import attribute_value
from backstamp.rewriting.html.source.one_line import OneLine
from backstamp.rewriting.html.source.tree_cost import BIG
from backstamp.rewriting.html.tree_digest import tree_digest

PROBE_LINK: Final = "https://link.invalid/probe"
PROBE_WORDS: Final = "https://words.invalid/probe"
PROBE_PIXEL: Final = "https://pixel.invalid/probe"
"""Stand for the sealed URLs while a plan is checked; RFC 2606 keeps `.invalid` from ever being a host."""

_PIXEL_ATTRIBUTES: Final = {"src": PROBE_PIXEL, "width": "1", "height": "1", "alt": "", "style": PIXEL_STYLE}
_PLAIN_ANCESTORS: Final = frozenset(
    {"html", "body", "div", "center", "p", "span", "font", "b", "i", "u", "em", "strong", "small", "big"}
    | {"section", "article", "main", "footer", "blockquote", "address", "pre", "tt", "s", "strike", "code"}
)
_HIDDEN: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)

_AT_ONCE: Final = 500
"""Edits that are written together: what stands between them takes the text's size again in small pieces."""
_START: Final = attrgetter("start")


class ReadBack:
    """Reads a patched text again and compares it with what was planned.

    The tree of `html` is changed into the one that is expected, so nothing is read from it afterwards.
    `links` are in source order. Of a big text only the expected tree's digest is kept: two trees at once take
    eleven times the text, to compare them up to six more, and a digest takes half as long as all else.
    """

    def __init__(self, html: HtmlText, links: list[FoundLink]) -> None:
        self._html = html
        self._links = links
        for container in html.containers:
            start, end = container.start, container.end
            inside = links[bisect_left(links, start, key=_START) : bisect_left(links, end, key=_START)]
            if inside:
                edits = [(link.start, link.end, PROBE_LINK) for link in inside]
                _expect(container, _patched(html.source, edits, start, end))
        names: dict[int, str] = {}
        for link in links:
            element = html.elements.get(link.start)
            if element is not None:
                element.attrs[link.name] = PROBE_LINK
                names[link.start] = link.name
        for start, copy in html.copies:
            if start in names:
                copy.attrs[names[start]] = PROBE_LINK
        shown = [number for number, link in enumerate(links) if link.shown_scheme is not None]
        places = html.elements_by_place() if shown else {}
        self._words = {number: _all_words(places[links[number].start]) for number in shown}
        self._digest = tree_digest(html.tree) if len(html.source) > BIG else None
        if self._digest is not None:
            html.forget_tree()

    def holds(self, pixel_at: int | None, words: Sequence[FoundLink] = ()) -> bool:
        """Whether the patched text differs from the original by what is planned only.

        That are the links' targets and the schemes that their words show no more, the pixel, and a link of
        its own around each of these `words`, which are in source order.
        """
        patched = self._with_probes(pixel_at, words)
        tree = turbohtml.parse(patched, positions=False, allow_declarative_shadow_roots=False)
        trees = [tree]
        if self._html.is_odd and (words or pixel_at is not None):
            # Where scripts run, noscript is text, and what stands before it may not be closed.
            trees.append(
                turbohtml.parse(
                    patched, positions=False, scripting=True, allow_declarative_shadow_roots=False
                )
            )
        if pixel_at is not None and not all(map(_take_pixel_out, trees)):
            return False
        if words and not all(_take_links_out(each, words, self._html.text) for each in trees):
            return False
        if self._put_schemes_back(tree):
            return False
        if self._digest is not None:
            return tree_digest(tree) == self._digest
        return self._html.tree.equals(tree)

    def misread(self) -> list[FoundLink]:
        """Return the links whose words do not read back without their scheme, but for it."""
        patched = self._with_probes(None, ())
        return self._put_schemes_back(
            turbohtml.parse(patched, positions=False, allow_declarative_shadow_roots=False)
        )

    def _with_probes(self, pixel_at: int | None, words: Sequence[FoundLink]) -> str:
        source = self._html.source
        edits = [(link.start, link.end, _probe(number, link)) for number, link in enumerate(self._links)]
        shown = [link for link in self._links if link.shown_scheme is not None]
        edits += [(*link.shown_scheme, "") for link in shown if link.shown_scheme is not None]
        for word in words:
            begin = word.start if word.shown_scheme is None else word.shown_scheme[1]
            edits.append((begin, begin, PROBE_WORDS.join(link_markup.FRAME)))
            edits.append((word.end, word.end, link_markup.END))
        if words or shown:
            edits.sort(key=itemgetter(0, 1))
        if pixel_at is not None:
            place = bisect_right(edits, pixel_at, key=itemgetter(0))
            edits.insert(place, (pixel_at, pixel_at, pixel_markup(PROBE_PIXEL)))
        return _patched(source, edits)

    def _put_schemes_back(self, tree: Document) -> list[FoundLink]:
        """Put back into a tree the schemes that words show no more; return those links that lack theirs."""
        # All at once: to seek each of 4,900 links in the tree of 1 MB took 7 s.
        of_probes: dict[str, list[Element]] = {}
        for name in {self._links[number].name for number in self._words}:
            escaped = name.replace(":", "\\:")
            for element in tree.select(f'[{escaped}^="{PROBE_LINK}/"]'):
                of_probes.setdefault(element.attr(name) or "", []).append(element)
        found: list[tuple[FoundLink, list[Element], list[str]]] = []
        for number, expected in self._words.items():
            link = self._links[number]
            if link.shown_scheme is None:
                continue
            elements = of_probes.get(_probe(number, link), [])
            found.append((link, elements, expected))
            first = next(words_in(elements), None)
            if first is not None:
                scheme = written_scheme(self._html.source, link.shown_scheme)
                write_words(first, put_before(read_words(first), scheme))
            for each in elements:
                each.attrs[link.name] = PROBE_LINK
        return [link for link, elements, expected in found if _all_words(elements) != expected]


def _expect(container: Container, patched: str) -> None:
    value = attribute_value(patched, container.quote) if container.name else patched
    if isinstance(container.node, Comment):
        container.node.data = value
    else:
        container.node.attrs[container.name] = value


def _patched(source: str, edits: list[tuple[int, int, str]], begin: int = 0, stop: int | None = None) -> str:
    texts: list[str] = []
    position = begin
    for first in range(0, len(edits), _AT_ONCE):
        pieces: list[str] = []
        for start, end, replacement in edits[first : first + _AT_ONCE]:
            pieces += (source[position:start], replacement)
            position = end
        texts.append("".join(pieces))
    texts.append(source[position:stop])
    return "".join(texts)


def _take_links_out(tree: Document, words: Sequence[FoundLink], text: OneLine) -> bool:
    """Take the links around words out of the tree; False when they are not the planned ones and no others."""
    links = tree.select(f'[href="{PROBE_WORDS}"]')
    shown: list[str] = []
    for link in links:
        children = list(link.children)
        plain = link.tag == "a" and link.namespace is Namespace.HTML and len(link.attrs) == 1
        if not plain or len(children) != 1 or not isinstance(children[0], Text):
            return False
        # The same words may stand where no program links them: there they are not meant.
        if not isinstance(link.parent, Element) or not takes_link(link.parent):
            return False
        shown.append(text.own(children[0].data))
    if sorted(shown) != sorted(_linked_words(word) for word in words):
        return False
    for link in links:
        link.unwrap()
    root = tree.select_one("html")
    if root is not None:
        root.normalize()
    return True


def _linked_words(word: FoundLink) -> str:
    """Return the words around which a link is put: an address, or what follows its scheme."""
    if word.shown_scheme is None:
        return word.label
    return word.label[word.shown_scheme[1] - word.shown_scheme[0] :]


def _probe(number: int, link: FoundLink) -> str:
    """Return what stands for a link's URL: one of its own where its words are to be known again."""
    return PROBE_LINK if link.shown_scheme is None else f"{PROBE_LINK}/{number}"


def _all_words(elements: list[Element]) -> list[str]:
    return [read_words(each) for each in words_in(elements)]


def _take_pixel_out(tree: Document) -> bool:
    """Take the pixel out of the tree; False when it is not one plain, visible image that ends the body."""
    images = tree.select(f'[src="{PROBE_PIXEL}"]')
    if len(images) != 1:
        return False
    image = images[0]
    parent = image.parent
    if image.tag != "img" or dict(image.attrs) != _PIXEL_ATTRIBUTES or not isinstance(parent, Element):
        return False
    if not all(_is_plain_ancestor(ancestor) for ancestor in image.ancestors if isinstance(ancestor, Element)):
        return False
    for node in image.following:
        if isinstance(node, Comment) or (isinstance(node, Text) and not node.data.strip()):
            continue
        return False
    image.extract()
    parent.normalize()
    return True


def _is_plain_ancestor(element: Element) -> bool:
    if element.tag not in _PLAIN_ANCESTORS or element.attr("hidden") is not None:
        return False
    style = element.attr("style")
    return style is None or not _HIDDEN.search(style)
