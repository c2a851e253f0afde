"""text_unwrapping: the URLs of a plain text back from our sealed ones, as in a reply that quotes them."""

import re
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from typing import Final

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.text.flowed import Flow, unflow
from backstamp.rewriting.text.text_links import find_unflowed_links
from backstamp.urls.parsing import web_url
from backstamp.urls.wrappers import MAX_DEPTH, wrapper_of

_Reader = Callable[[str], str | None]
_SCHEME: Final = re.compile("https?:", re.IGNORECASE)
_GLUE: Final = re.compile(r"[^0-9A-Za-z_-]")
_MOST_ENDS: Final = 8
_NEXT_LINE: Final = re.compile(
    r"!?[^\S\r\n]*+(?:\r\n|\r|\n)[^\S\r\n]*+(?:[>|][^\S\r\n]*+)*+([0-9A-Za-z_-]++)=?"
)
"""Where a token goes on that was broken at a width; `!` is sendmail's, `=` left of quoted-printable."""
_MOST_TRIED: Final = 500_000
"""Characters of broken tokens that are tried in a text: at most 30 ms, whatever it holds."""
_IMAGE: Final = re.compile(r"(?:!\[[^\[\]\r\n]{0,80}\]\(|\[(?:image: ?)?)\Z", re.IGNORECASE)
"""What stands before the address of an image where a program made text of HTML: markdown, or Outlook."""
_LONGEST_IMAGE: Final = 84
_IMAGE_ENDS: Final = {"(": ")", "[": "]", ":": "]", " ": "]"}
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
    broken = _BrokenTokens(view.text, reader)
    for link in find_unflowed_links(view):
        for start, end, original in [*_known(view.text, link, reader)] or broken.known(link):
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


def read_through(address: str, reader: _Reader) -> str | None:
    """Return what `reader` says of a URL, or of that which other vendors' wrappers hold."""
    original = reader(address)
    return read_within(address, reader) if original is None else original


def read_within(address: str, reader: _Reader) -> str | None:
    """Return what `reader` says of the URL inside another vendor's wrapper.

    A recipient's own protection wraps our URLs, and their reply quotes what it made of them. As a piece of
    the wrapper's query the original would be cut off at its first `&`, so the whole wrapper gives way.
    """
    url = web_url(address)
    for _ in range(MAX_DEPTH):
        wrapper = wrapper_of(url) if url is not None else None
        url = wrapper.inner if wrapper is not None else None
        if url is None:
            break
        original = reader(url.href)
        if original is not None:
            return original
    return None


def _known(text: str, link: FoundLink, reader: _Reader) -> Iterator[tuple[int, int, str]]:
    """Yield where a link holds sealed URLs, and what they stand for.

    What followed a host at once (`www.example.com's`) looks like a part of the sealed URL's path now, and
    with it another sealed URL may.
    """
    value = link.value
    original = read_through(value, reader)
    if original:
        yield link.start, link.end, original
    elif original is not None:
        yield from _image(text, link)
    elif text.startswith(value, link.start):
        for begin, end, original in sealed_within(value, reader):
            if original:
                yield link.start + begin, link.start + end, original
    else:
        note = _HOST_AT_END.search(value)
        original = reader(value[: note.start()]) if note is not None else None
        if note is not None and original and is_host_of(note[1], original):
            yield link.start, link.end, original


def _image(text: str, link: FoundLink) -> Iterator[tuple[int, int, str]]:
    """Yield the span of an image of ours, as programs write one that has no words, and nothing for it."""
    before = _IMAGE.search(text[max(0, link.start - _LONGEST_IMAGE) : link.start])
    if before is not None and text.startswith(_IMAGE_ENDS[before[0][-1]], link.end):
        end = link.end + 1
        # `[address](address)` is a link in markdown.
        if before[0].startswith("!") or not text.startswith("(", end):
            yield link.start - len(before[0]), end, ""


class _BrokenTokens:
    """Puts tokens together again that a program has broken over lines, though no program links such.

    Nothing else opens, so no lines are joined that do not belong together.
    """

    def __init__(self, text: str, reader: _Reader) -> None:
        self._text = text
        self._reader = reader
        self._room = _MOST_TRIED

    def known(self, link: FoundLink) -> list[tuple[int, int, str]]:
        """Return where the sealed URL that begins in this link stands, and what for; else nothing."""
        value, end = link.value.removesuffix("="), link.end
        while (line := _NEXT_LINE.match(self._text, end)) is not None and self._room > 0:
            value += line[1]
            end = line.end(1)
            self._room -= len(value)
            original = self._reader(value)
            if original:
                return [(link.start, end, original)]
            end = line.end()
        return []


def sealed_within(value: str, reader: _Reader) -> Iterator[tuple[int, int, str]]:
    """Yield where in a run of characters our URLs begin and end, and what `reader` says of each."""
    begins = [match.start() for match in _SCHEME.finditer(value)]
    for begin, end in pairwise([*begins, len(value)]):
        for shorter in _ends(value, begin, end):
            original = reader(value[begin:shorter])
            if original is not None:
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
