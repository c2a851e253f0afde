"""quoted_printable: decode with a way back, patch within the encoder's own lines, encode (RFC 2045 §6.7)."""

import binascii
import re
from array import array
from bisect import bisect_right
from itertools import accumulate
from typing import Final

from backstamp.mail.patches import Patch

MAX_LINE: Final = 76
"""Longest encoded line, its soft break's `=` included."""
_ESCAPE: Final = re.compile(rb"=([0-9A-Fa-f]{2})")
_TO_ESCAPE: Final = re.compile(rb"[^\t -<>-~]")
_BLANK_AT_LINE_END: Final = re.compile(rb"\n(?:(?<=[ \t]\n)|(?<=[ \t]\r\n))")
"""White space before a line end, which some programs drop. It begins with a literal, which the `re` module
looks for quickly."""
_NOT_ESCAPED: Final = bytes(each for each in range(0x20, 0x7F) if each != 0x3D) + b"\t"


_Located = tuple[int, int, int, int]
_Slot = tuple[int, int, int, int, bytes]


class QuotedPrintablePayload:
    """A quoted-printable body, and the way back from its decoded bytes to its octets."""

    def __init__(self, raw: bytes, start: int, end: int) -> None:
        self._raw = raw
        self._start = start
        self._end = end
        body = raw[start:end]
        lines = body.splitlines(keepends=True)
        # Line by line, because the map back needs to know how long each is: 24 µs for 15 KB, at once 11. The
        # lines themselves are not kept: as objects they weigh four times their text.
        decoded = list(map(binascii.a2b_qp, lines))
        self.data = b"".join(decoded)
        self._plain = _is_plain(body, lines, self.data)
        if not self._plain:
            decoded = list(map(_decode_line, lines))
            self.data = b"".join(decoded)
        self._count = len(lines)
        self._raw_starts = array("q", accumulate(map(len, lines), initial=start))
        self._decoded_starts = array("q", accumulate(map(len, decoded), initial=0))
        self._located: dict[tuple[int, int], _Located] = {}
        # The line, its decoded byte and the place that were sought last; the ends of an odd line.
        self._last = (-1, 0, 0)
        self._ends = (-1, 0, 0)

    def writer(self, spans: list[tuple[int, int]]) -> "QuotedPrintableWriter":
        """Return a writer for these spans of decoded bytes."""
        located = self._locate_all(spans)
        slots: list[_Slot] = []
        following_start = following_line = -1
        for raw_start, line, raw_end, end_line in reversed(located):
            if following_line == end_line:
                # Leave room for the soft break that the next patch of this line may begin with.
                after = following_start - raw_end + 1
            else:
                after = self._line_end(end_line) - raw_end
            column = raw_start - self._raw_starts[line]
            carried = b""
            # No room is left for the `=` of a soft break, or a blank could come to stand at the line's end:
            # the last character is written anew.
            if column >= MAX_LINE or (not after and column and self._raw[raw_start - 1] in b" \t"):
                carried = self._raw[raw_start - min(3, column) : raw_start]
                carried = carried if carried.startswith(b"=") else carried[-1:]
            slots.append((raw_start, raw_end, column, after, carried))
            following_start, following_line = raw_start, line
        slots.reverse()
        # What comes after another patch on its line begins where that one's text ends.
        continued = [index > 0 and located[index - 1][3] == each[1] for index, each in enumerate(located)]
        return QuotedPrintableWriter(slots, continued, self._newline())

    def raw_spans(self, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return where these spans of decoded bytes stand in the raw message."""
        return [(raw_start, raw_end) for raw_start, _, raw_end, _ in self._locate_all(spans)]

    def _locate_all(self, spans: list[tuple[int, int]]) -> list[_Located]:
        found: list[_Located] = []
        known = self._located
        for span in spans:
            located = known.get(span)
            if located is None:
                located = known[span] = self._locate_span(*span)
            found.append(located)
        return found

    def _locate_span(self, start: int, end: int) -> _Located:
        """Return raw start and line, raw end and its line, of a span of decoded bytes."""
        starts, raw_starts = self._decoded_starts, self._raw_starts
        line = bisect_right(starts, start) - 1
        if self._plain and start < end and line < self._count and end <= starts[line + 1]:
            # Most spans lie in one line, whose escapes all are what they seem.
            first = starts[line]
            raw_start = self._plain_place(line, start - first)
            raw_end = self._plain_place(line, end - 1 - first)
            raw_end += 3 if self._raw.startswith(b"=", raw_end) else 1
            return raw_start, line, raw_end, line + (raw_end == raw_starts[line + 1])
        raw_start, line = self._locate(start)
        raw_end, end_line = self._locate(end - 1, after=True) if end > start else (raw_start, line)
        if end_line < self._count and raw_end == raw_starts[end_line + 1]:
            # The span ends with its line's end, so what follows begins a line.
            end_line += 1
        return raw_start, line, raw_end, end_line

    def _line(self, line: int) -> bytes:
        return self._raw[self._raw_starts[line] : self._raw_starts[line + 1]]

    def _line_end(self, line: int) -> int:
        if line >= self._count:
            return self._end
        return self._raw_starts[line] + len(self._line(line).rstrip(b"\r\n"))

    def _newline(self) -> bytes:
        raw, start, end = self._raw, self._start, self._end
        at = raw.find(b"\n", start, end)
        if at >= 0:
            # A stray CR among other line ends is no line end for most programs.
            return b"\r\n" if at > start and raw[at - 1] == 0x0D else b"\n"
        if raw.find(b"\r", start, end) >= 0:
            return b"\r"
        before = raw[max(0, start - 2) : start]
        return b"\r\n" if before == b"\r\n" else before[-1:] if before[-1:] in (b"\n", b"\r") else b"\r\n"

    def _locate(self, offset: int, *, after: bool = False) -> tuple[int, int]:
        """Return the raw offset of (or just after) a decoded byte, and its line's number."""
        starts, raw_starts = self._decoded_starts, self._raw_starts
        line = bisect_right(starts, offset) - 1
        if line >= self._count:
            # Behind the last byte: before a soft break that ends the body, else at its end.
            if not self._count:
                return self._start, 0
            last = self._count - 1
            ending = self._line(last)
            if ending.rstrip(b" \t\r\n").endswith(b"=") and offset == starts[-1]:
                return raw_starts[last] + len(ending.rstrip(b" \t\r\n")) - 1, last
            if ending.endswith((b"\n", b"\r")):
                return self._end, self._count
            # Blanks at the end are not read: what is put in comes before them.
            return raw_starts[last] + len(ending.rstrip(b" \t")), last
        within = offset - starts[line]
        if self._plain:
            place = self._plain_place(line, within)
            if after:
                place += 3 if self._raw.startswith(b"=", place) else 1
            return place, line
        return self._odd_place(line, within, after=after), line

    def _plain_place(self, line: int, within: int) -> int:
        """Return where a decoded byte of a line stands, all of whose `=` begin escapes.

        An escape is two octets longer than its byte: the place is the least that equals the byte's number and
        twice the escapes before it. It is sought from the place asked for last, or many links on one long
        line would cost its length each.
        """
        last_line, last_within, last_place = self._last
        if line != last_line or within < last_within:
            last_within, last_place = 0, self._raw_starts[line]
        raw = self._raw
        least = place = last_place + within - last_within
        while (farther := least + 2 * raw.count(b"=", last_place, place)) != place:
            place = farther
        self._last = (line, within, place)
        return place

    def _odd_place(self, line: int, within: int, *, after: bool) -> int:
        """Return where a decoded byte of a line stands in which not every `=` begins an escape."""
        content_end, meaningful_end = self._ends_of_line(line)
        last_line, decoded, position = self._last
        if line != last_line or within < decoded:
            decoded, position = 0, self._raw_starts[line]
        # A decoded byte has three octets at most.
        farthest = min(meaningful_end, position + 3 * (within - decoded + 1))
        for match in _ESCAPE.finditer(self._raw, position, farthest):
            here = decoded + match.start() - position
            if within == here:
                self._last = (line, decoded, position)
                return match.end() if after else match.start()
            if within < here:
                break
            decoded = here + 1
            position = match.end()
        place = position + within - decoded
        if place <= meaningful_end:
            self._last = (line, within, place)
        if place > meaningful_end or (after and place == meaningful_end):
            # The byte belongs to the line end. White space before it was dropped, and goes where it goes.
            place += content_end - meaningful_end
        return place + (1 if after else 0)

    def _ends_of_line(self, line: int) -> tuple[int, int]:
        """Return where a line's content ends, without its line end, and where without blanks before it."""
        if self._ends[0] != line:
            content = self._line(line).rstrip(b"\r\n")
            start = self._raw_starts[line]
            self._ends = (line, start + len(content), start + len(content.rstrip(b" \t")))
        return self._ends[1:]


class QuotedPrintableWriter:
    """Writes ASCII replacements, breaking softly so that no line that we touch passes 76 octets."""

    def __init__(self, slots: list[_Slot], continued: list[bool], newline: bytes) -> None:
        """Keep for each span: raw start and end, its column, how many octets follow on its line, and what
        stands before it and has to move along.

        `continued`: whether the span begins on the line on which the one before it ends.
        """
        self._slots = slots
        self._continued = continued
        self._newline = newline

    def write(self, replacements: list[bytes]) -> list[Patch]:
        """Return the patches; always possible."""
        patches: list[Patch] = []
        newline = self._newline
        column = previous_end = 0
        for (start, end, line_column, following, carried), continues, replacement in zip(
            self._slots, self._continued, replacements, strict=True
        ):
            if continues:
                column += start - previous_end
                carried = b""
            else:
                column = line_column - len(carried)
            folded, column = _fold(replacement, column, following, newline, carried)
            patches.append(Patch(start - len(carried), end, folded))
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


def _fold(text: bytes, column: int, following: int, newline: bytes, carried: bytes) -> tuple[bytes, int]:
    if text.translate(None, _NOT_ESCAPED):
        text = _TO_ESCAPE.sub(lambda match: b"=%02X" % match[0][0], text)
    text = carried + text
    if not following and text.endswith((b" ", b"\t")):
        text = text[:-1] + b"=%02X" % text[-1]
    return _break_softly(text, column, following, newline)


def _break_softly(encoded: bytes, column: int, following: int, newline: bytes) -> tuple[bytes, int]:
    """Return encoded text with soft breaks, and the column after it.

    It begins at `column`; `following` octets come after it on its last line.
    """
    size = len(encoded)
    if column + size + following <= MAX_LINE:
        return encoded, column + size
    pieces: list[bytes] = []
    position = 0
    escapes = b"=" in encoded
    longest = MAX_LINE - 1 if following else MAX_LINE
    while size - position + column > longest:
        take = max(0, MAX_LINE - 1 - column)
        cut = position + take
        if escapes:
            # An escape must not be torn apart.
            if encoded[cut - 1 : cut] == b"=" and take >= 1:
                cut -= 1
            elif encoded[cut - 2 : cut - 1] == b"=" and take >= 2:
                cut -= 2
        pieces.append(encoded[position:cut])
        position = cut
        column = 0
    pieces.append(encoded[position:])
    column += size - position
    if following and column + following > MAX_LINE:
        pieces.append(b"")
        column = 0
    return (b"=" + newline).join(pieces), column


def _is_plain(body: bytes, lines: list[bytes], data: bytes) -> bool:
    """Whether all readings of this body agree, so that what the library's decoder made of it may be used."""
    if body.endswith((b" ", b"\t", b"\r")):
        return False
    # A CR without LF ends a line too, and so makes one line more than there are LFs.
    if body.count(b"\n") + (not body.endswith(b"\n")) != len(lines):
        return False
    # An escape is two octets longer than its byte, a soft break three (two with LF) longer than nothing. The
    # library keeps every other `=`, so its data is longer then. A line end that went is a soft break's: an
    # escaped LF looks like one that did not go, and is read the slow way.
    soft_breaks = body.count(b"\n") - data.count(b"\n") if b"\r\n" in body else 0
    if len(data) != len(body) - 2 * body.count(b"=") - soft_breaks:
        return False
    return _BLANK_AT_LINE_END.search(body) is None


def _decode_line(line: bytes) -> bytes:
    content = line.rstrip(b"\r\n")
    ending = line[len(content) :]
    text = content.rstrip(b" \t")
    if text.endswith(b"="):
        text, ending = text[:-1], b""
    return _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), text) + ending
