"""base64_payload: decode base64 bodies; a patch re-flows the body from its own line on (RFC 2045 §6.8)."""

import binascii
from bisect import bisect_right
from itertools import pairwise
from operator import itemgetter
from typing import Final

from backstamp.mail.patches import Patch

MAX_LINE: Final = 76
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BLANK: Final = b" \t\r\n"


class UndecodableError(ValueError):
    """Mail programs would read these octets differently from each other."""


class Base64Payload:
    """A base64 body. Raises `UndecodableError` for stray characters, inner padding, or a torn end."""

    def __init__(self, raw: bytes, start: int, end: int) -> None:
        body = raw[start:end]
        characters = body.translate(None, _BLANK)
        unpadded = characters.rstrip(b"=")
        if unpadded.translate(None, _ALPHABET):
            raise UndecodableError("characters outside the base64 alphabet, or padding inside the text")
        missing = -len(unpadded) % 4
        if missing == 3:
            raise UndecodableError("the base64 text ends inside a byte")
        self.data = binascii.a2b_base64(unpadded + b"=" * missing)
        self._raw = raw
        self._body = body
        self._start = start
        self._starts: list[tuple[int, int]] | None = None

    def writer(self, spans: list[tuple[int, int]]) -> "Base64Writer":
        """Return a writer for these spans of decoded bytes."""
        body = self._body
        before = spans[0][0] // 3 * 4 if spans else 0
        lines = self._line_starts()
        # The last line start at or before the first patch that is also the start of a group of four.
        # What is put in at the very end belongs to the last line, which may end with padding.
        line = max(min(bisect_right(lines, before, key=itemgetter(0)) - 1, len(lines) - 2), 0)
        while line > 0 and lines[line][0] % 4:
            line -= 1
        characters, cut = lines[line]
        sizes = [following[0] - here[0] for here, following in pairwise(lines[: line + 3])]
        width = min(max(sizes, default=MAX_LINE), MAX_LINE) // 4 * 4
        tail_end = len(body.rstrip(_BLANK))
        decoded_cut = characters // 4 * 3
        return Base64Writer(
            self._start + min(cut, tail_end),
            self._start + tail_end,
            self.data[decoded_cut:],
            [(start - decoded_cut, end - decoded_cut) for start, end in spans],
            width or MAX_LINE,
            self._newline(),
        )

    def raw_spans(self, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return the spans of the groups of four characters that hold these decoded bytes."""
        return [
            (self._offset(start // 3 * 4), self._offset(-(-end // 3) * 4, after=True)) for start, end in spans
        ]

    def _line_starts(self) -> list[tuple[int, int]]:
        """Return for each line with characters: how many come before it, and the offset of its first."""
        if self._starts is None:
            starts: list[tuple[int, int]] = []
            characters = position = 0
            for line in self._body.splitlines(keepends=True):
                size = len(line.translate(None, _BLANK))
                if size:
                    starts.append((characters, position + len(line) - len(line.lstrip(_BLANK))))
                characters += size
                position += len(line)
            starts.append((characters, len(self._body.rstrip(_BLANK))))
            self._starts = starts
        return self._starts

    def _offset(self, character: int, *, after: bool = False) -> int:
        """Return the raw offset of a character of the encoded text, or just behind the one before it."""
        if after:
            return self._offset(character - 1) + 1 if character else self._start
        lines = self._line_starts()
        character = min(character, lines[-1][0])
        before, offset = lines[bisect_right(lines, character, key=itemgetter(0)) - 1]
        text = self._body[offset : offset + 4 * (character - before) + 4]
        if b" " not in text and b"\t" not in text:
            return self._start + offset + character - before
        places = [place for place, octet in enumerate(text) if octet not in _BLANK]
        return self._start + offset + places[min(character - before, len(places) - 1)]

    def _newline(self) -> bytes:
        for newline in (b"\r\n", b"\n", b"\r"):
            if newline in self._body:
                return newline
        return b"\r\n" if self._raw[: self._start].endswith(b"\r\n") else b"\n"


class Base64Writer:
    """Writes replacements by encoding anew from the line of the first patch to the end."""

    def __init__(
        self, start: int, end: int, tail: bytes, spans: list[tuple[int, int]], width: int, newline: bytes
    ) -> None:
        self._start = start
        self._end = end
        self._tail = tail
        self._spans = spans
        self._width = width
        self._newline = newline

    def write(self, replacements: list[bytes]) -> list[Patch]:
        """Return the one patch that holds all replacements."""
        pieces: list[bytes] = []
        position = 0
        for (start, end), replacement in zip(self._spans, replacements, strict=True):
            pieces += (self._tail[position:start], replacement)
            position = end
        pieces.append(self._tail[position:])
        encoded = binascii.b2a_base64(b"".join(pieces), newline=False)
        width = self._width
        lines = [encoded[at : at + width] for at in range(0, len(encoded), width)]
        return [Patch(self._start, self._end, self._newline.join(lines))]
