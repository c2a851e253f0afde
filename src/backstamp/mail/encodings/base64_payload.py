"""base64_payload: decode base64 bodies; a patch re-flows the body from its own line on (RFC 2045 §6.8)."""

import binascii
from typing import Final

from backstamp.mail.encodings.base64_places import BLANK, Base64Places
from backstamp.mail.patches import Patch

MAX_LINE: Final = 76
_LONGEST_KEPT: Final = 998
"""RFC 5322 §2.1.1. Lines longer than 76 are against RFC 2045 and read everywhere, so they are kept."""
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LINES_LOOKED_AT: Final = 40
_LINES_AT_ONCE: Final = 1000
"""Lines that are written together: as objects they weigh more than their text."""
_NO_TEXT: Final = BLANK + b"="
_AT_ONCE: Final = 128 * 1024
"""Octets that are decoded together."""
_MANY: Final = 128 * 1024
"""Octets that are rather decoded twice than kept beside the text and its tree."""

_LINE_ENDS: Final = (b"\r\n", b"\n", b"\r")


class UndecodableError(ValueError):
    """Mail programs would read these octets differently from each other."""


class Base64Payload:
    """A base64 body. Raises `UndecodableError` for stray characters, inner padding, or a torn end."""

    in_doubt = False

    def __init__(self, raw: bytes, start: int, end: int) -> None:
        self._raw = raw
        self._start = start
        self._end = end
        stop = _end_of_text(raw, start, end)
        self._stop = stop
        self._data: bytes | None = _decoded(raw, start, stop)
        self._count = -(-len(self._data) * 4 // 3) + len(raw[stop:end].translate(None, BLANK))
        self._known_places: Base64Places | None = None

    @property
    def data(self) -> bytes:
        """The decoded bytes; where they were forgotten, decoded once more."""
        return _decoded(self._raw, self._start, self._stop) if self._data is None else self._data

    def forget_data(self) -> None:
        """Let the decoded bytes go where they are many: a patch encodes all bytes behind it anew."""
        if self._end - self._start > _MANY:
            self._data = None

    @property
    def _places(self) -> Base64Places:
        if self._known_places is None:
            self._known_places = Base64Places(self._raw, self._start, self._end, self._count)
        return self._known_places

    def writer(self, spans: list[tuple[int, int]]) -> "Base64Writer":
        """Return a writer for these spans of decoded bytes."""
        places = self._places
        first = spans[0][0] // 3 * 4 if spans else 0
        # What is put in at the very end belongs to the last group of four, which may end with padding.
        first = min(first, max(self._count - 1, 0) // 4 * 4)
        cut, column = self._line_start(first)
        decoded_cut = cut // 4 * 3
        return Base64Writer(
            places.offset(cut),
            places.end,
            self.data[decoded_cut:],
            [(start - decoded_cut, end - decoded_cut) for start, end in spans],
            self._width(places.offset(first)),
            column,
            self._newline(),
        )

    def raw_spans(self, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return the spans of the groups of four characters that hold these decoded bytes."""
        return [self._raw_span(start, end) for start, end in spans]

    def _raw_span(self, start: int, end: int) -> tuple[int, int]:
        places = self._places
        first = places.offset(start // 3 * 4)
        if start == end:
            return first, first
        return first, places.offset(min(-(-end // 3) * 4, self._count) - 1) + 1

    def _line_start(self, character: int) -> tuple[int, int]:
        """Return the last line start at or before `character` that is also the start of a group of four.

        Where none is near, `character` itself, and how many characters of its line come before it.
        """
        places = self._places
        if places.regular:
            line = character // max(places.width, 1)
            while line * places.width % 4:
                line -= 1
            return line * places.width, 0
        raw, start = self._raw, self._start
        here = places.offset(character)
        before = character
        column = 0
        for number in range(_LINES_LOOKED_AT):
            line_end = max(raw.rfind(b"\n", start, here), raw.rfind(b"\r", start, here), start - 1)
            before -= len(raw[line_end + 1 : here].translate(None, BLANK))
            column = column if number else character - before
            if before % 4 == 0:
                return before, 0
            here = line_end
        return character, column

    def _width(self, at: int) -> int:
        """Return how long the lines about `at` are, which those written there shall be, too."""
        places = self._places
        if places.regular:
            width = MAX_LINE if places.one_line else places.width
        else:
            begin = max(self._start, at - _LINES_LOOKED_AT * MAX_LINE)
            near = self._raw[begin : min(at + 4 * MAX_LINE, self._end)]
            width = max((len(line.translate(None, BLANK)) for line in near.splitlines()), default=MAX_LINE)
        return width if 4 <= width <= _LONGEST_KEPT else MAX_LINE

    def _newline(self) -> bytes:
        """Return the line end of what is written: that of the first line, else that of the header.

        A CR ends none where others end in LF: all that is written would be one line (RFC 5322 §2.1.1).
        """
        newline = self._places.newline
        raw, start = self._raw, self._start
        line_feed = raw.find(b"\n", start, self._end)
        if newline == b"\r" and line_feed >= 0:
            return b"\r\n" if line_feed > start and raw[line_feed - 1] == 0x0D else b"\n"
        before = raw[max(0, start - 2) : start]
        if newline not in _LINE_ENDS or (newline == b"\r" and before.endswith(b"\n")):
            return b"\r\n" if before == b"\r\n" else b"\n"
        return newline


def _end_of_text(raw: bytes, start: int, end: int) -> int:
    """Return where a body ends without its padding and blanks."""
    while end > start:
        begin = max(start, end - _AT_ONCE)
        tail = raw[begin:end].rstrip(_NO_TEXT)
        if tail:
            return begin + len(tail)
        end = begin
    return start


def _decoded(raw: bytes, start: int, stop: int) -> bytes:
    """Decode a text without padding. Raises `UndecodableError`.

    All of it without its line ends would be much memory beside it.
    """
    pieces: list[bytes] = []
    rest = b""
    for begin in range(start, stop, _AT_ONCE):
        characters = rest + raw[begin : min(begin + _AT_ONCE, stop)].translate(None, BLANK)
        if characters.translate(None, _ALPHABET):
            raise UndecodableError("characters outside the base64 alphabet, or padding inside the text")
        whole = len(characters) // 4 * 4
        rest = characters[whole:]
        pieces.append(binascii.a2b_base64(characters[:whole] if rest else characters))
    if len(rest) == 1:
        raise UndecodableError("the base64 text ends inside a byte")
    pieces.append(binascii.a2b_base64(rest + b"=" * (-len(rest) % 4)))
    return b"".join(pieces)


class Base64Writer:
    """Writes replacements by encoding anew from the line of the first patch to the end."""

    def __init__(
        self,
        start: int,
        end: int,
        tail: bytes,
        spans: list[tuple[int, int]],
        width: int,
        column: int,
        newline: bytes,
    ) -> None:
        self._start = start
        self._end = end
        self._tail = tail
        self._spans = spans
        self._width = width
        self._column = column
        self._newline = newline

    def write(self, replacements: list[bytes]) -> list[Patch]:
        """Return the one patch that holds all replacements."""
        # A big text is all of it in each of these, and in pieces it would be once more.
        together = bytearray()
        position = 0
        for (start, end), replacement in zip(self._spans, replacements, strict=True):
            together += self._tail[position:start]
            together += replacement
            position = end
        together += self._tail[position:]
        width, newline = self._width, self._newline
        size = -(-len(together) // 3) * 4
        first = min(max(width - self._column, 0), size) if self._column else 0
        lines = [_encoded(together, 0, first)] if self._column else []
        for start in range(first, size, width * _LINES_AT_ONCE):
            block = _encoded(together, start, min(start + width * _LINES_AT_ONCE, size))
            lines.append(newline.join([block[at : at + width] for at in range(0, len(block), width)]))
        del together
        return [Patch(self._start, self._end, newline.join(lines))]


def _encoded(data: bytearray, start: int, end: int) -> bytes:
    """Return the characters from `start` to `end` of what stands for these bytes.

    All of them would be half as much again beside the lines that are made of them.
    """
    before = start // 4 * 4
    groups = memoryview(data)[before // 4 * 3 : -(-end // 4) * 3]
    return binascii.b2a_base64(groups, newline=False)[start - before : end - before]
