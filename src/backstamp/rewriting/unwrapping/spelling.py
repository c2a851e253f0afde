"""spelling: what a piece of a text means that may be an address, plain or not, and where each sign stands.

A program that quotes an address may break it over lines, put marks into it, write signs of it as references,
or escape all of it.
"""

import re
from bisect import bisect_right
from functools import cached_property
from html import unescape
from typing import Final

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
IN_TEXT: Final = re.compile(f"{_PARTING}|{_REFERENCE}|{_TEXT_BREAK}|{_PLAIN_TEXT}", re.IGNORECASE)
IN_HTML: Final = re.compile(f"{_PARTING}|{_REFERENCE}|{_HTML_BREAK}|{_PLAIN_HTML}", re.IGNORECASE)
_JOINING: Final = ("parting", "break")
_SIGN: Final = re.compile(r"[!#-;=?-_a-~]")
_GOES_ON: Final = "=?&#"
_LONGEST: Final = 24_000
"""Characters of a URL that are read; the longest sealed one has 22,000."""


def find_beginnings(text: str) -> list[tuple[int, int]]:
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


class Spelling:
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


def read_spelling(text: str, start: int, stop: int, pattern: re.Pattern[str], escaped: int = 0) -> Spelling:
    """Return what the address means that begins at `start` and ends at `stop` at the latest.

    Args:
        text: what holds it.
        start: one of the `find_beginnings`.
        stop: where another may begin.
        pattern: `IN_TEXT` or `IN_HTML`.
        escaped: how often it was percent-encoded.
    """
    if escaped:
        return _read_escaped(text, start, stop, pattern, escaped)
    spelling = Spelling()
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


def _read_escaped(text: str, start: int, stop: int, pattern: re.Pattern[str], times: int) -> Spelling:
    """Read a URL that was percent-encoded so many times: it ends at a sign that would have been, too."""
    spelling = Spelling()
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
