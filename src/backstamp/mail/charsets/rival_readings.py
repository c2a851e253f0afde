"""rival_readings: whether a reader who takes the same bytes differently finds other links than we did."""

import re
from typing import Final

import turbohtml
from turbohtml import Comment, Document

from backstamp.mail.charsets.charset_labels import Charset, CharsetKind
from backstamp.mail.charsets.decoded_text import DecodedText
from backstamp.mail.charsets.double_bytes import swallowing

_LINKING: Final = ("href", "xlink:href", "action", "formaction", "src", "srcdoc", "content", "data", "ping")
_SELECTOR: Final = ",".join(f"[{name}]".replace(":", "\\:") for name in _LINKING)
_CONDITIONAL: Final = re.compile(r"\s*\[if\b", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"(?<![A-Za-z0-9])(?:https?://|www\.)", re.IGNORECASE)
_INERT: Final = re.compile(rb"[^\s=]+\s*=\s*([\"']?)[!#-&(-;=?-_a-~]*\1")
"""A link's attribute that holds no blank, quote or angle bracket, and nothing but ASCII."""
_READ_OTHERWISE: Final = re.compile(rb"[\x0e\x0f\x1b~\x80-\xff]")
"""What a document inside the document may hold other links for, to a reader of another charset."""
_MOST_TAGS: Final = 2000
"""A browser's tree of so few tags is never costly (rewriting.html.source.tree_cost)."""
_MOST_SEARCHED: Final = 50_000_000
"""Characters; about 50 ms."""
_BRACKET_AFTER_OTHERS: Final = re.compile(rb"\](?<=[\x80-\xff]\])")
_BRACKETED: Final = (b"[CDATA[", b"[if", b"[IF", b"[If", b"[iF")


def swallowed(data: bytes, encoding: str) -> DecodedText:
    """Return how a reader sees the bytes that takes any byte after the first of a character for its second.

    The standard's decoder gives an ASCII byte back where the two are no character: `0x81 "` ends an
    attribute for one and goes on with it for the other.
    """
    opaque = swallowing(encoding).sub(lambda found: b"\xff" * len(found[0]), data)
    return DecodedText(opaque.decode("latin-1"), encoding)


def may_differ(data: bytes, charset: Charset, other: Charset, *, html: bool) -> bool:
    """Whether markup can differ between two charsets without shifts.

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


def disagree(data: bytes, ours: DecodedText, rival: DecodedText, *, html: bool, shifted: bool) -> bool:
    """Whether a rival reading of `data` has a link that ours has not, or would be upset by our patches.

    What is a link to us alone is replaced within something else there: with letters that mean no more than
    those before, unless the rival reads pairs (`shifted`), or the link holds what may be markup there.
    """
    if not html:
        found, theirs = _addresses(ours), _addresses(rival)
        return not theirs <= found or (shifted and theirs != found)
    if max(ours.text.count("<"), rival.text.count("<")) > _MOST_TAGS:
        return True
    links, rival_links = _links(ours), _links(rival)
    if links is None or rival_links is None or not rival_links <= links:
        return True
    if any(name == "srcdoc" and _READ_OTHERWISE.search(data, start, last) for name, start, last in links):
        return True
    return any(
        shifted or not _INERT.fullmatch(data, start, last + 1) for _, start, last in links - rival_links
    )


def _addresses(decoded: DecodedText) -> set[int]:
    return set(decoded.byte_offsets([match.start() for match in _ADDRESS.finditer(decoded.text)]))


def _links(decoded: DecodedText) -> set[tuple[str, int, int]] | None:
    """Return each link's attribute, and the bytes where it begins and where its last character stands.

    None where a comment that Outlook reads may stand in two places, or there are too many to tell.
    """
    source = decoded.text.replace("\r\n", " \n").replace("\r", "\n")
    tree = turbohtml.parse(source, source_locations=True, positions=False)
    spans = _spans(tree, 0)
    comments = _conditional_comments(tree) if "[if" in source.lower() else []
    if len(comments) * len(source) > _MOST_SEARCHED or any(source.count(data) != 1 for data in comments):
        return None
    for data in comments:
        spans += _spans(turbohtml.parse(data, source_locations=True, positions=False), source.index(data))
    offsets = sorted({offset for _, start, last in spans for offset in (start, last)})
    places = dict(zip(offsets, decoded.byte_offsets(offsets), strict=True))
    return {(name, places[start], places[last]) for name, start, last in spans}


def _conditional_comments(tree: Document) -> list[str]:
    nodes = tree.xpath("//comment()")
    return [node.data for node in nodes if isinstance(node, Comment) and _CONDITIONAL.match(node.data)]  # type: ignore[union-attr]


def _spans(tree: Document, offset: int) -> list[tuple[str, int, int]]:
    spans: list[tuple[str, int, int]] = []
    for element in tree.select(_SELECTOR):
        location = element.source_location
        attributes = location.attrs if location is not None else {}
        for name in _LINKING:
            span = attributes.get(name)
            if span is not None:
                spans.append((name, span.start_offset + offset, span.end_offset - 1 + offset))
    return spans
