"""reencoding: put a part whose lines grew too long into quoted-printable (RFC 2045 §6.7)."""

from typing import Final

from backstamp.mail.encodings.quoted_printable import MAX_LINE, quoted_printable_lines
from backstamp.mail.header_readings import reads_alike
from backstamp.mail.patches import Patch
from backstamp.mail.structure import Part

_DASHES: Final = b"--"


def newline_of(raw: bytes, start: int, end: int) -> bytes:
    """Return the line end that `raw[start:end]` uses, CRLF where there is none.

    A CR counts only where there is no LF: before one it would become a part of it.
    """
    at = raw.find(b"\n", start, end)
    if at >= 0:
        return b"\r\n" if at > start and raw[at - 1] == 0x0D else b"\n"
    return b"\r" if raw.find(b"\r", start, end) >= 0 else b"\r\n"


def reencode_part(raw: bytes, part: Part, data: bytes) -> list[Patch]:
    """Return the patches that put `data` into `part` as quoted-printable, and say so in its header."""
    newline = newline_of(raw, part.header.start, part.end)
    if newline == b"\r":
        # Among lines that end otherwise a CR ends no header for all programs, whatever the part's text has.
        newline = newline_of(raw, 0, len(raw))
    declaration = b"Content-Transfer-Encoding: quoted-printable"
    lines = [_without_delimiters(line, newline) for line in quoted_printable_lines(data, newline)]
    if not part.header.orderly:
        # The body began without an empty line before it, and its first line may now look like a field.
        lines.insert(0, b"")
    if newline != b"\r":
        lines[0] = _empty_line_for_all(raw, part, newline) + lines[0]
    patches = [Patch(part.body_start, part.end, newline.join(lines))]
    fields = part.header.all(b"content-transfer-encoding")
    for number, field in enumerate(fields):
        patches.append(Patch(field.start, field.end, b"" if number else declaration + newline))
    if not fields:
        # Before a line at which the header ends for some programs, so that those know the encoding too.
        all_fields = part.header.fields
        place = part.header.end if reads_alike(raw, part.header) or not all_fields else all_fields[0].start
        patches.append(Patch(place, place, declaration + newline))
    return patches


def _empty_line_for_all(raw: bytes, part: Part, newline: bytes) -> bytes:
    """Return what makes a header whose last lines a bare CR ends, as it does for us, end for all programs.

    Those that know line feeds alone would read on in our text.
    """
    end = part.body_start
    line = raw[raw.rfind(b"\n", 0, max(end - 1, 0)) + 1 : end].strip(b"\r\n")
    if raw[end - 1 : end] == b"\r":
        # It becomes a line end: that of the empty line, or of the field from which some read on.
        return b"\n" + (newline if line else b"")
    return newline if line and part.header.orderly and part.header.fields else b""


def _without_delimiters(encoded: bytes, newline: bytes) -> bytes:
    """Escape the dashes at the beginning of an encoded line, and of those into which it was broken softly.

    What stood within a long line stands at the beginning of one after a soft break, and would part the
    message there if it were a delimiter of a multipart around us (RFC 2046 §5.1.1).
    """
    if _DASHES not in encoded:
        return encoded
    lines: list[bytes] = []
    for line in encoded.split(newline):
        rest = line
        while rest.startswith(_DASHES):
            if len(rest) + 2 <= MAX_LINE:
                rest = b"=2D" + rest[1:]
            else:
                lines.append(b"=2D=")
                rest = rest[1:]
        lines.append(rest)
    return newline.join(lines)
