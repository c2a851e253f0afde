"""marks: what we say of a message in its own header: fields in front, words before the subject."""

import re
from collections.abc import Iterable
from typing import Final

from backstamp.mail.header_section import Field, HeaderSection, read_header_section
from backstamp.mail.patches import Patch

_MAX_HEADER_BYTES: Final = 256 * 1024
_LONGEST_LINE: Final = 78
_LIMIT: Final = 998
"""What a line should not, and must not, be longer than (RFC 5322 §2.1.1)."""
HEAD_OCTETS: Final = _MAX_HEADER_BYTES + 2 * _LIMIT
"""So much of a message is looked at: its header, and whether a line that ends behind it is too long."""
_FIRST_FIELD: Final = re.compile(rb"[!-9;-~]+[ \t]*:[^\r\n]*(\r?\n)")


def marks(
    raw: bytes,
    fields: Iterable[tuple[str, str]],
    *,
    subject: str = "",
    ours: frozenset[bytes] = frozenset(),
) -> list[Patch]:
    """Return what puts our fields in front of all others of a message.

    Args:
        raw: the message, or its first `HEAD_OCTETS`; any bytes.
        fields: names and values in ASCII, without line ends; long values are folded at blanks.
        subject: words in ASCII that go before the subject, each if there are several; a message without one
            gets it. Where the line would grow too long the subject goes on in the next.
        ours: names, in lower case, of fields that only we may write: a stranger's are taken out.

    All other bytes stay as they are.
    """
    first = _FIRST_FIELD.match(raw, 0, _MAX_HEADER_BYTES)
    if first is not None and not subject and not _may_hold(raw, ours):
        # Most mail: nothing but our fields to write, and no need to read the others, 1 µs each.
        return _in_front(b"".join(_folded(name, value, first[1]) for name, value in fields))
    header = read_header_section(raw, 0, min(len(raw), _MAX_HEADER_BYTES))
    end = _line_end(raw, header)
    whole = [field for field in header.fields if _begins_line(raw, field)]
    patches = [Patch(field.start, field.end, b"") for field in whole if field.name in ours]
    fields = list(fields)
    if subject:
        places = [raw.index(b":", field.start) + 1 for field in whole if field.name == b"subject"]
        words = f" {subject}".encode("ascii")
        patches += [Patch(at, at, words + _gap_behind(raw, at, words, end)) for at in places]
        if not places:
            fields.append(("Subject", subject))
    front = b"".join(_folded(name, value, end) for name, value in fields)
    if front and raw[:1] in (b" ", b"\t"):
        # Such a line would go on with our last field (see `gateway.trace.stamped`).
        front += end
    return [*_in_front(front), *patches]


def _in_front(octets: bytes) -> list[Patch]:
    return [Patch(0, 0, octets)] if octets else []


def _gap_behind(raw: bytes, at: int, words: bytes, end: bytes) -> bytes:
    """Return what parts our words from the subject: a blank where it has none, a line end where need be.

    An encoded word begins behind white space only (RFC 2047 §5). What goes on in a line of its own must be
    more than blanks: some programs take a blank line for the header's end.
    """
    line_end = raw.find(b"\n", at)
    rest = raw[at : line_end if line_end >= 0 else len(raw)].removesuffix(b"\r")
    if not rest.strip():
        return b""
    blank = b"" if rest[:1] in (b" ", b"\t") else b" "
    begin = raw.rfind(b"\n", 0, at) + 1
    fits = at - begin + len(words) + len(blank) + len(rest) <= _LIMIT
    return blank if fits else end + blank


def _may_hold(raw: bytes, names: Iterable[bytes]) -> bool:
    """Return whether fields with these names, in lower case, may stand before the first empty line."""
    end = _MAX_HEADER_BYTES
    for empty_line in (b"\n\r\n", b"\n\n"):
        at = raw.find(empty_line, 0, end)
        end = end if at < 0 else at
    header = raw[:end].lower()
    return any(name in header for name in names)


def _line_end(raw: bytes, header: HeaderSection) -> bytes:
    at = raw.find(b"\n", 0, header.end + 2)
    return b"\n" if at > 0 and raw[at - 1 : at] != b"\r" else b"\r\n"


def _begins_line(raw: bytes, field: Field) -> bool:
    """Return whether a field begins a line for everybody: behind a lone CR it does for some programs only.

    What is taken out or put in there would, for the others, change the field before it, or take one away.
    """
    return field.start == 0 or raw[field.start - 1 : field.start] == b"\n"


def _folded(name: str, value: str, end: bytes) -> bytes:
    lines = [f"{name}:"]
    for word in value.split(" "):
        if len(lines[-1]) + 1 + len(word) > _LONGEST_LINE and lines[-1] != f"{name}:":
            lines.append("")
        lines[-1] += f" {word}"
    return end.join(line.encode("ascii") for line in lines) + end
