"""simple_parsers: a document as parsers read it that know little of HTML5, with which webmail cleans it.

libxml2 before 2.14 (PHP's DOM, so HTML Purifier, Horde and Nextcloud Mail; SOGo) has no raw text but in
styles and scripts, and ends these early; htmlparser2 (sanitize-html) has little.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from turbohtml import Document, Element

_OF_RAW_TEXT: Final = ("title", "textarea", "iframe", "noembed", "noframes", "xmp")
_RAW_TEXT_TAG: Final = re.compile(
    r"(</?)(?:t(?=itle\b|extarea\b)|i(?=frame\b)|n(?=oembed\b|oframes\b)|x(?=mp\b)|[fp](?=rameset\b|laintext\b))",
    re.IGNORECASE,
)
_RAW_NAME: Final = re.compile(r"(</?)s(?=(?:cript|tyle)\b)", re.IGNORECASE)
_RAW: Final = frozenset({"script", "style"})
_RAW_TAG: Final = re.compile(r"<(?:script|style)\b", re.IGNORECASE)
_TAG: Final = re.compile(r"<(/?)([a-z][a-z0-9]*)(?:[^>\"']|\"[^\"]*+\"|'[^']*+')*+(>?)", re.IGNORECASE)
_END_OF_RAW: Final = re.compile(r"<(?:/([a-z][a-z0-9]*)|(?:body|frameset|noscript)\b)", re.IGNORECASE)
"""An end tag, or one that begins what no style or script may hold."""
_ALWAYS_OPEN: Final = frozenset({"html", "head", "body"})
_OPEN_AT_END: Final = re.compile(r"<[a-z](?:[^>\"']|\"[^\"]*+\"|'[^']*+')*+([\"']?)[^\"']*\Z", re.IGNORECASE)
_ODD_NAME: Final = re.compile(r"(<[abefimoABEFIMO][a-zA-Z]*+)[^a-zA-Z0-9:._/>\s-]")
"""A name ends for libxml2 with the first sign that no name has: `<a, href=...>` is a link. Here are the first
letters of all elements that may hold one."""
_READ_ON: Final = re.compile(
    r"<(?=(?:!(?!--)|/(?![a-z])|\?(?![a-z]))[^<>]*<)"
    r"|</[a-z]~(?:\"~(?:'~)*+\"~|'~(?:\"~)*+'~)*+[\"'](?=~>)".replace("~", r"(?:[^<>\"']|<(?!/))*+"),
    re.IGNORECASE,
)
"""What begins a comment for browsers, up to the next `>`, and nothing for libxml2: here with a tag in it. And
an end tag with an open quote: for libxml2 it has no attributes and ends with the next `>`, quoted or not."""
_NO_ORDINARY_TAG: Final = re.compile(
    r"<(?![a-zA-Z][a-zA-Z0-9:._-]*[\s/>]|/[a-zA-Z][a-zA-Z0-9]*>|!--|![dD][oO][cC][tT][yY][pP][eE][^<>]*>)"
)
"""It finds something wherever `_ODD_NAME` or `_READ_ON` do, and nothing in most mail, in a third of their
time."""
_CDATA: Final = "<![CDATA["


def simple_readings(text: str, tree: Document) -> Iterator[str]:
    """Yield the text with the tags that such parsers find; all stand where they stood.

    `tree` is a browser's. An ordinary text yields nothing.
    """
    # The parser looks a name up, and goes through the tree for several.
    raw = [element for name in _RAW for element in tree.find_all(name)]
    holds_tags = any("<" in element.text for element in raw)
    is_odd = any("<" in element.text for name in _OF_RAW_TEXT for element in tree.find_all(name)) or any(
        _may_end_early(text, element, holds_tags=holds_tags) for element in raw
    )
    named = read_on = text
    if _NO_ORDINARY_TAG.search(text) is not None:
        named = _ODD_NAME.sub(r"\1 ", text)
        read_on = _READ_ON.sub(lambda found: found[0][:-1] + " ", named)
    if is_odd or named != text:
        yield from _as_libxml2_reads(named)
    if read_on != named:
        yield from _as_libxml2_reads(read_on)
    open_tag = _OPEN_AT_END.match(text, max(text.rfind("<"), 0))
    if open_tag is not None:
        yield f"{text}{open_tag[1]}>"
    if (holds_tags or _CDATA in text) and tree.select_one("svg,math"):
        # htmlparser2 stays in SVG and MathML where browsers leave them, and has no raw text there; libxml2
        # knows neither, and a section is a comment up to the next `>` to it.
        yield _RAW_TEXT_TAG.sub(r"\1q", _RAW_NAME.sub(r"\1q", text))
        if _CDATA in text:
            yield text.replace(_CDATA, "<!q" + _CDATA[3:])


def _as_libxml2_reads(text: str) -> Iterator[str]:
    plain = _RAW_TEXT_TAG.sub(r"\1q", text)
    yield plain
    if _RAW_TAG.search(plain) is not None:
        yield _with_early_ends(plain)


def _may_end_early(text: str, element: Element, *, holds_tags: bool) -> bool:
    if holds_tags:
        words = element.text
        if _END_OF_RAW.search(words) is not None or _RAW_TAG.search(words) is not None:
            return True
    tag = _TAG.match(text, element.source_col or 0)
    return tag is not None and text[tag.end() - 2] == "/"


def _with_early_ends(text: str) -> str:
    """Return the text with its styles and scripts as short as libxml2 reads them.

    One that begins like an empty element is empty. Others end with the end tag of whatever is open around
    them, and a script with the first end tag of its own, comments in it or not.
    """
    pieces: list[str] = []
    opened: Counter[str] = Counter()
    kept = position = 0
    while (tag := _TAG.search(text, position)) is not None:
        start, position = tag.span()
        name = tag[2].lower()
        if name not in _RAW or tag[1]:
            opened[name] += -1 if tag[1] else 1
            continue
        is_empty = text[position - 2] == "/"
        end = None if is_empty else _end_of_raw(text, position, name, opened)
        if end is None and not is_empty:
            break
        is_own = end is not None and end[1] is not None and end[1].lower() == name
        position = end.start() if end is not None else position
        if is_own and name == "style":
            continue
        mark = text[start + 1] if is_own else "q"
        pieces += (text[kept : start + 1], mark, text[start + 2 : tag.end()])
        pieces.append(text[tag.end() : position].replace("<", " "))
        kept = position
    return "".join((*pieces, text[kept:]))


def _end_of_raw(text: str, position: int, name: str, opened: Counter[str]) -> re.Match[str] | None:
    """Return what ends a style or script whose text begins at `position`; None where it never ends."""
    for end in _END_OF_RAW.finditer(text, position):
        other = (end[1] or "").lower()
        if not other or other == name or other in _ALWAYS_OPEN or opened[other] > 0:
            return end
    return None
