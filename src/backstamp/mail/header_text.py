"""header_text: values of header fields as text for people and records: decoded, on one line, bounded."""

import re
from email.errors import MessageError
from email.header import decode_header
from email.utils import parseaddr
from typing import Final

LONGEST: Final = 500
"""Characters of a value that are kept."""
_ADDRESS: Final = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+")
_BRACKETED: Final = re.compile(r"<([^<>]{1,4096})>")


def one_line(text: str, longest: int = LONGEST) -> str:
    """Return text as it may be logged and stored: valid, printable, on one line, cut."""
    words = as_utf8(text[: 4 * longest])
    if not words.isprintable():
        words = "".join(each if each.isprintable() else " " for each in words)
    return " ".join(words.split())[:longest]


def as_utf8(text: str) -> str:
    """Return text without lone surrogates: octets that a header holds beyond ASCII are read as UTF-8."""
    try:
        octets = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # Some charsets of encoded words can spell a surrogate that stands for no octet.
        octets = text.encode("utf-8", "replace")
    return octets.decode("utf-8", "replace")


def decoded(body: str, longest: int = LONGEST) -> str:
    """Decode encoded words (RFC 2047); raw 8-bit octets are read as UTF-8."""
    body = body[: 8 * longest]
    if "=?" not in body:
        return one_line(body, longest)
    words: list[str] = []
    try:
        for piece, charset in decode_header(as_utf8(body)):
            if isinstance(piece, str):
                words.append(piece)
            else:
                words.append(_decoded_word(piece, charset))
    except (ValueError, MessageError):
        return one_line(body, longest)
    return one_line("".join(words), longest)


def first_address(body: str) -> str:
    """Return the addr-spec of the first mailbox of an address field, or an empty string."""
    text = one_line(body[: 8 * LONGEST])
    try:
        address = parseaddr(text)[1]
    except RecursionError:
        address = ""  # it goes down once for each comment within a comment
    if _ADDRESS.fullmatch(address):
        return address
    found = _BRACKETED.search(text)
    return found[1] if found is not None and _ADDRESS.fullmatch(found[1]) else ""


def _decoded_word(piece: bytes, charset: str | None) -> str:
    try:
        # `decode_header` gives what stands between encoded words in this form.
        return piece.decode(charset or "raw-unicode-escape", "replace")
    except (LookupError, ValueError):
        return piece.decode("utf-8", "replace")
