"""bare_addresses: web addresses in the words of an HTML text, of which mail programs make links."""

from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from turbohtml import Document, Element, Namespace, Node, Text

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.html.source.one_line import OneLine
from backstamp.rewriting.html.source.references import SourcePlaces
from backstamp.rewriting.html.source.text_places import places_of
from backstamp.rewriting.html.source.tree_cost import BIG
from backstamp.rewriting.reporting.manifest import Carrier
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.rewriting.text.text_links import find_text_links
from backstamp.rewriting.text.unwrapped_addresses import (
    NAME_SIGN,
    may_hold_names,
    may_hold_others,
    unwrapped_addresses,
)

_NO_WORDS: Final = "a[href],script,style,textarea,title,template"
"""Where words are a link already, or are not shown as words that a program links."""
_ELSE_IN_XML: Final = ("textarea", "template")
"""In SVG and MathML these are nothing of their own."""
_NO_PLACE: Final = "a,noscript,xmp,plaintext,svg,math,iframe,noembed,noframes,select"
"""Where words can be linked by a program, and no element can be put around them that all programs read.

The last are not shown by browsers, or as a form; whoever takes their tags away shows what stands in them.
"""
_BLOCKS: Final = frozenset(
    {"a", "address", "article", "aside", "blockquote", "body", "br", "button", "caption", "center", "dd"}
    | {"details", "div", "dl", "dt", "fieldset", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5"}
    | {"h6", "header", "hr", "html", "img", "input", "li", "main", "nav", "object", "ol", "p", "pre"}
    | {"section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul", "video"}
)
"""Elements at which a run of words ends."""
MOST_WORDS: Final = 1000
"""So many addresses in words are listed of a document; one with more is not known as a whole."""
_MOST_NAMES: Final = 200
_MOST_AROUND: Final = 50
_LONGEST_REST: Final = 100
_LONGEST_RUN: Final = 4000


class Signs(NamedTuple):
    """What in the words of a document may be an address: how many beginnings, and whether anything else."""

    beginnings: int
    any_others: bool


def signs_of_addresses(text: OneLine, tree: Document) -> Signs | None:
    """Return what speaks for addresses in the words of a document; None where there are none.

    It costs the reading of the text: 20 µs in 29 KB.
    """
    # Most documents name addresses outside of the body only: in style sheets.
    body = tree.select_one("body") or tree
    # All at once, the words of a big one would take eight octets each; and as many as its author's widest
    # character takes. A stand-in is no part of what is sought, but may be a letter of a name.
    is_big = len(text.line) > BIG
    words = "".join(each.lower() for each in body.strings) if is_big else body.text.lower()
    signs = Signs(_beginnings(words), may_hold_others(words))
    if any(signs) or NAME_SIGN.search(words) is not None:
        return signs
    named = text.has_stand_ins and any(NAME_SIGN.search(text.own(each).lower()) for each in body.strings)
    return signs if named else None


def bare_addresses(text: OneLine, tree: Document, signs: Signs) -> list[FoundLink]:
    """Return the addresses in words that stand in no link, in document order; `label` is how each is written.

    Outlook, Gmail and Apple Mail make links of them. `doubt` is set where no element can be put around the
    words. One in which some programs read on over tags is there twice, as a whole without span and label.
    Of host names without a scheme the first 200 are there, as they are named in plain text (`BARE_NAME`).
    It costs 0.3 µs for each node. `signs` are those of the same document; this tree has source locations.
    """
    body = tree.select_one("body") or tree
    wanted, any_others = signs
    found: list[FoundLink] = []
    seen = names = 0
    is_split = False
    ends: dict[Node, int] = {}
    for node in body.descendants:
        if not isinstance(node, Text):
            continue
        lowered = text.own(node.data).lower()
        beginnings = _beginnings(lowered)
        has_names = names < _MOST_NAMES and may_hold_names(lowered)
        has_others = any_others and may_hold_others(lowered)
        seen += beginnings
        if beginnings or has_others or has_names:
            before = len(found)
            begun = _add(found, text, node, ends, others=has_others or has_names, names=has_names)
            is_split = is_split or begun < beginnings - lowered.count("://www.")
            names += sum(link.doubt is SkipReason.BARE_NAME for link in found[before:])
            if len(found) >= MOST_WORDS:
                break
    lost = {link.label for link in found if link.start == link.end and link.label}
    for link in found:
        if link.label in lost and link.doubt is not SkipReason.BARE_NAME:
            # What was found may be the place of the other one.
            link.doubt = SkipReason.BARE_ADDRESS
    if (seen < wanted or is_split) and len(found) < MOST_WORDS:
        found += _split_by_tags(text, body, found)
    return found[:MOST_WORDS]


def takes_link(around: Element) -> bool:
    """Whether a link may be put around words in this element."""
    return around.namespace is Namespace.HTML and around.closest(f"{_NO_WORDS},{_NO_PLACE}") is None


def _has_no_words(around: Element) -> bool:
    found = around.closest(_NO_WORDS)
    while found is not None and found.namespace is not Namespace.HTML and found.tag in _ELSE_IN_XML:
        outer = found.parent
        found = outer.closest(_NO_WORDS) if isinstance(outer, Element) else None
    return found is not None


def _beginnings(lowered: str) -> int:
    return lowered.count("http") + lowered.count("www.")


def _add(
    found: list[FoundLink], text: OneLine, node: Text, ends: dict[Node, int], *, others: bool, names: bool
) -> int:
    """Add the addresses of a text node, and return how many web addresses may begin in it and are known.

    `ends` is where those before that were found end. Where words are a link already, all are known.
    """
    around = node.parent
    if not isinstance(around, Element) or _has_no_words(around):
        return len(node.data)
    data = text.own(node.data)
    links = find_text_links(data)
    unwrapped = unwrapped_addresses(data, links, names=names) if others else []
    if not links and not unwrapped:
        return 0
    has_place = takes_link(around)
    begin, between, places = _places(text.line, node, ends)
    for link in (*links, *unwrapped):
        words = data[link.start : link.end]
        start = end = begin
        if places is not None:
            start, end = places.source_span(between + link.start, between + link.end)
        if link.doubt is SkipReason.BARE_NAME:
            found.append(FoundLink(start, end, link.value, Carrier.HTML_TEXT, label=words, doubt=link.doubt))
            continue
        rest = len(data) - link.end
        longer = _over_tags(text, node, data[link.start :], link) if rest < _LONGEST_REST else None
        is_whole = has_place and start < end and link.doubt is None and longer is None
        doubt = None if is_whole else SkipReason.BARE_ADDRESS
        found.append(FoundLink(start, end, link.value, Carrier.HTML_TEXT, label=words, doubt=doubt))
        if longer is not None:
            found.append(FoundLink(start, start, longer, Carrier.HTML_TEXT, doubt=doubt))
    return len(links)


def _over_tags(text: OneLine, node: Text, words: str, link: FoundLink) -> str | None:
    """Return what programs that read over tags make of the link that begins these last words of a text node.

    None where they make the same of it.
    """
    rest = words[link.end - link.start :]
    if any(map(str.isspace, rest)):
        return None
    longer = find_text_links(words + text.own(_goes_on(node)))
    if longer and longer[0].start == 0 and longer[0].value != link.value:
        return longer[0].value
    return None


def _places(source: str, node: Text, ends: dict[Node, int]) -> tuple[int, int, SourcePlaces | None]:
    """Return an offset before a text node, how many characters of text stand between, and the places.

    The places are those of the text between and of the node's.
    """
    before = _before(node, ends)
    if before is None:
        return 0, 0, None
    begin, between = before
    places = places_of(source, begin, between + node.data)
    if places is not None:
        ends[node] = places.end
    return begin, len(between), places


def _before(node: Text, ends: dict[Node, int]) -> tuple[int, str] | None:
    """Return an offset in the source behind which a text node stands, and the text between; or None.

    Comments may part text nodes behind the same tag, and so may an element without a tag (`</p>` of nothing).
    """
    before: Node | None = node
    between: list[str] = []
    size = 0
    for _ in range(_MOST_AROUND):
        is_inside = before is not None and before.previous_sibling is None
        before = before and (before.previous_sibling or before.parent)
        begin = 0 if before is None else ends.get(before)
        if isinstance(before, Element):
            location = before.source_location
            tag = location and ((not is_inside and location.end_tag) or location.start_tag)
            begin = tag.end_offset if tag else None
        if begin is not None:
            return begin, "".join(reversed(between))
        if before is None or is_inside:
            continue
        nodes = list(islice(before.descendants, _MOST_AROUND))
        words = "".join(each.data for each in (before, *nodes) if isinstance(each, Text))
        between.append(words)
        size += len(words)
        if size > _LONGEST_RUN or len(nodes) == _MOST_AROUND:
            break
    return None


def _goes_on(node: Text) -> str:
    """Return what follows a text node in the same run of words without white space between; or nothing."""
    block = _block_around(node)
    pieces: list[str] = []
    size = 0
    for other in islice(node.following, _MOST_AROUND):
        if isinstance(other, Element) and other.tag in _BLOCKS:
            break
        if isinstance(other, Text):
            if _block_around(other) != block:
                break
            words = other.data
            piece = words.split(maxsplit=1)[0] if words[:1].strip() else ""
            pieces.append(piece)
            size += len(piece)
            if len(piece) < len(words) or size > _LONGEST_RUN:
                break
    return "".join(pieces)


def _block_around(node: Node) -> Node | None:
    around = node.parent
    for _ in range(_MOST_AROUND):
        if not isinstance(around, Element) or around.tag in _BLOCKS:
            break
        around = around.parent
    return around


def _split_by_tags(text: OneLine, tree: Node, known: list[FoundLink]) -> Iterator[FoundLink]:
    """Yield the addresses that tags split before their host (`ht<b>tps:`), so that no single node has one."""
    values = {link.value for link in known}
    for start, run in _runs(tree):
        words = text.own(run)
        if not _beginnings(words.lower()):
            continue
        for link in find_text_links(words):
            if link.value not in values and len(values) < MOST_WORDS:
                values.add(link.value)
                yield FoundLink(start, start, link.value, Carrier.HTML_TEXT, doubt=SkipReason.BARE_ADDRESS)


def _runs(tree: Node) -> Iterator[tuple[int, str]]:
    """Yield runs of words of more than one text node: where in the source the run begins, and the words."""
    pieces: list[str] = []
    block: Node | None = None
    start = place = 0
    for node in tree.descendants:
        if isinstance(node, Element):
            location = node.source_location
            if location is not None and location.start_tag is not None:
                place = location.start_tag.end_offset
        around = _block_around(node) if isinstance(node, Text) else block
        if (isinstance(node, Element) and node.tag in _BLOCKS) or around != block:
            if len(pieces) > 1:
                yield start, "".join(pieces)
            pieces, start, block = [], place, around
        if isinstance(node, Text):
            parent = node.parent
            if isinstance(parent, Element) and not _has_no_words(parent):
                pieces.append(node.data)
            else:
                block = None
    if len(pieces) > 1:
        yield start, "".join(pieces)
