"""text_addresses: where a web address in running text begins and ends."""

import re
from typing import Final, NamedTuple

HARD_ENDS: Final = (
    r"\s\x00-\x20\x7f<>\"`"
    "，、。；：！？（）［］｛｝「」『』【】〈〉《》〔〕｜＜＞＂｡､｢｣"
    "“”„‟«»‹›—―…"
)
"""White space, and what ends or quotes a sentence: in an address it is written in percent form."""
INVISIBLE: Final = frozenset(
    "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
)
"""Zero-width spaces, direction marks and the like, which are copied along with an address."""
_TRAILING: Final = INVISIBLE | frozenset(".,;:!?'*|´’‘．，([{\\")
_CLOSING: Final = {")": "(", "]": "[", "}": "{"}
_BRACKETS: Final = frozenset("()[]{}")
_SLASHES: Final = re.compile(r"[/\\]*")
_FIRST: Final = re.compile(rf"[^/.\\?#{HARD_ENDS}]")
_DOTTED: Final = re.compile(r"[\w%-][\w%@-]*\.[\w%-]|0[xX][0-9A-Fa-f]{5}|[0-9]{8}")
"""A host with a dot, or an IPv4 address as one number."""
_AUTHORITY: Final = re.compile(rf"[^/\\?#{HARD_ENDS}]*")
_HOST: Final = re.compile(
    rf"\[[0-9A-Za-z:.%_]*\](?![0-9A-Za-z_-])|[^/\\?#!$&'()*+,;=~|^:@\[\]{{}}´’‘–{HARD_ENDS}]*"
)
_UP_TO_AT: Final = re.compile(rf"[^@{HARD_ENDS}]{{0,255}}@")
_NAME: Final = re.compile(r"\w\.\w")
_LONGEST_NAME: Final = 255
_PORT: Final = re.compile(r":(?:[0-9]+(?![0-9A-Za-z_-]|\.[._-]*\w)|(?=[/\\?#]))")
"""A number that goes on in a name (`:80.www.example.com`) is none: behind a new URL that name would begin."""
_ANOTHER: Final = re.compile(r"https?:[/\\]|www\.", re.IGNORECASE)
_TAIL_STOP: Final = re.compile(rf"[()\[\]{{}}{HARD_ENDS}]")
_ASCII_LOWER: Final = {upper: upper + 32 for upper in range(0x41, 0x5B)}
_IN_NAMES: Final = "._-"
_NOT_BEFORE_WWW: Final = "@/"
_GOES_ON: Final = "=?&#"


class Start(NamedTuple):
    """Where an address begins, and where its user name or host does."""

    offset: int
    authority: int
    abbreviated: bool

    @property
    def shortest(self) -> int:
        """Where nothing more than `http://` or `www.` has been read."""
        return self.authority + len("www.") if self.abbreviated else self.authority


def find_starts(text: str, joints: list[int]) -> list[Start]:
    """Return where addresses may begin, in order: `http:`, `https:`, `www.`, in any case.

    No letter or digit stands before one, except at the `joints`, where most programs see a line begin; nor is
    a `www.` within a name (`x-www.example.com`), though a dash or dot alone before it is none.
    Two slashes are the rule; with fewer, more or other ones Thunderbird makes a link all the same, and a
    browser opens it (WHATWG URL standard, "special authority ignore slashes state"), so they count where
    something with a dot or a long number follows.
    """
    lowered = text.lower()
    if len(lowered) != len(text):
        # A few letters outside ASCII grow when lowered; offsets must stay.
        lowered = text.translate(_ASCII_LOWER)
    joined = frozenset(joints)
    starts: list[Start] = []
    at = lowered.find("http")
    while at >= 0:
        colon = at + 5 if lowered.startswith("s", at + 4) else at + 4
        if lowered.startswith(":", colon) and (at in joined or not _is_alphanumeric(lowered, at - 1)):
            authority = _behind_slashes(text, colon + 1)
            if authority >= 0:
                starts.append(Start(at, authority, abbreviated=False))
        at = lowered.find("http", at + 4)
    at = lowered.find("www.")
    while at >= 0:
        if (at in joined or not _is_within_name(lowered, at)) and _FIRST.match(text, at + 4):
            starts.append(Start(at, at, abbreviated=True))
        at = lowered.find("www.", at + 4)
    starts.sort()
    return starts


def begins_anew(text: str, at: int, last: str) -> bool:
    """Whether a second address begins at `at`, behind a line end and the character `last` before that.

    Behind `=` and the like it belongs to the first one: `https://a.example/?u=` `https://b.example/`.
    """
    return last not in _GOES_ON and _ANOTHER.match(text, at) is not None


def _behind_slashes(text: str, at: int) -> int:
    match = _SLASHES.match(text, at)
    assert match is not None, "no slashes match too"
    follows = _FIRST if match[0] == "//" else _DOTTED
    return match.end() if follows.match(text, match.end()) else -1


def _is_within_name(text: str, at: int) -> bool:
    """Whether a `www.` is a part of a name, a path or a mail address that began before it."""
    begin = at
    while begin and text[begin - 1] in _IN_NAMES:
        begin -= 1
    before = text[begin - 1 : begin]
    if begin == at:
        return _is_alphanumeric(text, at - 1) or (before != "" and before in _NOT_BEFORE_WWW)
    # No name holds two dots side by side.
    return (before.isalnum() or (before != "" and before in _NOT_BEFORE_WWW)) and ".." not in text[begin:at]


def _is_alphanumeric(text: str, at: int) -> bool:
    return at >= 0 and text[at].isascii() and text[at].isalnum()


class AddressEnds:
    """Finds the ends of addresses in one text; asked in ascending order it reads each character once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._authority_end = -1
        self._last_at = -1

    def end(self, start: Start) -> int:
        """Return where the address ends, without what belongs to the sentence around it.

        Mail programs agree on white space, angle brackets, double quotes, trailing punctuation, and (not
        K-9) on a closing bracket that was not opened in it; between double quotes nothing is trimmed
        (RFC 3986 appendix C). A host ends before any sign that none can have. Where there is no address,
        the end is `start.offset`.
        """
        text = self._text
        end = self._host_end(start)
        if end == self._authority_end and text[end : end + 1] in ("/", "\\", "?", "#"):
            end = end if self._ends_before_backslash(start, end) else self._tail_end(end)
        if text[max(start.offset - 1, 0)] != '"' or not text.startswith('"', end):
            while end > start.authority and text[end - 1] in _TRAILING:
                end -= 1
        return end if end > start.shortest else start.offset

    def is_whole_authority(self, start: Start) -> bool:
        """Whether all that stands before the first slash makes up a user name, host and port."""
        return self._host_end(start) == self._authority_end > start.authority

    def _ends_before_backslash(self, start: Start, end: int) -> bool:
        """Whether a host ends the address, with a backslash behind it.

        All but Thunderbird end `"https://example.com\\n"` in a program's source there. Where an `@` follows
        in the same run, some take that host for a user's name; where backslashes stand for slashes, they part
        the path, too.
        """
        text = self._text
        with_slashes = start.abbreviated or text.startswith("//", start.authority - 2)
        return text[end] == "\\" and with_slashes and _UP_TO_AT.match(text, end) is None

    def _host_end(self, start: Start) -> int:
        text = self._text
        authority = start.authority
        if authority >= self._authority_end:
            match = _AUTHORITY.match(text, authority)
            assert match is not None, "an empty authority matches too"
            self._authority_end = match.end()
            self._last_at = text.rfind("@", authority, self._authority_end)
        begin = max(authority, self._last_at + 1)
        host = _HOST.match(text, begin)
        assert host is not None, "an empty host matches too"
        end = host.end()
        floor = max(start.shortest, begin)
        if end <= floor:
            # `http://!a.example.com`: resolvers take any sign, and Thunderbird makes a link of it.
            named = _NAME.search(text, floor, min(self._authority_end, floor + _LONGEST_NAME))
            return self._authority_end if named else end
        port = _PORT.match(text, end)
        if port is not None:
            end = port.end()
        if end < self._authority_end and text[end] == "|" and _ANOTHER.match(text, end + 1):
            # Two addresses glued together are one run to mail programs; glued by `,` or `;` they are two.
            return self._authority_end
        return end

    def _tail_end(self, at: int) -> int:
        text = self._text
        stop = _TAIL_STOP.search(text, at)
        if stop is None:
            return len(text)
        if stop[0] not in _BRACKETS:
            return stop.start()
        opened = dict.fromkeys(_CLOSING.values(), 0)
        for match in _TAIL_STOP.finditer(text, at):
            sign = match[0]
            if sign in opened:
                opened[sign] += 1
                continue
            opening = _CLOSING.get(sign)
            if opening is None or not opened[opening]:
                return match.start()
            opened[opening] -= 1
        return len(text)
