"""identity_payload: bodies in 7bit, 8bit and binary, whose bytes are the raw octets (RFC 2045 §6.2)."""

import re
from typing import Final

from backstamp.mail.patches import Patch

MAX_LINE: Final = 998
"""RFC 5322 §2.1.1: octets of a line without its CRLF."""
_LONG_LINE: Final = re.compile(rb"(?:\A|[\r\n])[^\r\n]{%d}" % (MAX_LINE + 1))


class IdentityPayload:
    """A body without encoding.

    What `is_binary` knows no lines; yet where all are short enough, as in most mail that says so, it came by
    a server that breaks longer ones, and may go on by one.
    """

    in_doubt = False

    def __init__(self, raw: bytes, start: int, end: int, *, is_binary: bool) -> None:
        self._raw = raw
        self._raw_start = start
        self._raw_end = end
        self._line_limited = not is_binary or _LONG_LINE.search(self.data) is None

    @property
    def data(self) -> bytes:
        """The bytes, copied each time."""
        return self._raw[self._raw_start : self._raw_end]

    def forget_data(self) -> None:
        """Do nothing: they are a part of the message."""

    def writer(self, spans: list[tuple[int, int]]) -> "IdentityWriter":
        """Return a writer for these spans of the body."""
        gaps: list[tuple[int, int, bool]] = []
        if self._line_limited:
            data = self.data
            gaps = [_longest_lines(data, spans, index) for index in range(len(spans))]
        return IdentityWriter(self._raw_start, spans, gaps)

    def raw_spans(self, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return where these spans stand in the raw message."""
        return [(self._raw_start + start, self._raw_start + end) for start, end in spans]


class IdentityWriter:
    """Writes replacements into an unencoded body."""

    def __init__(self, base: int, spans: list[tuple[int, int]], gaps: list[tuple[int, int, bool]]) -> None:
        self._base = base
        self._spans = spans
        self._gaps = gaps

    def write(self, replacements: list[bytes]) -> list[Patch] | None:
        """Return the patches, or None when a patched line would be longer than 998 octets."""
        column = 0
        for (before, after, continues), replacement in zip(self._gaps, replacements, strict=False):
            column = (column if continues else 0) + before + len(replacement)
            if column + after > MAX_LINE:
                return None
        base = self._base
        return [
            Patch(base + start, base + end, replacement)
            for (start, end), replacement in zip(self._spans, replacements, strict=True)
        ]


def _longest_lines(data: bytes, spans: list[tuple[int, int]], index: int) -> tuple[int, int, bool]:
    """Return octets from the line's start (or the span before) to the span, from it to the line's end
    (or the next span), and whether the line of the span before goes on."""
    start, end = spans[index]
    floor = spans[index - 1][1] if index else 0
    ceiling = spans[index + 1][0] if index + 1 < len(spans) else len(data)
    line_start = max(data.rfind(b"\n", floor, start), data.rfind(b"\r", floor, start)) + 1
    continues = index > 0 and line_start == 0
    before = start - (line_start or floor)
    after = _line_length(data, end, ceiling)
    return before, after, continues


def _line_length(data: bytes, start: int, end: int) -> int:
    newline = data.find(b"\n", start, min(end, start + MAX_LINE + 2))
    stop = newline if newline >= 0 else min(end, start + MAX_LINE + 2)
    carriage = data.find(b"\r", start, stop)
    return (carriage if carriage >= 0 else stop) - start
