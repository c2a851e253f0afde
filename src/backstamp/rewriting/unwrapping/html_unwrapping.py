"""html_unwrapping: the URLs of an HTML text back from our sealed ones, as in a reply that quotes them."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

import turbohtml
from turbohtml import Element

from backstamp.rewriting.html.html_links import HtmlText
from backstamp.rewriting.html.source.one_line import OneLine
from backstamp.rewriting.html.source.tree_cost import is_too_costly
from backstamp.rewriting.html.source.value_places import end_of_start_tag
from backstamp.rewriting.spans import apart, overlaps
from backstamp.rewriting.unwrapping.respelled import Reader, find_sealed, read_through
from backstamp.rewriting.unwrapping.text_unwrapping import is_host_of
from backstamp.urls.parsing import strip_link_text

_Edit = tuple[int, int, str]
_IMAGES: Final = "img,v\\:imagedata"
_IMAGE_TAG: Final = re.compile(
    r"<(?:img|v:imagedata)(?=[\s/])(?:[^<>\"']|\"[^\"]*+\"|'[^']*+')*+>", re.IGNORECASE
)
_WORDS: Final = frozenset({"alt", "title"})
_HOST_NOTE: Final = re.compile(
    r"(?:&gt;|</a\s*>){0,2}(?: &gt;)?((?:\s|&nbsp;|&#160;)+\[([^\s<>\[\]]+|\[[0-9a-f:]+\])\])"
)
"""What the readable form puts behind a sealed URL in plain text, where a program answers that in HTML."""


def html_edits(text: str, reader: Reader) -> list[_Edit]:
    """Return what is to be replaced in an HTML text so that every URL which `reader` knows is its original.

    Each is a span in characters and its replacement, in order. Links are read as a browser reads them, and
    pixels go as a whole, also where Outlook has made a shape of one. In words, in the text of comments and in
    other attributes (`title`, `originalsrc`) our URLs are found as they stand, or in other vendors' wrappers.
    """
    if is_too_costly(text):
        return sorted(_as_they_stand(text, [], [], reader))
    html = HtmlText(OneLine(text))
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
    return sorted([*edits, *_as_they_stand(text, known, documents, reader)])


def _pixels(html: HtmlText, reader: Reader) -> Iterator[tuple[int, int]]:
    """Yield the spans of the tags of our pixels, those in conditional comments behind the others."""
    for image in html.tree.select(_IMAGES):
        column = image.source_col
        if column is not None and _is_pixel(image, reader):
            yield column, end_of_start_tag(html.source, column)
    for container in html.containers:
        if container.name:
            continue
        for tag in _IMAGE_TAG.finditer(html.source, container.start, container.end):
            found = turbohtml.parse(tag[0]).select_one(_IMAGES)
            if found is not None and _is_pixel(found, reader):
                yield tag.span()


def _is_pixel(image: Element, reader: Reader) -> bool:
    """Whether an image is our pixel.

    So it is where a webmail fetches it, with its URL in another, or has blocked it, and keeps its URL aside.
    """
    for name in image.attrs:
        value = image.attr(name) or ""
        if name in _WORDS or "http" not in value:
            continue
        written = find_sealed(unquote(value), reader, markup=False)
        if reader(value) == "" or any(not sealed.original for sealed in written):
            return True
    return False


def _as_they_stand(
    text: str, known: list[tuple[int, int]], documents: list[tuple[int, int]], reader: Reader
) -> Iterator[_Edit]:
    """Yield the edits outside of the `known` spans; `documents` are spans of text that is escaped twice."""
    for sealed in find_sealed(text, reader, markup=True, known=known):
        if not sealed.original:
            continue
        levels = 2 if overlaps(documents, sealed.start, sealed.end) else 1
        yield sealed.start, sealed.end, _escaped(sealed.replacement(), levels)
        note = _HOST_NOTE.match(text, sealed.end)
        if note is not None and is_host_of(note[2], sealed.original):
            yield *note.span(1), ""


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
