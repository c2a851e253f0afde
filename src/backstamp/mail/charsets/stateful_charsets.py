"""stateful_charsets: texts whose bytes mean ASCII or something else by the shifts before them.

ISO-2022-JP (RFC 1468, 1554, 2237), -KR (RFC 1557), -CN (RFC 1922) and HZ (RFC 1843). What stands in ASCII
state is ASCII and may be patched; what is shifted is shown and never touched. Anything that readers may
take differently (an unknown escape, half a character, a line that ends shifted) is no such text.
"""

import re
from bisect import bisect_right
from operator import attrgetter
from typing import Final

import msgspec

from backstamp.mail.charsets.shifted_sets import (
    ASCII,
    CHINESE,
    KATAKANA,
    LOCKING,
    ROMAN,
    SHIFT_OUT,
    SINGLE_SHIFT,
    CharacterSet,
    ShiftFamily,
    characters,
)

BLANK: Final = "\u3000"
"""Stands in a plain text for a shifted character: where one follows, an address in ASCII ends."""


_SHIFT: Final = re.compile(rb"\x1b(\([BJI]|\$[@AB]|\$\([@A-Z]|\$[)*+][A-Z]|\.[AF]|[NO])|\x0e|\x0f")
_HZ_SHIFT: Final = re.compile(rb"~(?:\{((?:[\x21-\x77][\x21-\x7e])*)~\}|([~\n]))")
_UNSHIFTED: Final = re.compile(rb"[\x00-\x0d\x10-\x1a\x1c-\x7f]*")
_PAIRS: Final = re.compile(rb"(?:[\x21-\x7e]{2})*")
_HALF_WIDTH: Final = re.compile(rb"[\x21-\x5f]*")
_JIS_ROMAN: Final = {0x5C: "\N{YEN SIGN}", 0x7E: "\N{OVERLINE}"}

_AUTOMATIC: Final = re.compile(rb"\x1b(?:\([BJI]|\$[@AB]|\$\([@A-Z]|\$[)*+][A-Z])")


class _Run(msgspec.Struct, frozen=True):
    """Characters from `character` on, of `width` octets each from `octet` on; `ascii` ones may be patched."""

    character: int
    octet: int
    width: int
    ascii: bool


class ShiftedText:
    """A text read by its shifts: the characters, and where their bytes are."""

    def __init__(self, size: int, *, blank: bool, faults_shown: bool) -> None:
        self._pieces: list[str] = []
        self._runs: list[_Run] = []
        self._length = 0
        self._blank = blank
        self._faults_shown = faults_shown
        self._shifts = 0
        self._after_ascii = True
        self._end = 0
        self._size = size

    @property
    def text(self) -> str:
        """The characters."""
        return "".join(self._pieces)

    def byte_offsets(self, offsets: list[int]) -> list[int]:
        """Return the byte offset of each character offset; `offsets` ascend.

        Before an ASCII character that is after the shifts to it, before a shifted one it is before them: a
        span from one ASCII character to another never begins or ends in a shifted state.
        """
        return [self._byte_offset(offset) for offset in offsets]

    def _byte_offset(self, offset: int) -> int:
        if offset >= self._length:
            # Behind shifts with nothing between them a reader sees a fault, and in doubt what follows.
            return self._end if self._after_ascii and self._shifts > 1 else self._size
        at = bisect_right(self._runs, offset, key=attrgetter("character")) - 1
        run = self._runs[at]
        if offset > run.character or run.ascii:
            return run.octet + (offset - run.character) * run.width
        if not at:
            return 0
        before = self._runs[at - 1]
        return before.octet + (run.character - before.character) * before.width

    def shift(self) -> None:
        """Note that a shift stands here."""
        self._shifts += 1

    def add(self, text: str, octet: int, width: int, *, is_ascii: bool) -> bool:
        """Add characters; False where readers may not agree what stands before them.

        A shift with nothing after it is a fault that the standard's decoder shows as U+FFFD: between two
        ASCII characters that makes `<` and `a` a tag to one reader and none to the other.
        """
        if not text:
            return True
        faults = max(0, self._shifts - 1)
        if faults and self._after_ascii and is_ascii:
            return False
        if faults and self._faults_shown:
            self._append("\ufffd" * faults, self._end, 0, is_ascii=False)
        self._shifts = 0
        self._after_ascii = is_ascii
        self._append(text, octet, width, is_ascii=is_ascii)
        self._end = octet + len(text) * width
        return True

    def _append(self, text: str, octet: int, width: int, *, is_ascii: bool) -> None:
        self._runs.append(_Run(self._length, octet, width, is_ascii))
        self._pieces.append(text if is_ascii or not self._blank else BLANK * len(text))
        self._length += len(text)


def has_shifts(data: bytes, family: ShiftFamily) -> bool:
    """Whether `data` holds what may be a shift; without any it is ASCII."""
    if family is ShiftFamily.HZ:
        return b"~" in data
    return b"\x1b" in data or b"\x0e" in data or b"\x0f" in data


def looks_shifted(data: bytes) -> bool:
    """Whether a reader that guesses may take `data`, whatever it is declared as, for ISO-2022."""
    return b"\x1b" in data and _AUTOMATIC.search(data) is not None


def read_shifted(data: bytes, family: ShiftFamily, *, blank: bool = False) -> ShiftedText | None:
    """Return the text, or None where readers may not agree on it.

    With `blank` each shifted character is an ideographic space.
    """
    result = ShiftedText(len(data), blank=blank, faults_shown=family is ShiftFamily.JAPANESE)
    whole = _read_hz(data, result) if family is ShiftFamily.HZ else _Iso2022(data, family, result).read()
    return result if whole else None


class _Iso2022:
    def __init__(self, data: bytes, family: ShiftFamily, result: ShiftedText) -> None:
        self._data = data
        self._result = result
        self._locking = LOCKING[family]
        self._shift_out = SHIFT_OUT[family]
        self._single_shift = SINGLE_SHIFT[family]
        self._current = ASCII
        self._after_shift_out: CharacterSet | None = None
        self._singles: dict[bytes, CharacterSet] = {}

    def read(self) -> bool:
        """Read everything; False where readers may not agree."""
        position = 0
        for match in _SHIFT.finditer(self._data):
            if not self._body(position, match.start()):
                return False
            position = self._switch(match)
            if position < 0:
                return False
        return self._body(position, len(self._data)) and not self._current.octets

    def _switch(self, match: re.Match[bytes]) -> int:
        """Obey a shift; return where the next characters begin, -1 where there is no such shift."""
        self._result.shift()
        escape: bytes | None = match[1]
        if escape is None:
            return match.end() if self._lock(match[0] == b"\x0e") else -1
        if escape in self._locking:
            self._current = self._locking[escape]
        elif escape in self._shift_out:
            self._after_shift_out = self._shift_out[escape]
        elif escape in self._single_shift:
            mark, charset = self._single_shift[escape]
            self._singles[mark] = charset
        elif escape in self._singles:
            charset = self._singles[escape]
            end = match.end() + charset.octets
            octets = self._data[match.end() : end]
            if len(octets) != charset.octets or not all(0x21 <= octet < 0x7F for octet in octets):
                return -1
            width = end - match.start()
            self._result.add("\ufffd", match.start(), width, is_ascii=False)
            return end
        else:
            return -1
        return match.end()

    def _lock(self, out: bool) -> bool:
        if out:
            if self._after_shift_out is None:
                return False
            self._current = self._after_shift_out
        elif not self._shift_out:
            return False
        else:
            self._current = ASCII
        return True

    def _body(self, start: int, end: int) -> bool:
        if start == end:
            return True
        data, current = self._data, self._current
        if not current.octets:
            if not _UNSHIFTED.fullmatch(data, start, end):
                return False
            if data.find(b"\n", start, end) >= 0 or data.find(b"\r", start, end) >= 0:
                self._end_of_line()
            text = data[start:end].decode("ascii")
            if current is ROMAN:
                text = text.translate(_JIS_ROMAN)
            return self._result.add(text, start, 1, is_ascii=True)
        pattern = _HALF_WIDTH if current is KATAKANA else _PAIRS
        if not pattern.fullmatch(data, start, end):
            return False
        text = characters(data[start:end], current)
        return self._result.add(text, start, current.octets, is_ascii=False)

    def _end_of_line(self) -> None:
        """What was designated for single shifts (RFC 1554), and in Chinese for SO (RFC 1922), ends here."""
        self._singles = {}
        if len(self._shift_out) > 1:
            self._after_shift_out = None


def _read_hz(data: bytes, result: ShiftedText) -> bool:
    position = 0
    for match in _HZ_SHIFT.finditer(data):
        if not _add_ascii(data, position, match.start(), result):
            return False
        position = match.end()
        pairs, escaped = match[1], match[2]
        if escaped == b"~":
            if not result.add("~", match.start(), 2, is_ascii=True):
                return False
            continue
        result.shift()
        if escaped is None:
            result.add(characters(pairs, CHINESE), match.start() + 2, 2, is_ascii=False)
            result.shift()
    return _add_ascii(data, position, len(data), result)


def _add_ascii(data: bytes, start: int, end: int, result: ShiftedText) -> bool:
    if not _UNSHIFTED.fullmatch(data, start, end) or data.find(b"~", start, end) >= 0:
        return False
    return result.add(data[start:end].decode("ascii"), start, 1, is_ascii=True)
