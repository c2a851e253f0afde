"""respelled: sealed URLs as they stand where a program quotes them, also where it has spelled them anew.

It may have broken one over lines, put marks into it where a long word may be parted, written signs of it as
references (`&#47;`), escaped all of it as a part of another address (`%3A%2F%2F`), or stuck something to it.
Nothing but a whole token opens, so no lines are joined that do not belong together.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from html import unescape
from itertools import islice, pairwise
from typing import Final
from urllib.parse import quote, unquote

import msgspec

from backstamp.rewriting.spans import overlaps
from backstamp.urls.parsing import web_url
from backstamp.urls.wrappers import MAX_DEPTH, may_wrap, wrapper_of

Reader = Callable[[str], str | None]
"""Returns the original of one of our wrapped URLs, "" for one that we added, None for any other."""

_BEGINNING: Final = re.compile(
    r"https?(?:%(?P<colon>(?:25){0,7})3a|:(?=%(?P<slash>(?:25){0,7})2f)"
    r"|(?::|&(?:#0*58|#x0*3a|colon);)(?=[/\\&\s]|[!=]\s))",
    re.IGNORECASE,
)
"""Escaped eight times at most: one that is for millions of times would need gigabytes to be read."""
_BETWEEN: Final = (
    r"(?:[!=]?[^\S\r\n]*+(?:<br\s*/?>[^\S\r\n]*+(?:\r\n|\r|\n)?|\r\n|\r|\n)(?:[^\S\r\n]|[>|]|&gt;|&nbsp;)*+)?"
)
_BROKEN_SCHEME: Final = re.compile(_BETWEEN.join(("h", "t", "t", "p", "s?", r"\Z")), re.IGNORECASE)
"""What stands before `://` where a line was broken in the scheme, or behind it."""
_LONGEST_BREAK: Final = 60
_REFERENCE: Final = r"(?P<reference>&(?:#0*[0-9]{2,3}|#x0*[0-9a-f]{2}|[a-z]{3,6});)"
_PARTING: Final = (
    r"(?P<parting><wbr\s*/?>|&(?:shy|ZeroWidthSpace|#0*(?:173|8203)|#x0*(?:ad|200b));?"
    "|[\u00ad\u200b\u2060\ufeff])"
)
"""Where long words may be parted: Gmail puts `<wbr>` into every long address that it shows."""
_TEXT_BREAK: Final = r"(?P<break>[!=]?[^\S\r\n]*+(?:\r\n|\r|\n)[^\S\r\n]*+(?:[>|][^\S\r\n]*+)*+)"
"""`!` is sendmail's, `=` left of quoted-printable."""
_HTML_BREAK: Final = (
    r"(?P<break>[^\S\r\n]*+(?:<br\s*/?>[^\S\r\n]*+(?:\r\n|\r|\n)?|\r\n|\r|\n)"
    r"(?:[^\S\r\n]|&nbsp;|&gt;|[>|])*+)"
)
_PLAIN_TEXT: Final = r"(?P<plain>[#-%(-;?-_a-~]++|[!=&])"
_PLAIN_HTML: Final = r"(?P<plain>[!#-%(-;=?-_a-~]++|&(?=\w+=))"
_IN_TEXT: Final = re.compile(f"{_PARTING}|{_REFERENCE}|{_TEXT_BREAK}|{_PLAIN_TEXT}", re.IGNORECASE)
_IN_HTML: Final = re.compile(f"{_PARTING}|{_REFERENCE}|{_HTML_BREAK}|{_PLAIN_HTML}", re.IGNORECASE)
_JOINING: Final = ("parting", "break")
_SIGN: Final = re.compile(r"[!#-;=?-_a-~]")
_IN_TOKENS: Final = "2[Dd]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]"
"""A letter, digit, dash or underscore, behind a percent sign."""
_NEEDLESS: Final = re.compile(f"%(?:{_IN_TOKENS}|[27][Ee])")
_GOES_ON: Final = "=?&#"
_TRAILING: Final = ".,;:!?*)]}"
_GLUE: Final = re.compile(f"[^0-9A-Za-z_%-]|%(?!{_IN_TOKENS})")
_MOST_ENDS: Final = 8
_SHORTEST: Final = len("http://h/t")
_LONGEST: Final = 24_000
"""Characters of a URL that are read; the longest sealed one has 22,000."""
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


class _Spelling:
    """The characters that a piece of a text means, and where each was written."""

    def __init__(self) -> None:
        self.joints: list[int] = []
        """The offsets in `value` where lines, or what stood beside a mark, were joined."""
        self.size = 0
        self.end = 0
        self._pieces: list[str] = []
        self._offsets: list[int] = []
        self._places: list[tuple[int, int | None]] = []

    @cached_property
    def value(self) -> str:
        """All of them, asked for when the last has been taken in."""
        return "".join(self._pieces)

    def add(self, written: str, place: int, end: int | None = None) -> None:
        """Take in characters; those written otherwise one by one, with the end of what stands for them."""
        self._offsets.append(self.size)
        self._places.append((place, end))
        self._pieces.append(written)
        self.size += len(written)

    def join(self) -> None:
        """Note that something was left out here; once, however much it was: each joint is a read."""
        if self.joints[-1:] != [self.size]:
            self.joints.append(self.size)

    def goes_on(self) -> bool:
        """Whether an address on the next line belongs to this one."""
        return self._pieces[-1][-1] in _GOES_ON

    def place_behind(self, offset: int) -> int:
        """Return the place in the text behind the character before `offset`."""
        at = bisect_right(self._offsets, offset - 1) - 1
        place, end = self._places[at]
        return end if end is not None else place + offset - self._offsets[at]


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
    finder = _Finder(text, reader, _IN_HTML if markup else _IN_TEXT)
    beginnings = _beginnings(text)
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
        if escaped:
            spelling = _read_escaped(self._text, start, stop, self._pattern, escaped)
        else:
            spelling = _read(self._text, start, stop, self._pattern)
            if start >= self._tried and _may_be_wrapper(spelling):
                # It may hold a beginning of another one, not tried again: that would cost the square.
                whole = _read(self._text, start, len(self._text), self._pattern)
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

    def _in_wrapper(self, spelling: "_Spelling", start: int) -> Sealed | None:
        for end in (*spelling.joints, len(spelling.value)):
            end = len(spelling.value[:end].rstrip(_TRAILING))
            original = self._opened(spelling, end, partial(_read_within, reader=self._reader))
            if original:
                return Sealed(start, spelling.place_behind(end), original)
            if self._room < 0:
                break
        return None

    def _opened(self, spelling: "_Spelling", end: int, reader: Reader) -> str | None:
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


def _read(text: str, start: int, stop: int, pattern: re.Pattern[str]) -> _Spelling:
    spelling = _Spelling()
    position, joined = start, -1
    while spelling.size < _LONGEST:
        match = pattern.match(text, position, stop)
        kind = match.lastgroup if match is not None else None
        if match is None or (kind == "break" and joined == position):
            break
        if joined == position and not spelling.goes_on() and _BEGINNING.match(text, position):
            break
        if kind == "plain":
            spelling.add(match[0], position)
        elif kind == "reference":
            meant = unescape(match[0])
            if _SIGN.fullmatch(meant) is None and meant != "&":
                break
            spelling.add(meant, position, match.end())
        else:
            spelling.join()
            joined = match.end() if kind == "break" else joined
        position = match.end()
    spelling.end = position
    return spelling


def _read_escaped(text: str, start: int, stop: int, pattern: re.Pattern[str], times: int) -> _Spelling:
    """Read a URL that was percent-encoded so many times: it ends at a sign that would have been, too."""
    spelling = _Spelling()
    escape = re.compile(rf"%{'25' * (times - 1)}([0-7][0-9a-f])|([\w.~:/-]+)", re.ASCII | re.IGNORECASE)
    position, joined = start, -1
    while spelling.size < _LONGEST:
        match = escape.match(text, position, stop)
        if match is not None and match[1]:
            meant = chr(int(match[1], 16))
            if _SIGN.fullmatch(meant) is None:
                break
            spelling.add(meant, position, match.end())
        elif match is not None:
            spelling.add(match[0], position)
        else:
            match = pattern.match(text, position, stop)
            kind = match.lastgroup if match is not None else None
            if match is None or kind not in _JOINING or (kind == "break" and joined == position):
                break
            spelling.join()
            joined = match.end() if kind == "break" else joined
        position = match.end()
    spelling.end = position
    return spelling


def _beginnings(text: str) -> list[tuple[int, int]]:
    """Return where URLs may begin, and how often each was percent-encoded."""
    found = [(match.start(), _times_escaped(match)) for match in _BEGINNING.finditer(text)]
    broken: list[tuple[int, int]] = []
    at = text.find("://")
    while at >= 0:
        if not text[max(at - 5, 0) : at].lower().endswith(("http", "https")):
            scheme = _BROKEN_SCHEME.search(text, max(at - _LONGEST_BREAK, 0), at)
            broken += [(scheme.start(), 0)] if scheme is not None else []
        at = text.find("://", at + 3)
    return sorted([*found, *broken]) if broken else found


def _times_escaped(beginning: re.Match[str]) -> int:
    more = beginning["colon"] if beginning["colon"] is not None else beginning["slash"]
    return 0 if more is None else len(more) // 2 + 1


def _may_be_wrapper(spelling: _Spelling) -> bool:
    url = web_url(spelling.value[: spelling.joints[0]] if spelling.joints else spelling.value)
    return url is not None and may_wrap(url)


def _ends(spelling: _Spelling) -> Iterator[int]:
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
