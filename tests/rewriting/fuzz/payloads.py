"""The editors of encoded bodies: what they write decodes to what was wanted, on lines of lawful length."""

import re
from typing import Final

from backstamp.mail.encodings.transfer import UndecodableError, decode_payload
from backstamp.mail.patches import Patch, apply_patches
from tests.rewriting.sealers import FixedSealer

LONGEST_LINE: Final = {"7bit": 998, "8bit": 998, "binary": 998, "quoted-printable": 76, "base64": 76}
"""Octets of a line that we may write (RFC 5322 §2.1.1, RFC 2045 §6.7, §6.8), in binary where all are such."""
CTES: Final = tuple(LONGEST_LINE)
REPLACEMENTS: Final = (
    FixedSealer(3).link(1, "").encode(),
    FixedSealer(40).link(1, "").encode() + b"?a=1&amp;b=%3D",
    FixedSealer(400).link(1, "").encode(),
    FixedSealer(1100).link(1, "").encode(),
    f'<img src="{FixedSealer().pixel()}" width="1" height="1" alt="">'.encode(),
)
"""What takes the place of a span: never anything that could go on an escape, as `=` and `41` do."""
CONTROL_OCTETS: Final = 7


def editing_holds(data: bytes) -> None:
    """Edit a body: the first octets choose encoding, replacements and up to three spans; the rest is it."""
    control, body = data[:CONTROL_OCTETS].ljust(CONTROL_OCTETS, b"\0"), data[CONTROL_OCTETS:]
    cte = CTES[control[0] % len(CTES)]
    try:
        payload = decode_payload(body, 0, len(body), cte)
    except UndecodableError:
        assert cte == "base64"
        return
    spans = _spans(control[1:], len(payload.data))
    if any(payload.data[max(0, at - 1) : at + 1] == b"\r\n" for span in spans for at in span):
        # Nothing that we replace begins or ends within a line end.
        return
    replacements = [REPLACEMENTS[(control[0] + index) % len(REPLACEMENTS)] for index in range(len(spans))]
    for start, end in payload.raw_spans(spans):
        assert 0 <= start <= end <= len(body)
    patches = payload.writer(spans).write(replacements)
    wanted = apply_patches(
        payload.data, [Patch(*span, text) for span, text in zip(spans, replacements, strict=True)]
    )
    if patches is None:
        assert cte in ("7bit", "8bit", "binary")
        assert _longest(wanted) > 998, "refused without need"
        return
    out = apply_patches(body, patches)
    assert decode_payload(out, 0, len(out), cte).data == wanted
    limit = LONGEST_LINE[cte]
    if cte == "base64":
        # Blanks that stand there already stay, and are no part of the text.
        out, body = (octets.translate(None, b" \t") for octets in (out, body))
    # A soft break may make a line that was too long already longer by its `=`.
    assert _longest(out) <= max(limit, _longest(body) + 1) or (cte == "binary" and _longest(body) > limit)


def _spans(control: bytes, size: int) -> list[tuple[int, int]]:
    """Return spans in order that share no octet and no place: pairs of (distance, length)."""
    spans: list[tuple[int, int]] = []
    position = 0
    for distance, length in zip(control[::2], control[1::2], strict=True):
        start = position + distance + bool(spans)
        if start > size:
            break
        end = min(start + length % 40, size)
        spans.append((start, end))
        position = end
    return spans


def _longest(body: bytes) -> int:
    return max(map(len, re.split(rb"\r\n|\r|\n", body)))
