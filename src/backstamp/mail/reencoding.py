"""reencoding: put a part whose lines grew too long into quoted-printable (RFC 2045 §6.7)."""

from backstamp.mail.patches import Patch
from backstamp.mail.quoted_printable import encode_quoted_printable
from backstamp.mail.structure import Part


def newline_of(raw: bytes, start: int, end: int) -> bytes:
    """Return the line end that `raw[start:end]` uses first, CRLF where there is none."""
    at = min(
        (found for found in (raw.find(b"\r", start, end), raw.find(b"\n", start, end)) if found >= 0),
        default=-1,
    )
    if at < 0:
        return b"\r\n"
    return b"\r\n" if raw.startswith(b"\r\n", at) else raw[at : at + 1]


def reencode_part(raw: bytes, part: Part, data: bytes) -> list[Patch]:
    """Return the patches that put `data` into `part` as quoted-printable, and say so in its header."""
    newline = newline_of(raw, part.header.start, part.end)
    declaration = b"Content-Transfer-Encoding: quoted-printable"
    body = encode_quoted_printable(data, newline)
    if not part.header.orderly:
        # The body began without an empty line before it, and its first line may now look like a field.
        body = newline + body
    patches = [Patch(part.body_start, part.end, body)]
    fields = part.header.all(b"content-transfer-encoding")
    for number, field in enumerate(fields):
        patches.append(Patch(field.start, field.end, b"" if number else declaration + newline))
    if not fields:
        patches.append(Patch(part.header.end, part.header.end, declaration + newline))
    return patches
