"""quoted_printable_places: where each decoded byte of a quoted-printable body stands (RFC 2045 §6.7)."""

import binascii
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate
from typing import Final, NamedTuple, Optional

Located = tuple[int, int, int, int]
"""Of a span of decoded bytes: where it begins in the raw message, and its line; where it ends, and the line
that goes on there begins."""
_ESCAPE: Final = re.compile(rb"=([0-9A-Fa-f]{2})")
_CRLF: Final = b"\r\n"
_NO_SOFT_BREAK: Final = {
    _CRLF: re.compile(rb"\r\n(?<!=\r\n)"),
    b"\n": re.compile(rb"\n(?<!=\n)"),
}
_DIGITS: Final = 2
"""Of an escape."""
_AT_ONCE: Final = 128 * 1024
"""Octets that are read together: their lines, and what they are without their soft breaks, are as much again
several times."""
MOST_LISTED: Final = 20_000
"""Escapes; where there are more (in megabytes of Cyrillic), those before a byte are counted, which takes a
third more time."""


class PlainPlaces:
    """A body that all programs read alike: each `=` is an escape or a soft break, no line ends in a blank.

    Nearly every body is. An escape is two octets longer than its byte, so a place is reckoned from the number
    of soft breaks and escapes before it: 15 KB are read in 40 µs, and a span is found in 1.4 µs. Of both only
    the sizes of what stands between them are kept: as objects they weigh four times their text.
    """

    def __init__(self, raw: bytes, start: int, end: int, newline: bytes, read: "_Read") -> None:
        """Take the body `raw[start:end]`, its line end, and what was read of it."""
        self.data: bytes | None = read.data
        self._raw = raw
        self._start = start
        self._end = end
        self._newline = newline
        self._pieces = read.pieces
        self._between = read.between
        self._digits = read.digits

    @classmethod
    def read(
        cls, raw: bytes, start: int, end: int, most_listed: int = MOST_LISTED
    ) -> Optional["PlainPlaces"]:
        """Return the places of the body `raw[start:end]`, None where it is not plain."""
        newline = _CRLF if raw.find(_CRLF, start, end) >= 0 else b"\n"
        if newline == _CRLF and raw.find(b"=\r\n\n", start, end) >= 0:
            # A line end in two, with a soft break between, is none.
            return None
        reads: list[_Read] = []
        room = most_listed
        for first, last in _stretches(raw, start, end, newline):
            read = _read_stretch(raw, first, last, newline, max(room, 0))
            if read is None:
                return None
            reads.append(read)
            room -= len(read.between) - 1 if read.between else most_listed + 1
        return cls(raw, start, end, newline, _joined(reads, are_listed=room >= 0))

    def decoded(self) -> bytes:
        """Return the decoded bytes, where they were let go."""
        stretches = _stretches(self._raw, self._start, self._end, self._newline)
        return b"".join([binascii.a2b_qp(memoryview(self._raw)[first:last]) for first, last in stretches])

    def locate(self, spans: list[tuple[int, int]]) -> list[Located]:
        """Return where these spans of decoded bytes stand."""
        raw, begin, soft_size = self._raw, self._start, len(self._newline) + 1
        # Where pieces begin in the body without its soft breaks.
        pieces = array("q", accumulate(self._pieces, initial=0))
        size = pieces.pop()
        escapes_before = self._escapes_before(spans, pieces)
        line_before = raw.rfind
        # Spans ascend, so what stands before the last one is not read again.
        known = line = begin
        found: list[Located] = []
        for start, end in spans:
            place = start + 2 * escapes_before(start)
            piece = bisect_right(pieces, place) - 1
            if piece and pieces[piece] == size:
                # What is put in behind all bytes comes before a soft break that ends the body.
                piece -= 1
            raw_start = raw_end = begin + soft_size * piece + place
            if raw_start < known:
                known = line = begin
            line = end_line = line_before(b"\n", known, raw_start) + 1 or line
            known = raw_start
            if end > start:
                place = end - 1 + 2 * escapes_before(end - 1)
                raw_end = begin + soft_size * (bisect_right(pieces, place) - 1) + place
                raw_end += 3 if raw[raw_end] == 0x3D else 1
                end_line = line_before(b"\n", raw_start, raw_end) + 1 or line
            found.append((raw_start, line, raw_end, end_line))
        return found

    def _escapes_before(self, spans: list[tuple[int, int]], pieces: "array[int]") -> Callable[[int], int]:
        """Return what tells how many escapes stand before the first or last byte of one of these spans."""
        between = self._between
        if not between:
            offsets = sorted({start for start, _ in spans} | {end - 1 for start, end in spans if end > start})
            return dict(zip(offsets, self._counted(offsets, pieces), strict=True)).__getitem__
        # Beside its digits an escape is one byte of the distance to the next.
        more = 1 - self._digits
        escapes = list(accumulate([size + more for size in between[1:-1]], initial=between[0]))
        return partial(bisect_left, escapes if len(between) > 1 else [])

    def _counted(self, offsets: list[int], pieces: "array[int]") -> Iterator[int]:
        """Yield how many escapes stand before each of these decoded bytes, which ascend.

        Without soft breaks, a byte stands at its number and twice the escapes before it. That is the least
        number for which this is true: it grows until it is.
        """
        start, soft_size = self._start, len(self._newline) + 1
        count = self._raw.count
        place, piece, escapes = start, 0, 0
        for offset in offsets:
            more = -1
            while more:
                before, piece_before = place, piece
                piece = bisect_right(pieces, offset + 2 * escapes, piece) - 1
                place = start + offset + 2 * escapes + soft_size * piece
                # Of the `=` that were passed, those that are no soft breaks.
                more = count(b"=", before, place) - piece + piece_before
                escapes += more
            yield escapes


class _Read(NamedTuple):
    """What was read of a body or a stretch of it.

    Its bytes; how many octets stand between two soft breaks; how many between two escapes, if these are few,
    else nothing; how many of these are digits of the escape before.
    """

    data: bytes
    pieces: list[int]
    between: list[int]
    digits: int


def _stretches(raw: bytes, start: int, end: int, newline: bytes) -> Iterator[tuple[int, int]]:
    """Yield spans of a body that are read one by one: all but the last end where a line goes on no more."""
    no_soft_break = _NO_SOFT_BREAK[newline]
    while (found := no_soft_break.search(raw, start + _AT_ONCE, end)) is not None:
        yield start, found.end()
        start = found.end()
    yield start, end


def _read_stretch(raw: bytes, start: int, end: int, newline: bytes, most_listed: int) -> _Read | None:
    whole, pieces = _without_soft_breaks(raw, start, end, b"=" + newline)
    lines = whole.split(newline)
    # Each line without white space at its end is the same object, and two of these are soon compared.
    if list(map(bytes.rstrip, lines)) != lines:
        return None
    together = b"".join(lines)
    if b"\r" in together or b"\n" in together:
        return None
    del lines, together
    read = _with_signs_only(raw, start, end, whole, most_listed)
    if read is None:
        read = _with_escapes(raw, start, end, whole, most_listed)
    return None if read is None else _Read(read[0], pieces, *read[1:])


def _joined(reads: list[_Read], *, are_listed: bool) -> _Read:
    """Return what was read of stretches as one; `are_listed` where their escapes are few enough together."""
    first, *others = reads
    if not others:
        return first
    pieces = first.pieces
    between = _with_digits(first) if are_listed else []
    for read in others:
        pieces[-1] += read.pieces[0]
        pieces += read.pieces[1:]
        if are_listed:
            distances = _with_digits(read)
            between[-1] += distances[0]
            between += distances[1:]
    return _Read(b"".join([read.data for read in reads]), pieces, between, _DIGITS)


def _with_digits(read: _Read) -> list[int]:
    """Return how many octets stand between two escapes, the digits of the one before among them."""
    more = _DIGITS - read.digits
    return [read.between[0], *(size + more for size in read.between[1:])]


def _without_soft_breaks(raw: bytes, start: int, end: int, soft_break: bytes) -> tuple[bytes, list[int]]:
    """Return a body without its soft breaks, and how many octets stand between two of them."""
    wholes: list[bytes] = []
    sizes = [0]
    while True:
        cut = raw.find(soft_break, start + _AT_ONCE, end)
        pieces = raw[start : cut if cut >= 0 else end].split(soft_break)
        lengths = map(len, pieces)
        sizes[-1] += next(lengths)
        sizes += lengths
        wholes.append(b"".join(pieces))
        if cut < 0:
            return b"".join(wholes), sizes
        start = cut


_Escapes = tuple[bytes, list[int], int]
"""Of a stretch: its bytes, and what stands between its escapes, with so many digits of the one before."""


def _with_signs_only(raw: bytes, start: int, end: int, whole: bytes, most_listed: int) -> _Escapes | None:
    """Read a stretch, without soft breaks `whole`, where no other sign than `=` is escaped, else None.

    So it is with every second HTML, and then this takes half the time that the other way does.
    """
    if b"=" not in whole:
        return whole, [len(whole)], 0
    pieces = whole.split(b"=3D", most_listed)
    # What became an escape only without soft breaks is none.
    if b"=" in pieces[-1] or b"=" in b"".join(pieces) or raw.count(b"=3D", start, end) != len(pieces) - 1:
        return None
    return b"=".join(pieces), list(map(len, pieces)), 0


def _with_escapes(raw: bytes, start: int, end: int, whole: bytes, most_listed: int) -> _Escapes | None:
    """Read the stretch whatever is escaped; None where an `=` begins no escape."""
    data = binascii.a2b_qp(memoryview(raw)[start:end])
    pieces = whole.split(b"=", most_listed)
    more = pieces[-1].count(b"=") if len(pieces) > most_listed else 0
    # The library drops two octets for an escape; for any other `=`, which it keeps or guesses at, fewer.
    if len(data) != len(whole) - _DIGITS * (len(pieces) - 1 + more):
        return None
    return data, [] if more else list(map(len, pieces)), _DIGITS


class OddPlaces:
    """A body that programs may read differently: read line by line, as RFC 2045 §6.7 has it."""

    def __init__(self, raw: bytes, start: int, end: int) -> None:
        self._raw = raw
        self._start = start
        self._end = end
        lines = raw[start:end].splitlines(keepends=True)
        # The lines themselves are not kept: as objects they weigh four times their text.
        decoded = list(map(_decode_line, lines))
        self.data: bytes | None = b"".join(decoded)
        self._count = len(lines)
        self._raw_starts = array("q", accumulate(map(len, lines), initial=start))
        self._decoded_starts = array("q", accumulate(map(len, decoded), initial=0))
        # The line, its decoded byte and the place that were sought last; the ends of a line.
        self._last = (-1, 0, 0)
        self._ends = (-1, 0, 0)

    def decoded(self) -> bytes:
        """Return the decoded bytes, where they were let go."""
        return b"".join(map(_decode_line, self._raw[self._start : self._end].splitlines(keepends=True)))

    def locate(self, spans: list[tuple[int, int]]) -> list[Located]:
        """Return where these spans of decoded bytes stand."""
        return [self._locate_span(start, end) for start, end in spans]

    def _locate_span(self, start: int, end: int) -> Located:
        raw_starts = self._raw_starts
        raw_start, line = self._locate(start)
        raw_end, end_line = self._locate(end - 1, after=True) if end > start else (raw_start, line)
        ends_line = end_line < self._count and raw_end == raw_starts[end_line + 1]
        if ends_line and self._raw[raw_end - 1] in b"\r\n":
            # The span ends with its line's end, so what follows begins a line.
            end_line += 1
        return raw_start, raw_starts[line], raw_end, raw_starts[end_line]

    def _line(self, line: int) -> bytes:
        return self._raw[self._raw_starts[line] : self._raw_starts[line + 1]]

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
        return self._place(line, offset - starts[line], after=after), line

    def _place(self, line: int, within: int, *, after: bool) -> int:
        """Return where a decoded byte of a line stands."""
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


def _decode_line(line: bytes) -> bytes:
    content = line.rstrip(b"\r\n")
    ending = line[len(content) :]
    text = content.rstrip(b" \t")
    if text.endswith(b"="):
        text, ending = text[:-1], b""
    return _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), text) + ending
