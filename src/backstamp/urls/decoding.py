"""decoding: what percent-encoding and base64 hide in a URL, as text that loses no octet."""

import binascii
import re
from base64 import b64decode
from typing import Final
from urllib.parse import unquote_to_bytes

_ESCAPED_SCHEME: Final = re.compile(r"https?%(?:25)*3a", re.IGNORECASE)
_MAX_ESCAPES: Final = 3
_NOT_UTF8: Final = re.compile("[\udc80-\udcff]")
_TO_PLAIN_BASE64: Final = str.maketrans("-_", "+/")


def as_text(raw: bytes) -> str:
    """Return the bytes of a URL as text; what is no UTF-8 is percent-encoded and so keeps its bytes."""
    text = raw.decode("utf-8", "surrogateescape")
    return _NOT_UTF8.sub(lambda match: f"%{ord(match[0]) - 0xDC00:02X}", text)


def unescaped(text: str) -> str:
    """Undo percent-encoding once."""
    return as_text(unquote_to_bytes(text))


def unescaped_url(text: str) -> str:
    """Undo percent-encoding once, and again while the scheme's colon is still encoded: some encode twice."""
    for _ in range(_MAX_ESCAPES):
        text = unescaped(text)
        if not has_escaped_scheme(text):
            break
    return text


def has_escaped_scheme(text: str) -> bool:
    """Return whether a text is a URL that is percent-encoded whole, as often as may be."""
    return _ESCAPED_SCHEME.match(text) is not None


def base64_decoded(text: str) -> bytes | None:
    """Decode base64 of either alphabet, with or without padding; None for anything else."""
    text = text.translate(_TO_PLAIN_BASE64).rstrip("=")
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
