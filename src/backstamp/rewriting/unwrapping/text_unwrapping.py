"""text_unwrapping: the URLs of a plain text back from our sealed ones, as in a reply that quotes them."""

import re
from collections.abc import Iterator
from typing import Final

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.spans import apart
from backstamp.rewriting.text.flowed import Flow, unflow
from backstamp.rewriting.text.text_links import find_unflowed_links
from backstamp.rewriting.unwrapping.respelled import Reader, find_sealed, read_through
from backstamp.urls.parsing import web_url

_IMAGE: Final = re.compile(r"(?:!\[[^\[\]\r\n]{0,80}\]\(|\[(?:image: ?)?)\Z", re.IGNORECASE)
"""What stands before the address of an image where a program made text of HTML: markdown, or Outlook."""
_LONGEST_IMAGE: Final = 84
_IMAGE_ENDS: Final = {"(": ")", "[": "]", ":": "]", " ": "]"}
_HOST: Final = r"\[(\[[0-9a-f:]+\]|[^\s<>\[\]]+)\]"
_HOST_NOTE: Final = re.compile(rf"(?: |[^\S\r\n]*(?:\r\n|\r|\n)[^\S\r\n]*(?:[>|][^\S\r\n]*)*){_HOST}")
"""What the readable form puts behind a sealed URL, also where a reply broke the line before it."""
_BRACKETS: Final = re.compile(">(?: >)?")
"""Those behind a URL before that note: ours, and one of `<URL:...>` that our frame keeps apart."""
_HOST_AT_END: Final = re.compile(rf"{_HOST}\Z")
"""The same between `<URL:` and `>`, where the blank is dropped."""


def text_edits(text: str, flow: Flow, reader: Reader) -> list[tuple[int, int, str]]:
    """Return what is to be replaced in a text so that every URL which `reader` knows is its original.

    Each is a span in characters and its replacement, in order. Where the original's host follows in square
    brackets, as the readable form writes it, the span includes it.
    """
    view = unflow(text, **flow)
    found: list[tuple[int, int, str]] = []
    for link in find_unflowed_links(view):
        found += _whole(view.text, link, reader)
    known = [(start, end) for start, end, _ in found]
    for sealed in find_sealed(view.text, reader, markup=False, known=known):
        if sealed.original:
            found.append((sealed.start, sealed.end, sealed.replacement()))
        else:
            found += _image(view.text, sealed.start, sealed.end)
    edits: list[tuple[int, int, str]] = []
    for start, end, original in found:
        brackets = _BRACKETS.match(view.text, end)
        note = _HOST_NOTE.match(view.text, brackets.end() if brackets is not None else end)
        if note is not None and is_host_of(note[1], original):
            end = note.end()
            original += brackets[0] if brackets is not None else ""
        edits.append((*view.source_span(start, end), original))
    return apart(edits)


def is_host_of(host: str, original: str) -> bool:
    """Whether a URL is of this host, as the readable form writes it."""
    url = web_url(original)
    return url is not None and url.host == host


def _whole(text: str, link: FoundLink, reader: Reader) -> Iterator[tuple[int, int, str]]:
    """Yield the span of a link that is a sealed URL as a whole, and what it stands for."""
    value = link.value
    original = read_through(value, reader)
    if original:
        yield link.start, link.end, original
    elif original is not None:
        yield from _image(text, link.start, link.end)
    elif not text.startswith(value, link.start):
        note = _HOST_AT_END.search(value)
        original = reader(value[: note.start()]) if note is not None else None
        if note is not None and original and is_host_of(note[1], original):
            yield link.start, link.end, original


def _image(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """Yield the span of an image of ours, as programs write one that has no words, and nothing for it."""
    before = _IMAGE.search(text[max(0, start - _LONGEST_IMAGE) : start])
    if before is None or not text.startswith(_IMAGE_ENDS[before[0][-1]], end):
        return
    # `[address](address)` is a link in markdown.
    if before[0].startswith("!") or not text.startswith("(", end + 1):
        yield start - len(before[0]), end + 1, ""
