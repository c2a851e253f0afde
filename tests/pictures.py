"""Small pictures in the formats of logos: the beginnings of real ones, which say how large they are."""

from struct import pack


def png(width: int, height: int) -> bytes:
    """Return the beginning of a PNG image (RFC 2083, section 3)."""
    return b"\x89PNG\r\n\x1a\n" + pack(">I4sII5x", 13, b"IHDR", width, height)


def gif(width: int, height: int) -> bytes:
    """Return the beginning of a GIF image."""
    return b"GIF89a" + pack("<HH3x", width, height)


def jpeg(width: int, height: int) -> bytes:
    """Return the beginning of a JPEG image: a segment of the application, fill bytes, then the frame."""
    application = b"\xff\xe0" + pack(">H", 16) + b"JFIF\0" + bytes(9)
    return b"\xff\xd8" + application + b"\xff\xff\xc2" + pack(">HBHHB", 17, 8, height, width, 3)


def webp(chunk: bytes, body: bytes) -> bytes:
    """Return a WebP image of one chunk."""
    return b"RIFF" + pack("<I", 4 + 8 + len(body)) + b"WEBP" + chunk + pack("<I", len(body)) + body


def webp_lossy(width: int, height: int) -> bytes:
    """Return the beginning of a key frame of VP8 (RFC 6386, section 9.1)."""
    return webp(b"VP8 ", bytes(3) + b"\x9d\x01\x2a" + pack("<HH", width, height | 0x4000))


def webp_lossless(width: int, height: int) -> bytes:
    """Return the beginning of a lossless image (RFC 9649, section 3.4)."""
    return webp(b"VP8L", b"\x2f" + pack("<I", (width - 1) | (height - 1) << 14))


def webp_extended(width: int, height: int) -> bytes:
    """Return an extended file's first chunk (RFC 9649, section 2.7)."""
    return webp(b"VP8X", bytes(4) + pack("<I", width - 1)[:3] + pack("<I", height - 1)[:3])
