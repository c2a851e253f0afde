"""text_unwrapping: the URLs of a plain text back from our sealed ones, as in a reply that quotes them."""

import re
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from typing import Final

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.text.flowed import Flow, unflow
from backstamp.rewriting.text.text_links import find_unflowed_links
from backstamp.urls.parsing import web_url

_Reader = Callable[[str], str | None]
_SCHEME: Final = re.compile("https?:", re.IGNORECASE)
_GLUE: Final = re.compile(r"[^0-9A-Za-z_-]")
_MOST_ENDS: Final = 8
_HOST: Final = r"\[(\[[0-9a-f:]+\]|[^\s<>\[\]]+)\]"
_HOST_NOTE: Final = re.compile(rf"(?: |[^\S\r\n]*(?:\r\n|\r|\n)[^\S\r\n]*(?:[>|][^\S\r\n]*)*){_HOST}")
"""What the readable form puts behind a sealed URL, also where a reply broke the line before it."""
_HOST_AT_END: Final = re.compile(rf"{_HOST}\Z")
"""The same between `<URL:` and `>`, where the blank is dropped."""


def text_edits(text: str, flow: Flow, reader: _Reader) -> list[tuple[int, int, str]]:
    """Return what is to be replaced in a text so that every URL which `reader` knows is its original.

    Each is a span in characters and its replacement, in order. Where the original's host follows in square
    brackets, as the readable form writes it, the span includes it.
    """
    view = unflow(text, **flow)
    edits: list[tuple[int, int, str]] = []
    for link in find_unflowed_links(view):
        for start, end, original in _known(view.text, link, reader):
            bracket = ">" if view.text.startswith(">", end) else ""
            note = _HOST_NOTE.match(view.text, end + len(bracket))
            if note is not None and is_host_of(note[1], original):
                end = note.end()
                original += bracket
            edits.append((*view.source_span(start, end), original))
    return edits


def is_host_of(host: str, original: str) -> bool:
    """Whether a URL is of this host, as the readable form writes it."""
    url = web_url(original)
    return url is not None and url.host == host


def _known(text: str, link: FoundLink, reader: _Reader) -> Iterator[tuple[int, int, str]]:
    """Yield where a link holds sealed URLs, and what they stand for.

    What followed a host at once (`www.example.com's`) looks like a part of the sealed URL's path now, and
    with it another sealed URL may.
    """
    value = link.value
    original = reader(value)
    if original:
        yield link.start, link.end, original
    elif text.startswith(value, link.start):
        for begin, end, original in sealed_within(value, reader):
            yield link.start + begin, link.start + end, original
    else:
        note = _HOST_AT_END.search(value)
        original = reader(value[: note.start()]) if note is not None else None
        if note is not None and original and is_host_of(note[1], original):
            yield link.start, link.end, original


def sealed_within(value: str, reader: _Reader) -> Iterator[tuple[int, int, str]]:
    """Yield where in a run of characters sealed URLs begin and end, and what they stand for."""
    begins = [match.start() for match in _SCHEME.finditer(value)]
    for begin, end in pairwise([*begins, len(value)]):
        for shorter in _ends(value, begin, end):
            original = reader(value[begin:shorter])
            if original:
                yield begin, shorter, original
                break


def _ends(value: str, begin: int, end: int) -> Iterator[int]:
    """Yield where a sealed URL that begins a span may end: with the span, or before a sign in its path."""
    yield end
    host = value.find("//", begin, end) + 2
    path = value.find("/", host, end)
    if path >= 0:
        signs = _GLUE.finditer(value, path + 1, end)
        yield from (match.start() for match in islice(signs, _MOST_ENDS))
