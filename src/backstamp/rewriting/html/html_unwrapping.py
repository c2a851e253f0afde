"""html_unwrapping: the URLs of an HTML text back from our sealed ones, as in a reply that quotes them."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Final
from urllib.parse import unquote

import turbohtml
from turbohtml import Element

from backstamp.rewriting.html.html_links import HtmlText
from backstamp.rewriting.html.tree_cost import is_too_costly
from backstamp.rewriting.spans import apart, overlaps
from backstamp.rewriting.text.flowed import Unflowed
from backstamp.rewriting.text.text_unwrapping import is_host_of, read_through, read_within, sealed_within
from backstamp.urls.parsing import strip_link_text

_Reader = Callable[[str], str | None]
_Edit = tuple[int, int, str]
_RUN: Final = re.compile(r"[hH][tT][tT][pP][sS]?://[A-Za-z0-9\-._~:/?#\[\]@%+,;=]+")
"""What may hold a sealed URL: no character of one is ever escaped, wherever it stands."""
_ADDRESS: Final = re.compile(r"(?:[!#-%(-;=?-_a-~]|&amp;)+")
"""What may be another vendor's wrapper around one, from its scheme on."""
_TRAILING: Final = ".,;:!?*)]}"
_IMAGES: Final = "img,v\\:imagedata"
_IMAGE_TAG: Final = re.compile(
    r"<(?:img|v:imagedata)(?=[\s/])(?:[^<>\"']|\"[^\"]*+\"|'[^']*+')*+>", re.IGNORECASE
)
_WORDS: Final = frozenset({"alt", "title"})
_BREAK: Final = re.compile(
    r"<wbr\s*/?>|&(?:shy|ZeroWidthSpace|#0*(?:173|8203)|#x0*(?:ad|200b));?|[\u00ad\u200b]", re.IGNORECASE
)
"""Where long words may be parted: Gmail puts `<wbr>` into every long address that it shows."""
_HOST_NOTE: Final = re.compile(
    r"(?:&gt;|</a\s*>){0,2}((?:\s|&nbsp;|&#160;)+\[([^\s<>\[\]]+|\[[0-9a-f:]+\])\])"
)
"""What the readable form puts behind a sealed URL in plain text, where a program answers that in HTML."""


def html_edits(text: str, reader: _Reader) -> list[_Edit]:
    """Return what is to be replaced in an HTML text so that every URL which `reader` knows is its original.

    Each is a span in characters and its replacement, in order. Links are read as a browser reads them, and
    pixels go as a whole, also where Outlook has made a shape of one. In words, in the text of comments and in
    other attributes (`title`, `originalsrc`) our URLs are found as they stand, or in other vendors' wrappers.
    """
    if is_too_costly(text):
        return sorted(_as_they_stand(text, [], [], reader))
    html = HtmlText(text)
    edits: list[_Edit] = []
    for link in html.links:
        original = read_through(strip_link_text(link.value), reader)
        if original:
            edits.append((link.start, link.end, _escaped(original, link.levels)))
    edits += [(start, end, "") for start, end in _pixels(html, reader)]
    # What one program reads as a link another may read as a part of one: a field's URL in an attribute.
    edits = apart(edits)
    known = [(start, end) for start, end, _ in edits]
    documents = sorted((each.start, each.end) for each in html.containers if each.name == "srcdoc")
    return sorted(edits + _as_they_stand(text, known, documents, reader))


def _pixels(html: HtmlText, reader: _Reader) -> Iterator[tuple[int, int]]:
    """Yield the spans of the tags of our pixels, those in conditional comments behind the others."""
    for image in html.tree.select(_IMAGES):
        location = image.source_location
        if location is not None and location.start_tag is not None and _is_pixel(image, reader):
            yield location.start_tag.start_offset, location.start_tag.end_offset
    for container in html.containers:
        if container.name:
            continue
        for tag in _IMAGE_TAG.finditer(html.source, container.start, container.end):
            found = turbohtml.parse(tag[0]).select_one(_IMAGES)
            if found is not None and _is_pixel(found, reader):
                yield tag.span()


def _is_pixel(image: Element, reader: _Reader) -> bool:
    """Whether an image is our pixel.

    So it is where a webmail fetches it, with its URL in another, or has blocked it, and keeps its URL aside.
    """
    for name in image.attrs:
        value = image.attr(name) or ""
        if name in _WORDS or "http" not in value:
            continue
        runs = (run[0] for run in _RUN.finditer(unquote(value)))
        if reader(value) == "" or any(
            original == "" for run in runs for _, _, original in sealed_within(run, reader)
        ):
            return True
    return False


def _as_they_stand(
    text: str, known: list[tuple[int, int]], documents: list[tuple[int, int]], reader: _Reader
) -> list[_Edit]:
    """Return the edits outside of the `known` spans; `documents` are spans of text that is escaped twice."""
    edits = _as_they_stand_in(Unflowed(text, [], []), known, documents, reader)
    view = Unflowed.without(text, _BREAK)
    if view.joints:
        known = sorted([*known, *((start, end) for start, end, _ in edits)])
        edits += _as_they_stand_in(view, known, documents, reader)
    return edits


def _as_they_stand_in(
    view: Unflowed, known: list[tuple[int, int]], documents: list[tuple[int, int]], reader: _Reader
) -> list[_Edit]:
    text = view.text
    edits: list[_Edit] = []
    done = tried = 0
    for run in _RUN.finditer(text):
        wrapped = None
        if run.start() >= tried:
            tried, wrapped = _wrapped(text, run.start(), reader)
        for begin, end, original in [wrapped] if wrapped is not None else sealed_within(run[0], reader):
            first, last = run.start() + begin, run.start() + end
            start, stop = view.source_span(first, last)
            if not original or first < done or overlaps(known, start, stop):
                continue
            levels = 2 if overlaps(documents, start, stop) else 1
            edits.append((start, stop, _escaped(original, levels)))
            done = last
            note = _HOST_NOTE.match(text, last)
            if note is not None and is_host_of(note[2], original):
                edits.append((*view.source_span(*note.span(1)), ""))
                done = note.end()
    return edits


def _wrapped(text: str, start: int, reader: _Reader) -> tuple[int, tuple[int, int, str] | None]:
    """Return where the address at `start` ends, and its length and original if it is a wrapper around ours.

    It may hold a beginning of another one, which is not tried again: that would cost the square.
    """
    address = _ADDRESS.match(text, start)
    assert address is not None, "a scheme stands here"
    written = address[0].rstrip(_TRAILING)
    original = read_within(unescape(written), reader)
    return address.end(), (0, len(written), original) if original else None


def _escaped(url: str, levels: int) -> str:
    for _ in range(levels):
        for character, reference in (
            ("&", "&amp;"),
            ('"', "&quot;"),
            ("'", "&#39;"),
            ("<", "&lt;"),
            (">", "&gt;"),
        ):
            url = url.replace(character, reference)
        url = re.sub(r"[ `]", lambda match: f"&#{ord(match[0])};", url)
    return url
