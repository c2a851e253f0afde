"""damaged_base64: what mail programs make of base64 that is none by the standard."""

import binascii
import re
from collections.abc import Iterator
from typing import Final

_OTHERS: Final = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
)
_URL_ALPHABET: Final = bytes.maketrans(b"-_", b"+/")
_PADDING: Final = re.compile(rb"=+")
_MOST_TEXTS: Final = 1000


def damaged_base64_readings(body: bytes) -> Iterator[bytes]:
    """Yield what programs may decode: without what is not in the alphabet (RFC 2045 §6.8), on behind padding.

    Those that stop at the padding show a beginning of it. Some know the alphabet of URLs, too (Node.js).
    """
    yield _joined(body.translate(None, _OTHERS))
    if b"-" in body or b"_" in body:
        yield _joined(body.translate(_URL_ALPHABET).translate(None, _OTHERS))


def _joined(characters: bytes) -> bytes:
    pieces = _PADDING.split(characters, maxsplit=_MOST_TEXTS)[:_MOST_TEXTS]
    whole = (piece[:-1] if len(piece) % 4 == 1 else piece for piece in pieces)
    return b"".join(binascii.a2b_base64(piece + b"=" * (-len(piece) % 4)) for piece in whole)
