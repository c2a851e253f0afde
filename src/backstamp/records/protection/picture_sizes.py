"""How large a picture says it is, by the first bytes of its format; nothing is unpacked.

A few bytes may say that they are 16,383 pixels each way, and cost whoever looks at them a gigabyte.
"""

import re
from struct import error, unpack_from
from typing import Final, NamedTuple

_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Segments that say the size: a frame header of whatever coding (ITU-T T.81, table B.1)."""
_JPEG_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length."""
_WEBP: Final = re.compile(rb"RIFF....WEBP(VP8[ LX])", re.DOTALL)


class Picture(NamedTuple):
    """A format's media type, and the size in pixels that a picture claims."""

    media_type: str
    width: int
    height: int


def picture(data: bytes) -> Picture | None:
    """Return what a PNG, JPEG, GIF or WebP image says of itself; None for anything else."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
            return Picture("image/png", *unpack_from(">II", data, 16))
        if data.startswith((b"GIF87a", b"GIF89a")):
            return Picture("image/gif", *unpack_from("<HH", data, 6))
        if data.startswith(b"\xff\xd8\xff"):
            return Picture("image/jpeg", *_size_of_jpeg(data))
        if found := _WEBP.match(data):
            return Picture("image/webp", *_size_of_webp(data, found[1]))
    except (error, IndexError):
        return None  # It ends before it says so.
    return None


def _size_of_jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    while True:
        if data[at] != 0xFF:
            raise IndexError
        marker = data[at + 1]
        if marker == 0xFF:  # Fill bytes (B.1.1.2).
            at += 1
        elif marker in _JPEG_ALONE:
            at += 2
        elif marker in _JPEG_FRAMES:
            height, width = unpack_from(">HH", data, at + 5)
            return width, height
        else:
            (length,) = unpack_from(">H", data, at + 2)
            at += 2 + length


def _size_of_webp(data: bytes, chunk: bytes) -> tuple[int, int]:
    """By the first chunk (RFC 9649, sections 2.5 to 2.7, 3.4; RFC 6386, section 9.1)."""
    if chunk == b"VP8X":
        low_width, high_width, low_height, high_height = unpack_from("<HBHB", data, 24)
        return (low_width | high_width << 16) + 1, (low_height | high_height << 16) + 1
    if chunk == b"VP8L":
        (bits,) = unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF
