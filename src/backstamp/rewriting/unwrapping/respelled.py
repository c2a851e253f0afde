"""respelled: sealed URLs as they stand where a program quotes them, also where it has spelled them anew.

It may have broken one over lines, put marks into it where a long word may be parted, written signs of it as
references (`&#47;`), escaped all of it as a part of another address (`%3A%2F%2F`), or stuck something to it.
Nothing but a whole token opens, so no lines are joined that do not belong together.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice, pairwise
from typing import Final
from urllib.parse import quote, unquote

import msgspec

from backstamp.rewriting.spans import overlaps
from backstamp.rewriting.unwrapping.spelling import IN_HTML, IN_TEXT, Spelling, find_beginnings, read_spelling
from backstamp.urls.parsing import web_url
from backstamp.urls.wrappers import MAX_DEPTH, may_wrap, wrapper_of

Reader = Callable[[str], str | None]
"""Returns the original of one of our wrapped URLs, "" for one that we added, None for any other."""

_IN_TOKENS: Final = "2[Dd]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]"
"""A letter, digit, dash or underscore, behind a percent sign."""
_NEEDLESS: Final = re.compile(f"%(?:{_IN_TOKENS}|[27][Ee])")
_TRAILING: Final = ".,;:!?*)]}"
_GLUE: Final = re.compile(f"[^0-9A-Za-z_%-]|%(?!{_IN_TOKENS})")
_MOST_ENDS: Final = 8
_SHORTEST: Final = len("http://h/t")
_MOST_TRIED: Final = 500_000
"""Characters of broken URLs that are tried in a text: at most 30 ms, whatever it holds."""


class Sealed(msgspec.Struct, frozen=True):
    """A sealed URL, or another vendor's wrapper around one: its span, and the original, "" for our own.

    `escaped` is how often it was percent-encoded, as a part of another address, but for the `plain` signs.
    """

    start: int
    end: int
    original: str
    escaped: int = 0
    plain: str = ""

    def replacement(self) -> str:
        """Return the original, percent-encoded as the sealed URL was."""
        url = self.original
        for _ in range(self.escaped):
            url = quote(url, safe=self.plain)
        return url


def find_sealed(
    text: str, reader: Reader, *, markup: bool, known: Sequence[tuple[int, int]] = ()
) -> Iterator[Sealed]:
    """Yield the URLs that `reader` knows, in order, not overlapping.

    Args:
        text: HTML where `markup` is set, else plain text.
        reader: what opens them.
        markup: whether references and tags mean something.
        known: spans, in order, where nothing is to be found any more.
    """
    finder = _Finder(text, reader, IN_HTML if markup else IN_TEXT)
    beginnings = find_beginnings(text)
    done = 0
    for (start, escaped), (stop, _) in pairwise([*beginnings, (len(text), 0)]):
        if start < done or stop - start < _SHORTEST or overlaps(known, start, start + 1):
            continue
        found = finder.found(start, stop, escaped)
        if found is not None and not overlaps(known, found.start, found.end):
            done = found.end
            yield found


class _Finder:
    def __init__(self, text: str, reader: Reader, pattern: re.Pattern[str]) -> None:
        self._text = text
        self._reader = reader
        self._pattern = pattern
        self._room = _MOST_TRIED
        self._tried = 0

    def found(self, start: int, stop: int, escaped: int) -> Sealed | None:
        """Return the sealed URL that begins here, so often escaped, where another may begin at `stop`."""
        spelling = read_spelling(self._text, start, stop, self._pattern, escaped)
        if not escaped and start >= self._tried and _may_be_wrapper(spelling):
            # It may hold a beginning of another one, not tried again: that would cost the square.
            whole = read_spelling(self._text, start, len(self._text), self._pattern)
            self._tried = whole.end
            found = self._in_wrapper(whole, start)
            if found is not None:
                return found
        for end in _ends(spelling):
            original = self._opened(spelling, end, self._reader)
            if original is not None:
                behind = spelling.place_behind(end)
                plain = "".join(sign for sign in ":/" if sign in self._text[start:behind])
                return Sealed(start, behind, original, escaped, plain)
        return None

    def _in_wrapper(self, spelling: Spelling, start: int) -> Sealed | None:
        for end in (*spelling.joints, len(spelling.value)):
            end = len(spelling.value[:end].rstrip(_TRAILING))
            original = self._opened(spelling, end, partial(_read_within, reader=self._reader))
            if original:
                return Sealed(start, spelling.place_behind(end), original)
            if self._room < 0:
                break
        return None

    def _opened(self, spelling: Spelling, end: int, reader: Reader) -> str | None:
        if spelling.joints and end > spelling.joints[0]:
            self._room -= end
            if self._room < 0:
                return None
        return _read_plainly(spelling.value[:end], reader)


def read_through(address: str, reader: Reader) -> str | None:
    """Return what `reader` says of a URL, or of that which other vendors' wrappers hold."""
    original = _read_plainly(address, reader)
    return _read_within(address, reader) if original is None else original


def _read_plainly(address: str, reader: Reader) -> str | None:
    """Return what `reader` says of a URL in which signs may be escaped that need not be: `%2D` for a dash.

    Old ASP writes all but letters and digits so, and the standard knows no difference (RFC 3986 §2.3).
    """
    original = reader(address)
    if original is None and "%" in address:
        original = reader(_NEEDLESS.sub(lambda match: unquote(match[0]), address))
    return original


def _read_within(address: str, reader: Reader) -> str | None:
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


def _may_be_wrapper(spelling: Spelling) -> bool:
    url = web_url(spelling.value[: spelling.joints[0]] if spelling.joints else spelling.value)
    return url is not None and may_wrap(url)


def _ends(spelling: Spelling) -> Iterator[int]:
    """Yield where a sealed URL may end: with its line, before a sign in its path, or on a line below."""
    value = spelling.value
    host = value.find("//") + 2
    path = value.find("/", host)
    if path < 0:
        return
    lines = [joint for joint in spelling.joints if joint > path]
    end = lines[0] if lines else len(value)
    yield from _without_emphasis(value, end)
    signs = _GLUE.finditer(value, path + 1, end)
    yield from (match.start() for match in islice(signs, _MOST_ENDS))
    for begin, next_end in pairwise([*lines, len(value)]):
        sign = _GLUE.search(value, begin, next_end)
        end = sign.start() if sign is not None else next_end
        yield from _without_emphasis(value, end)
        if sign is not None:
            break


def _without_emphasis(value: str, end: int) -> Iterator[int]:
    """Yield an end, and those before the marks of `_emphasis_`, which might belong to a token."""
    yield end
    for fewer in (1, 2):
        if not value.endswith("_" * fewer, 0, end):
            break
        yield end - fewer
