"""quoted_printable: decode with a way back, patch within the encoder's own lines, encode (RFC 2045 §6.7)."""

import re
from collections.abc import Iterator
from typing import Final

from backstamp.mail.encodings.quoted_printable_places import Located, OddPlaces, PlainPlaces
from backstamp.mail.patches import Patch

MAX_LINE: Final = 76
"""Longest encoded line, its soft break's `=` included."""
_BROKEN: Final = MAX_LINE - 1
"""Octets of a line before its soft break."""
_IN_DOUBT: Final = re.compile(
    rb"=[0-9A-Fa-f]?=[ \t\v\f]*+\r*+\n|=[ \t]*+(?:[\v\f][ \t\v\f]*+\r*+\n|\r(?!\n))"
)
"""A soft break within an escape or behind a stray `=`, of which some programs make an escape since they join
lines first, and one whose line end is not by the standard.
"""
_TO_ESCAPE: Final = re.compile(rb"[^\t -<>-~]+")
_BLANKS: Final = (b" ", b"\t")
_NOT_ESCAPED: Final = bytes(each for each in range(0x20, 0x7F) if each != 0x3D) + b"\t"
_OTHERS_CHANGED: Final = bytes(each if each in _NOT_ESCAPED else 0x3D for each in range(256))


_Slot = tuple[int, int, int, int, bytes, bool]
"""Of a span: raw start and end, its column, how many octets follow on its line, what stands before it and has
to move along, and whether it begins on the line on which the span before it ends."""
_NO_SPAN: Final[Located] = (-1, -1, -1, -1)


class QuotedPrintablePayload:
    """A quoted-printable body, and the way back from its decoded bytes to its octets."""

    def __init__(self, raw: bytes, start: int, end: int) -> None:
        self._raw = raw
        self._start = start
        self._end = end
        plain = PlainPlaces.read(raw, start, end)
        self._places = plain or OddPlaces(raw, start, end)
        self.in_doubt = plain is None and _IN_DOUBT.search(raw, start, end) is not None
        self._spans: list[tuple[int, int]] = []
        self._located: list[Located] = []

    @property
    def data(self) -> bytes:
        """The decoded bytes; where they were forgotten, decoded once more."""
        data = self._places.data
        return self._places.decoded() if data is None else data

    def forget_data(self) -> None:
        """Let the decoded bytes go: places are reckoned without them."""
        self._places.data = None

    def writer(self, spans: list[tuple[int, int]]) -> "QuotedPrintableWriter":
        """Return a writer for these spans of decoded bytes."""
        raw = self._raw
        located = self._locate(spans)
        # Nobody asks again.
        self._spans, self._located = [], []
        slots: list[_Slot] = []
        line_before = -1
        for (raw_start, line, raw_end, end_line), (next_start, next_line, _, _) in zip(
            located, [*located[1:], _NO_SPAN], strict=False
        ):
            if next_line == end_line:
                # Leave room for the soft break that the next patch of this line may begin with.
                after = next_start - raw_end + 1
            else:
                after = self._line_end(end_line, raw_end) - raw_end
            column = raw_start - line
            carried = b""
            # No room is left for the `=` of a soft break, or a blank could come to stand at the line's end:
            # the last character is written anew.
            if column >= MAX_LINE or (not after and column and raw[raw_start - 1] in b" \t"):
                carried = raw[raw_start - min(3, column) : raw_start]
                carried = carried if carried.startswith(b"=") else carried[-1:]
            # What comes after another patch on its line begins where that one's text ends.
            slots.append((raw_start, raw_end, column, after, carried, line == line_before))
            line_before = end_line
        return QuotedPrintableWriter(slots, self._newline())

    def raw_spans(self, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return where these spans of decoded bytes stand in the raw message."""
        return [(raw_start, raw_end) for raw_start, _, raw_end, _ in self._locate(spans)]

    def _locate(self, spans: list[tuple[int, int]]) -> list[Located]:
        # The same spans are asked for again where all of them are written.
        if spans != self._spans:
            self._spans, self._located = spans, self._places.locate(spans)
        return self._located

    def _line_end(self, line: int, position: int) -> int:
        """Return where the line that begins at `line` ends, without its line end; not before `position`."""
        raw, end = self._raw, self._end
        line_feed = raw.find(b"\n", position, end)
        stop = line_feed if line_feed >= 0 else end
        carriage = raw.find(b"\r", line, stop)
        return carriage if carriage >= 0 else stop

    def _newline(self) -> bytes:
        raw, start, end = self._raw, self._start, self._end
        at = raw.find(b"\n", start, end)
        if at >= 0:
            # A stray CR among other line ends is no line end for most programs.
            return b"\r\n" if at > start and raw[at - 1] == 0x0D else b"\n"
        # No LF: what ends the header's lines. A CR in one long line is no line end, and nobody knows a soft
        # break of `=` and CR.
        before = raw[max(0, start - 2) : start]
        return b"\r\n" if before == b"\r\n" else before[-1:] if before[-1:] in (b"\n", b"\r") else b"\r\n"


class QuotedPrintableWriter:
    """Writes ASCII replacements, breaking softly so that no line that we touch passes 76 octets."""

    def __init__(self, slots: list[_Slot], newline: bytes) -> None:
        self._slots = slots
        self._soft_break = b"=" + newline

    def write(self, replacements: list[bytes]) -> list[Patch]:
        """Return the patches; always possible."""
        patches: list[Patch] = []
        soft_break = self._soft_break
        # A sealed URL mostly holds nothing to escape, and the pixel an `=`, which is soon found. Whether
        # anything else is to be escaped is asked of all at once.
        together = b"".join(replacements)
        any_others = together.translate(_OTHERS_CHANGED) != together
        column = previous_end = 0
        for (start, end, line_column, following, carried, continues), replacement in zip(
            self._slots, replacements, strict=True
        ):
            if not continues:
                column = line_column - len(carried)
            else:
                column += start - previous_end
                if len(carried) > start - previous_end or (column <= _BROKEN and carried not in _BLANKS):
                    carried = b""
                column -= len(carried)
            size = len(replacement)
            if carried or not following or any_others or 0x3D in replacement:
                folded, column = _fold(replacement, column, following, soft_break, carried)
            elif column + size + following <= MAX_LINE:
                folded = replacement
                column += size
            else:
                folded, column = _break_anywhere(replacement, column, following, soft_break)
            patches.append(Patch(start - len(carried), end, folded))
            previous_end = end
        return patches


def encode_quoted_printable(data: bytes, newline: bytes) -> bytes:
    """Return `data` as quoted-printable; `newline` is its line end, other CR and LF are escaped."""
    return newline.join(quoted_printable_lines(data, newline))


def quoted_printable_lines(data: bytes, newline: bytes) -> Iterator[bytes]:
    """Yield the lines of `data` as quoted-printable, broken softly where they are long.

    `newline` is the line end, which parts them; other CR and LF are escaped.
    """
    start, soft_break = 0, b"=" + newline
    while start >= 0:
        end = data.find(newline, start)
        escaped = _escaped(data[start:end] if end >= 0 else data[start:])
        if escaped.endswith(_BLANKS):
            escaped = escaped[:-1] + b"=%02X" % escaped[-1]
        yield _break_softly(escaped, 0, 0, soft_break)[0]
        start = end + len(newline) if end >= 0 else -1


def _escaped(text: bytes) -> bytes:
    return _TO_ESCAPE.sub(lambda found: b"=" + found[0].hex("=").upper().encode(), text)


def _fold(text: bytes, column: int, following: int, soft_break: bytes, carried: bytes) -> tuple[bytes, int]:
    if text.translate(None, _NOT_ESCAPED):
        text = _escaped(text)
    if carried:
        text = carried + text
    if not following and text.endswith((b" ", b"\t")):
        text = text[:-1] + b"=%02X" % text[-1]
    return _break_softly(text, column, following, soft_break)


def _break_anywhere(text: bytes, column: int, following: int, soft_break: bytes) -> tuple[bytes, int]:
    """Do what `_break_softly` does to a text without escapes that something follows, with fewer steps."""
    first = _BROKEN - column if column < _BROKEN else 0
    size = len(text)
    pieces = [text[:first]]
    while first < size:
        pieces.append(text[first : first + _BROKEN])
        column = size - first
        first += _BROKEN
    if len(pieces) == 1:
        column += size
    if column + following > MAX_LINE:
        pieces.append(b"")
        column = 0
    return soft_break.join(pieces), column


def _break_softly(encoded: bytes, column: int, following: int, soft_break: bytes) -> tuple[bytes, int]:
    """Return encoded text with soft breaks, and the column after it.

    It begins at `column`; `following` octets come after it on its last line.
    """
    size = len(encoded)
    if column + size + following <= MAX_LINE:
        return encoded, column + size
    last_cut = size - (_BROKEN if following else MAX_LINE)
    # As a number: bytes first ask whether bytes are one, which takes 0.25 µs.
    escapes = 0x3D in encoded
    pieces: list[bytes] = []
    position = 0
    while position - column < last_cut:
        cut = position + _BROKEN - column if column < _BROKEN else position
        if escapes:
            cut -= _torn(encoded[position:cut])
        pieces.append(encoded[position:cut])
        position = cut
        column = 0
    pieces.append(encoded[position:])
    column += size - position
    if following and column + following > MAX_LINE:
        pieces.append(b"")
        column = 0
    return soft_break.join(pieces), column


def _torn(line: bytes) -> int:
    """Return how many octets at the end of a line are the beginning of an escape."""
    return 1 if line.endswith(b"=") else 2 if line[-2:-1] == b"=" else 0
