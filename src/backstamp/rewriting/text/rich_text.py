"""rich_text: web addresses in RTF, to be listed.

What a reader sees there may be written in pieces: `\\'74` for a letter, a group or a line end within a word
(Rich Text Format 1.9.1, "Formal Syntax"). Word itself parts the address of a link so, to mark its revisions.
"""

import re
from bisect import bisect_right
from operator import attrgetter
from typing import Final

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.text.text_links import find_text_links

_SIGNS: Final = {
    **dict.fromkeys(("par", "line", "sect", "page", "cell", "row", "nestcell", "nestrow"), "\n"),
    "tab": "\t",
    "emdash": "—",
    "endash": "–",
    "bullet": "•",
    "emspace": " ",
    "enspace": " ",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "qmspace": " ",
}
"""Control words that stand for a character."""
_SYMBOLS: Final = {"~": "\xa0", "_": "-", "\r": "\n", "\n": "\n", "\t": "\t"}
"""Control symbols that do; a backslash and a brace stand for themselves."""
_TOKEN: Final = re.compile(
    r"(?P<plain>[^\\{}\r\n\0]+)"
    r"|(?P<octets>(?:\\'[0-9A-Fa-f]{2})+)"
    r"|\\u(?P<unit>-?[0-9]{1,6}) ?"
    r"|\\uc(?P<replaced>[0-9]{1,3}) ?"
    r"|\\bin(?P<binary>[0-9]{1,9}) ?"
    rf"|\\(?P<sign>{'|'.join(_SIGNS)})(?![A-Za-z]) ?"
    r"|\\(?P<symbol>[\\{}~_\r\n\t])"
    # All else is no text: groups, line ends, and words for the looks. A group in the middle costs nothing.
    rf"|(?:[{{}}\r\n\0]|\\(?!u-?[0-9]|uc[0-9]|bin[0-9]|(?:{'|'.join(_SIGNS)})(?![A-Za-z]))[A-Za-z]{{1,32}}"
    r"(?:-?[0-9]{1,10})? ?|\\[^A-Za-z\\{}~_\r\n\t'])+"
)
_MOST_TOKENS: Final = 200_000
"""So many are read, in half a second: Word writes as many in 3 MB. What is behind is taken as it stands."""
_AS_OCTET: Final = 4
"""Characters of `\\'74`."""
_MOST_REPLACED: Final = 4
"""Octets that an old charset has for a character at most: nobody says more of them by `\\uc`."""
_BRACES: Final = re.compile("[{}]")
_WORDS: Final = ("unit", "replaced", "binary", "sign")


class _Readable:
    """The text that a reader sees of RTF, and the way back."""

    def __init__(self, source: str) -> None:
        """Read it."""
        self._pieces: list[str] = []
        self._begins: list[int] = []
        self._spans: list[tuple[int, int]] = []
        self._length = 0
        self.is_doubtful = False
        """Whether there is more than was read, or what programs read differently."""
        end = self._read(source)
        if end < len(source):
            self.is_doubtful = True
            self._add(source[end:], end, len(source))
        self.text = "".join(self._pieces)

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        """Return where a span of `text`, which is not empty, lies in the source."""
        return self._source(start)[0], self._source(end - 1)[1]

    def _source(self, offset: int) -> tuple[int, int]:
        at = bisect_right(self._begins, offset) - 1
        start, end = self._spans[at]
        length = len(self._pieces[at])
        width = (end - start) // length if length > 1 else end - start
        start += (offset - self._begins[at]) * width
        return start, start + width

    def _read(self, source: str) -> int:
        """Read the tokens, and return where those end that were read."""
        replaced, left_out, position = _Replaced(), 0, 0
        for _ in range(_MOST_TOKENS):
            token = _TOKEN.search(source, position)
            if token is None:
                return len(source)
            kind = token.lastgroup
            start, position = token.span()
            if left_out and kind in _WORDS:
                # Some count a control word for one of the characters that are left out.
                self.is_doubtful = True
            if kind == "binary":
                # Whoever does not know the word shows what it hides.
                self.is_doubtful = True
                position += int(token[kind])
            elif kind == "replaced":
                replaced.begin(int(token[kind]))
            elif kind == "unit":
                unit = int(token[kind]) % 0x10000
                self._add("\ufffd" if 0xD800 <= unit < 0xE000 else chr(unit), start, position)
                left_out = replaced.octets
                self.is_doubtful |= left_out > _MOST_REPLACED
            elif kind is None:
                braces = _BRACES.search(token[0])
                if left_out:
                    before = token[0] if braces is None else token[0][: braces.start()]
                    self.is_doubtful |= bool(before.strip("\r\n\0"))
                if braces is not None:
                    left_out = 0
                    replaced.pass_braces(_BRACES.findall(token[0]))
            else:
                text, width = _meaning(kind, token[kind])
                # Behind a character of Unicode stands what old readers show instead of it.
                skipped = min(left_out, len(text))
                left_out -= skipped
                if len(text) > skipped:
                    self._add(text[skipped:], start + skipped * width, position)
        return position

    def _add(self, text: str, start: int, end: int) -> None:
        self._pieces.append(text)
        self._begins.append(self._length)
        self._spans.append((start, end))
        self._length += len(text)


class _Replaced:
    """How many octets stand behind a character of Unicode; a group may say so for itself."""

    def __init__(self) -> None:
        """Begin as a document does."""
        self.octets = 1
        self._depth = 0
        self._outer: list[tuple[int, int]] = []

    def begin(self, octets: int) -> None:
        """Say so for what follows in this group."""
        if not self._outer or self._outer[-1][0] < self._depth:
            self._outer.append((self._depth, self.octets))
        self.octets = octets

    def pass_braces(self, braces: list[str]) -> None:
        """Go into groups, and out of them."""
        for brace in braces:
            self._depth += 1 if brace == "{" else -1
            while self._outer and self._outer[-1][0] > self._depth:
                self.octets = self._outer.pop()[1]


def _meaning(kind: str, token: str) -> tuple[str, int]:
    """Return the text that a token stands for, and how many characters stand for one of it."""
    if kind == "plain":
        return token, 1
    if kind == "octets":
        return bytes.fromhex(token.replace("\\'", "")).decode("cp1252", "replace"), _AS_OCTET
    return (_SIGNS[token] if kind == "sign" else _SYMBOLS.get(token, token)), 0


def may_hold_links(text: str) -> bool:
    """Whether a document in RTF has addresses, or is one of which that cannot be told."""
    view = _Readable(text)
    return view.is_doubtful or bool(find_text_links(view.text))


def rich_text_links(text: str) -> list[FoundLink]:
    """Return the addresses in a document in RTF, in order: those of its links, and those in its words.

    Where programs read it differently, those that stand there as they are, too.
    """
    view = _Readable(text)
    links = find_text_links(view.text)
    for link in links:
        link.start, link.end = view.source_span(link.start, link.end)
    if view.is_doubtful:
        seen = {link.start for link in links}
        links += [link for link in find_text_links(text) if link.start not in seen]
        links.sort(key=attrgetter("start"))
    return links
