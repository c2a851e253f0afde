"""xtext: text in parameters; "+" and two hexadecimal digits for what may not stand there (RFC 3461 §4)."""

import re
from typing import Final

_ESCAPED: Final = re.compile(r"\+([0-9A-F]{2})")
_XTEXT: Final = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
_UNSAFE: Final = re.compile(rb"[^!-*,-<>-~]")


def is_xtext(text: str) -> bool:
    """Whether the text is well-formed xtext."""
    return _XTEXT.fullmatch(text) is not None


def decode_xtext(text: str) -> str:
    """Return what xtext stands for; bytes that are no UTF-8 become lone surrogates."""
    octets = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text).encode("latin-1", "replace")
    return octets.decode("utf-8", "surrogateescape")


def encode_xtext(text: str) -> str:
    """Return the text as xtext."""
    octets = text.encode("utf-8", "surrogateescape")
    return _UNSAFE.sub(lambda match: b"+%02X" % match[0][0], octets).decode("ascii")
