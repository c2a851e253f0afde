"""multipart: where the parts of a multipart body begin and end (RFC 2046 §5.1.1)."""

import re
from typing import Final

import msgspec

_PADDING: Final = b" \t"
_LINE_ENDS: Final = b"\r\n"
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_ENDS_LINE: Final = re.compile(rb"(?:--)?[ \t\v\f]*+(?:[\r\n]|\Z)")
"""It reads no further than to what is no blank, for a line may hold very many delimiters."""
LINK_SIGN: Final = re.compile(rb"://|www\.|href", re.IGNORECASE)
"""What octets hold that could be read as a link, in plain text or in HTML."""
_MOST_NEAR: Final = 200


class TooManyPartsError(ValueError):
    """The message has more parts than allowed."""


class Division(msgspec.Struct, kw_only=True):
    """How a multipart body is divided.

    `spans` are the parts, without the line end before the next delimiter. `near` are the offsets of what is
    like a delimiter in lines that begin with it and go on, which RFC 2046 lets a program take for one, or
    that end with it, which Email::MIME and others do.
    `at_bare_cr`: a delimiter is bounded by a CR that to some programs is no line end. `links_outside`:
    before the first or behind the last delimiter stands what could be a link.
    """

    spans: list[tuple[int, int]] = []
    near: list[int] = []
    closed: bool = False
    parts_after_end: bool = False
    at_bare_cr: bool = False
    links_outside: bool = False


def divide(raw: bytes, start: int, end: int, boundary: bytes, most_parts: int) -> Division:
    """Return how the body `raw[start:end]` is divided by `boundary`.

    A delimiter is a whole line: `--`, the boundary, `--` where it is the last, and white space. Raises
    `TooManyPartsError` when there are more than `most_parts`.
    """
    division = Division()
    needle = b"--" + boundary
    open_at: int | None = None
    first_delimiter, behind_last = end, end
    position = start
    while (at := raw.find(needle, position, end)) >= 0:
        position = at + len(needle)
        closing = raw.startswith(b"--", position, end)
        after = position + 2 if closing else position
        while after < end and raw[after] in _PADDING:
            after += 1
        begins_line = at == start or raw[at - 1] in _LINE_ENDS
        ends_line = after == end or raw[after] in _LINE_ENDS
        if not begins_line and not ends_line:
            continue
        if not (begins_line and ends_line):
            if len(division.near) < _MOST_NEAR:
                division.near.append(at)
            continue
        if division.closed:
            division.parts_after_end = True
            break
        first_delimiter = min(first_delimiter, at)
        if open_at is not None:
            division.spans.append((open_at, max(open_at, _before_line_end(raw, at))))
            if len(division.spans) > most_parts:
                raise TooManyPartsError(f"more than {most_parts} parts")
        if (at > start and raw[at - 1] == 0x0D) or (
            after < end and raw[after] == 0x0D and not raw.startswith(b"\r\n", after, end)
        ):
            division.at_bare_cr = True
        position = after + 2 if raw.startswith(b"\r\n", after, end) else min(after + 1, end)
        open_at = None if closing else position
        division.closed = closing
        behind_last = position if closing else end
    if open_at is not None:
        division.spans.append((open_at, end))
    division.links_outside = any(
        before < after and LINK_SIGN.search(raw, before, after)
        for before, after in ((start, first_delimiter), (behind_last, end))
    )
    return division


def divide_leniently(
    raw: bytes, start: int, end: int, boundary: bytes, most_parts: int
) -> list[tuple[int, int]]:
    """Return the parts that any program may find: between all lines that begin or end with the delimiter.

    None of them is the last. Raises `TooManyPartsError` when there are more than `most_parts`.
    """
    spans: list[tuple[int, int]] = []
    needle = b"--" + boundary
    open_at: int | None = None
    position = start
    while (at := raw.find(needle, position, end)) >= 0:
        position = at + len(needle)
        begins_line = at == start or raw[at - 1] in _LINE_ENDS
        if not begins_line and _ENDS_LINE.match(raw, position, end) is None:
            continue
        line_end = _LINE_END.search(raw, position, end)
        if open_at is not None:
            spans.append((open_at, max(open_at, _before_line_end(raw, at) if begins_line else at)))
            if len(spans) > most_parts:
                raise TooManyPartsError(f"more than {most_parts} parts")
        position = open_at = end if line_end is None else line_end.end()
    if open_at is not None:
        spans.append((open_at, end))
    return spans


def is_delimiter(raw: bytes, at: int, end: int, boundary: bytes) -> bool:
    """Whether the line that begins at `at` is a delimiter of this boundary."""
    line = raw[at : min(end, at + len(boundary) + 4)]
    needle = b"--" + boundary
    if not line.startswith(needle):
        return False
    rest = line[len(needle) :].removeprefix(b"--")
    return not rest or rest[:1] in (b" ", b"\t", b"\r", b"\n")


def _before_line_end(raw: bytes, at: int) -> int:
    """RFC 2046 §5.1.1: the line end before a delimiter belongs to the delimiter."""
    return at - 2 if raw[at - 2 : at] == b"\r\n" else at - 1
