"""quoted_printable: decode with a way back, patch within the encoder's own lines, encode (RFC 2045 §6.7)."""

import binascii
import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from backstamp.mail.patches import Patch

MAX_LINE: Final = 76
"""Longest encoded line, its soft break's `=` included."""
_ESCAPE: Final = re.compile(rb"=([0-9A-Fa-f]{2})")
_TO_ESCAPE: Final = re.compile(rb"[^\t -<>-~]")
_DOUBTFUL: Final = (
    re.compile(rb"=(?![0-9A-Fa-f][0-9A-Fa-f]|\r?\n)"),
    re.compile(rb"\n(?:(?<=[ \t]\n)|(?<=[ \t]\r\n))"),
)
"""A `=` that begins neither an escape nor a soft break, and white space before a line end. Both patterns
begin with a literal, which the `re` module looks for quickly."""


class QuotedPrintablePayload:
    """A quoted-printable body; the map back to its octets is made only for the lines that are patched."""

    def __init__(self, raw: bytes, start: int, end: int) -> None:
        self._raw = raw
        body = raw[start:end]
        self._lines = body.splitlines(keepends=True)
        self._end = end
        self._start = start
        self._plain = _is_plain(body, self._lines)
        if self._plain:
            self.data = binascii.a2b_qp(body)
            decoded: Iterator[bytes] = map(binascii.a2b_qp, self._lines)
        else:
            pieces = [_decode_line(line) for line in self._lines]
            self.data = b"".join(pieces)
            decoded = iter(pieces)
        self._located: dict[tuple[int, int], tuple[int, int, int, int]] = {}
        self._decoded_starts: list[int] | None = None
        self._raw_starts: list[int] = []
        self._decoded = decoded

    def writer(self, spans: list[tuple[int, int]]) -> "QuotedPrintableWriter":
        """Return a writer for these spans of decoded bytes."""
        slots = []
        previous_line = -1
        for start, end in spans:
            raw_start, line, raw_end, end_line = self._span(start, end)
            continues = line == previous_line
            line_end = self._line_end(end_line)
            column = raw_start - self._line_start(line)
            slots.append((raw_start, raw_end, column, line_end, continues))
            previous_line = end_line
        return QuotedPrintableWriter(slots, self._newline())

    def raw_spans(self, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return where these spans of decoded bytes stand in the raw message."""
        located = [self._span(start, end) for start, end in spans]
        return [(raw_start, raw_end) for raw_start, _, raw_end, _ in located]

    def _span(self, start: int, end: int) -> tuple[int, int, int, int]:
        found = self._located.get((start, end))
        if found is None:
            raw_start, line = self._locate(start)
            raw_end, end_line = self._locate(end - 1, after=True) if end > start else (raw_start, line)
            if end_line < len(self._lines) and raw_end == self._raw_starts[end_line + 1]:
                # The span ends with its line's end, so what follows begins a line.
                end_line += 1
            found = self._located[start, end] = (raw_start, line, raw_end, end_line)
        return found

    def _starts(self) -> list[int]:
        if self._decoded_starts is None:
            self._decoded_starts = list(accumulate(map(len, self._decoded), initial=0))
            self._raw_starts = list(accumulate(map(len, self._lines), initial=self._start))
        return self._decoded_starts

    def _line_start(self, line: int) -> int:
        return self._raw_starts[line] if line < len(self._raw_starts) else self._end

    def _line_end(self, line: int) -> int:
        if line >= len(self._lines):
            return self._end
        return self._raw_starts[line] + len(self._lines[line].rstrip(b"\r\n"))

    def _newline(self) -> bytes:
        for line in self._lines:
            ending = line[len(line.rstrip(b"\r\n")) :]
            if ending:
                return ending
        before = self._raw[max(0, self._start - 2) : self._start]
        return b"\r\n" if before == b"\r\n" else before[-1:] if before[-1:] in (b"\n", b"\r") else b"\r\n"

    def _locate(self, offset: int, *, after: bool = False) -> tuple[int, int]:
        """Return the raw offset of (or just after) a decoded byte, and its line's number."""
        starts = self._starts()
        line = bisect_right(starts, offset) - 1
        if line >= len(self._lines):
            # Behind the last byte: before a soft break that ends the body, else at its end.
            if not self._lines:
                return self._start, 0
            last = len(self._lines) - 1
            ending = self._lines[last]
            if ending.rstrip(b" \t\r\n").endswith(b"=") and offset == starts[-1]:
                return self._raw_starts[last] + len(ending.rstrip(b" \t\r\n")) - 1, last
            if ending.endswith((b"\n", b"\r")):
                return self._end, len(self._lines)
            return self._end, last
        text = self._lines[line]
        within = offset - starts[line]
        if self._plain:
            return self._raw_starts[line] + _plain_offset(text, within, after), line
        content = text.rstrip(b"\r\n")
        position = decoded = 0
        meaningful = len(content.rstrip(b" \t"))
        for match in _ESCAPE.finditer(content, 0, meaningful):
            here = decoded + match.start() - position
            if within < here:
                break
            if within == here:
                return self._raw_starts[line] + (match.end() if after else match.start()), line
            decoded = here + 1
            position = match.end()
        raw_offset = position + within - decoded
        if raw_offset >= meaningful:
            # The byte belongs to the line end: trailing white space before it was dropped.
            raw_offset += len(content) - meaningful
        return self._raw_starts[line] + raw_offset + (1 if after else 0), line


class QuotedPrintableWriter:
    """Writes ASCII replacements, breaking softly so that no line that we touch passes 76 octets."""

    def __init__(self, slots: list[tuple[int, int, int, int, bool]], newline: bytes) -> None:
        self._slots = slots
        self._newline = newline

    def write(self, replacements: list[bytes]) -> list[Patch]:
        """Return the patches; always possible."""
        patches: list[Patch] = []
        slots = self._slots
        column = 0
        previous_end = 0
        for index, (start, end, line_column, line_end, continues) in enumerate(slots):
            column = column + start - previous_end if continues else line_column
            following = line_end - end
            if index + 1 < len(slots) and slots[index + 1][4]:
                # Leave room for the soft break that the next patch of this line may begin with.
                following = slots[index + 1][0] - end + 1
            replacement, column = _fold(replacements[index], column, following, self._newline)
            patches.append(Patch(start, end, replacement))
            previous_end = end
        return patches


def encode_quoted_printable(data: bytes, newline: bytes) -> bytes:
    """Return `data` as quoted-printable; `newline` is its line end, other CR and LF are escaped."""
    return newline.join(_encode_line(line, newline) for line in data.split(newline))


def _encode_line(line: bytes, newline: bytes) -> bytes:
    escaped = _TO_ESCAPE.sub(lambda match: b"=%02X" % match[0][0], line)
    if escaped.endswith((b" ", b"\t")):
        escaped = escaped[:-1] + b"=%02X" % escaped[-1]
    return _break_softly(escaped, 0, 0, newline)[0]


def _fold(text: bytes, column: int, following: int, newline: bytes) -> tuple[bytes, int]:
    return _break_softly(
        _TO_ESCAPE.sub(lambda match: b"=%02X" % match[0][0], text), column, following, newline
    )


def _break_softly(encoded: bytes, column: int, following: int, newline: bytes) -> tuple[bytes, int]:
    """Return encoded text with soft breaks, and the column after it.

    It begins at `column`; `following` octets come after it on its last line.
    """
    if column + len(encoded) + following <= MAX_LINE:
        return encoded, column + len(encoded)
    pieces: list[bytes] = []
    position = 0
    while len(encoded) - position + column > (MAX_LINE - 1 if following else MAX_LINE):
        take = max(0, MAX_LINE - 1 - column)
        cut = position + take
        # An escape must not be torn apart.
        if encoded[cut - 1 : cut] == b"=" and take >= 1:
            cut -= 1
        elif encoded[cut - 2 : cut - 1] == b"=" and take >= 2:
            cut -= 2
        pieces.append(encoded[position:cut])
        position = cut
        column = 0
    pieces.append(encoded[position:])
    column += len(encoded) - position
    if following and column + following > MAX_LINE:
        pieces.append(b"")
        column = 0
    return (b"=" + newline).join(pieces), column


def _is_plain(body: bytes, lines: list[bytes]) -> bool:
    """Whether all readings of this body agree, so that the library's decoder may be used."""
    # A CR without LF ends a line too, and so makes one line more than there are LFs.
    if body.endswith((b" ", b"\t", b"\r")) or body.count(b"\n") + (not body.endswith(b"\n")) != len(lines):
        return False
    return not any(pattern.search(body) for pattern in _DOUBTFUL)


def _plain_offset(text: bytes, within: int, after: bool) -> int:
    """Return where in a line, each `=` of which begins an escape, decoded byte number `within` stands.

    An escape is two octets longer than its byte, so the offset is the least that equals `within` and
    twice the escapes before it.
    """
    offset = within
    while (farther := within + 2 * text.count(b"=", 0, offset)) != offset:
        offset = farther
    if after:
        offset += 3 if text.startswith(b"=", offset) else 1
    return offset


def _decode_line(line: bytes) -> bytes:
    content = line.rstrip(b"\r\n")
    ending = line[len(content) :]
    text = content.rstrip(b" \t")
    if text.endswith(b"="):
        text, ending = text[:-1], b""
    return _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), text) + ending
