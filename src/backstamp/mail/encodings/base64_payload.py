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
"""Lines that are joined together: as objects they weigh more than their text."""
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
        characters = self._body.translate(None, BLANK)
        unpadded = characters.rstrip(b"=")
        if unpadded.translate(None, _ALPHABET):
            raise UndecodableError("characters outside the base64 alphabet, or padding inside the text")
        if len(unpadded) % 4 == 1:
            raise UndecodableError("the base64 text ends inside a byte")
        self._data: bytes | None = _decoded(unpadded)
        self._count = len(characters)
        self._known_places: Base64Places | None = None

    @property
    def data(self) -> bytes:
        """The decoded bytes; where they were forgotten, decoded once more."""
        return _decoded(self._body.translate(None, BLANK).rstrip(b"=")) if self._data is None else self._data

    def forget_data(self) -> None:
        """Let the decoded bytes go where they are many: a patch encodes all bytes behind it anew."""
        if self._end - self._start > _MANY:
            self._data = None

    @property
    def _body(self) -> bytes:
        return self._raw[self._start : self._end]

    @property
    def _places(self) -> Base64Places:
        if self._known_places is None:
            self._known_places = Base64Places(self._body, self._count)
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
            self._start + places.offset(cut),
            self._start + places.end,
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
        places, base = self._places, self._start
        first = base + places.offset(start // 3 * 4)
        if start == end:
            return first, first
        return first, base + places.offset(min(-(-end // 3) * 4, self._count) - 1) + 1

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
        body = self._body
        here = places.offset(character)
        before = character
        column = 0
        for number in range(_LINES_LOOKED_AT):
            line_end = max(body.rfind(b"\n", 0, here), body.rfind(b"\r", 0, here))
            before -= len(body[line_end + 1 : here].translate(None, BLANK))
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
            near = self._body[max(0, at - _LINES_LOOKED_AT * MAX_LINE) : at + 4 * MAX_LINE]
            width = max((len(line.translate(None, BLANK)) for line in near.splitlines()), default=MAX_LINE)
        return width if 4 <= width <= _LONGEST_KEPT else MAX_LINE

    def _newline(self) -> bytes:
        """Return the line end of what is written: that of the first line, else that of the header.

        A CR ends none where others end in LF: all that is written would be one line (RFC 5322 §2.1.1).
        """
        newline = self._places.newline
        line_feed = self._body.find(b"\n")
        if newline == b"\r" and line_feed >= 0:
            return b"\r\n" if self._body.startswith(b"\r", line_feed - 1) else b"\n"
        before = self._raw[max(0, self._start - 2) : self._start]
        if newline not in _LINE_ENDS or (newline == b"\r" and before.endswith(b"\n")):
            return b"\r\n" if before == b"\r\n" else b"\n"
        return newline


def _decoded(unpadded: bytes) -> bytes:
    missing = -len(unpadded) % 4
    return binascii.a2b_base64(unpadded + b"=" * missing if missing else unpadded)


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
        pieces: list[bytes] = []
        position = 0
        for (start, end), replacement in zip(self._spans, replacements, strict=True):
            pieces += (self._tail[position:start], replacement)
            position = end
        pieces.append(self._tail[position:])
        together = b"".join(pieces)
        # A big text is all of it in each of these.
        del pieces
        encoded = binascii.b2a_base64(together, newline=False)
        del together
        width, newline = self._width, self._newline
        first = max(width - self._column, 0) if self._column else 0
        lines = [encoded[:first]] if self._column else []
        for block in range(first, len(encoded), width * _LINES_AT_ONCE):
            stop = min(block + width * _LINES_AT_ONCE, len(encoded))
            lines.append(newline.join([encoded[at : at + width] for at in range(block, stop, width)]))
        return [Patch(self._start, self._end, newline.join(lines))]
