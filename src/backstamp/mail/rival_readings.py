"""rival_readings: whether a reader who takes the bytes of a text differently finds a link that we did not.

Readings are compared as views: as long as the bytes, with each ASCII character in its place and one opaque
character for every byte that is part of another. What is no ASCII makes no difference to the structure of
HTML, nor to where a web address begins.
"""

import re
from typing import Final

import turbohtml
from turbohtml import Comment

from backstamp.mail.charset_labels import Charset, CharsetKind
from backstamp.mail.double_bytes import characters_of, swallowing
from backstamp.mail.stateful_charsets import OPAQUE, has_shifts, read_shifted

_LINKING: Final = ("href", "xlink:href", "action", "formaction", "src", "srcdoc", "content", "data", "ping")
_SELECTOR: Final = ",".join(f"[{name}]".replace(":", "\\:") for name in _LINKING)
_CONDITIONAL: Final = re.compile(r"\s*\[if\b", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"(?<![A-Za-z0-9])(?:https?://|www\.)", re.IGNORECASE)
_MOST_TAGS: Final = 2000
"""A browser's tree of so few tags is never costly (rewriting.html_links)."""
_BRACKET_AFTER_OTHERS: Final = re.compile(rb"\](?<=[\x80-\xff]\])")
_BRACKETED: Final = (b"[CDATA[", b"[if", b"[IF", b"[If", b"[iF")


def view_of(data: bytes, charset: Charset) -> str | None:
    """Return how a reader of this charset sees the bytes; None where such readers may not agree."""
    if charset.family is not None:
        shifted = read_shifted(data, charset.family) if has_shifts(data, charset.family) else None
        if shifted is not None:
            return shifted.view.decode("latin-1")
        return None if has_shifts(data, charset.family) else data.decode("latin-1")
    if charset.kind is not CharsetKind.MULTI:
        return data.decode("latin-1")
    if charset.codec.startswith("whatwg-"):
        return _opaque(characters_of(charset.encoding), data)
    try:
        text = data.decode(charset.codec)
        view = re.sub(r"[^\x00-\x7f]+", lambda found: "\xff" * len(found[0].encode(charset.codec)), text)
    except UnicodeError:
        return None
    return view if len(view) == len(data) else None


def swallowed_view(data: bytes, encoding: str) -> str:
    """Return how a reader sees the bytes that takes any byte after the first of a character for its second.

    The standard's decoder gives an ASCII byte back where the two are no character: `0x81 "` ends an
    attribute for one and goes on with it for the other.
    """
    return _opaque(swallowing(encoding), data)


def may_differ(data: bytes, charset: Charset, other: Charset, *, html: bool) -> bool:
    """Whether markup can differ between two charsets that agree on bytes that are ASCII alone.

    The second bytes of the standard's double-byte charsets are digits, letters and ``@[\\]^_`{|}~``. After
    a byte that is no ASCII, of these only `]` can end something: a CDATA section, or Outlook's condition.
    """
    double = [each for each in (charset, other) if each.kind is CharsetKind.MULTI]
    if not double or data.isascii():
        return False
    if not all(each.codec.startswith("whatwg-") for each in double):
        return True
    if not html:
        return charset.kind is CharsetKind.MULTI and not charset.agreed
    if _BRACKET_AFTER_OTHERS.search(data) is None:
        return False
    return any(word in data for word in _BRACKETED)


def hides_links(view: str, rival: str, *, html: bool) -> bool:
    """Whether `rival` holds a link, or a comment that Outlook reads, that is none at that place in `view`."""
    if view == rival:
        return False
    if not html:
        return not _addresses(rival) <= _addresses(view)
    if max(view.count("<"), rival.count("<")) > _MOST_TAGS:
        return True
    found, comments = _links(view)
    rivals, rival_comments = _links(rival)
    return not (rivals <= found and rival_comments <= comments)


def _opaque(characters: re.Pattern[bytes], data: bytes) -> str:
    opaque = bytes((OPAQUE,))
    return characters.sub(lambda found: opaque * len(found[0]), data).decode("latin-1")


def _addresses(view: str) -> set[int]:
    return {match.start() for match in _ADDRESS.finditer(view)}


def _links(view: str) -> tuple[set[tuple[str, int, int]], set[str]]:
    source = view.replace("\r\n", " \n").replace("\r", "\n")
    tree = turbohtml.parse(source, source_locations=True, positions=False)
    links: set[tuple[str, int, int]] = set()
    for element in tree.select(_SELECTOR):
        location = element.source_location
        if location is None:
            continue
        for name in _LINKING:
            span = location.attrs.get(name)
            if span is not None:
                links.add((name, span.start_offset, span.end_offset))
    comments = {
        node.data
        for node in (tree.xpath("//comment()") if "[if" in source.lower() else ())  # type: ignore[union-attr]
        if isinstance(node, Comment) and _CONDITIONAL.match(node.data)
    }
    return links, comments
