"""transfer: undo a content transfer encoding, and write patches back into the encoded octets (RFC 2045 §6).

A `Payload` knows the decoded bytes of a part and how to turn edits of those bytes into patches of the
raw message, so that every octet outside the edited spans stays.
"""

import re
from typing import Final, Protocol

from backstamp.mail.encodings.base64_payload import Base64Payload, UndecodableError
from backstamp.mail.encodings.identity_payload import IdentityPayload
from backstamp.mail.encodings.quoted_printable import QuotedPrintablePayload
from backstamp.mail.patches import Patch

_IDENTITY: Final = frozenset({"", "7bit", "8bit", "binary"})
_NO_ENCODING: Final = re.compile(
    r"[5-8][ _-]?bits?|none|plain|text(?:/[a-z]+)?|(?:us-)?ascii|utf-?8|iso-8859-[0-9]{1,2}|windows-125[0-8]"
)
"""Names in the wild (QNAP writes `8bits`) that mail programs do not know either: they then decode nothing."""
_NEARLY: Final = (("quotedprintable", "quoted-printable"), ("base64", "base64"))
_NO_LETTER: Final = re.compile(r"[^a-z0-9]+")
_UUENCODE: Final = frozenset({"uuencode", "x-uuencode", "x-uue", "uue"})


class PatchWriter(Protocol):
    """Turns replacements for spans fixed beforehand into patches; made once, used for every recipient."""

    def write(self, replacements: list[bytes]) -> list[Patch] | None:
        """Return the patches for one replacement per span, or None when a line would pass 998 octets."""


class Payload(Protocol):
    """The decoded bytes of a part, with the way back; `in_doubt` where programs decode other ones."""

    in_doubt: bool

    @property
    def data(self) -> bytes:
        """The decoded bytes."""

    def forget_data(self) -> None:
        """Let the decoded bytes go where the way back needs none; who asks for them decodes once more."""

    def writer(self, spans: list[tuple[int, int]]) -> PatchWriter:
        """Return a writer for these spans of decoded bytes, ascending and not overlapping."""

    def raw_spans(self, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return where these spans of decoded bytes stand in the raw message."""


class UnknownEncodingError(ValueError):
    """The declared transfer encoding is not one of RFC 2045."""


def is_identity(cte: str) -> bool:
    """Whether a lower-case Content-Transfer-Encoding says that the octets are not encoded."""
    return cte in _IDENTITY or _NO_ENCODING.fullmatch(cte) is not None


def meant_encoding(cte: str) -> str:
    """Return which encoding of RFC 2045 an unknown one is a misspelling of, or an empty string.

    Some programs decode `quoted printable`, most show what is there as it stands.
    """
    letters = _NO_LETTER.sub("", cte)
    return next((known for name, known in _NEARLY if name in letters and cte != known), "")


def is_uuencoded(cte: str) -> bool:
    """Whether a lower-case Content-Transfer-Encoding names uuencode."""
    return cte in _UUENCODE


def decode_payload(raw: bytes, start: int, end: int, cte: str) -> Payload:
    """Return the payload of the body `raw[start:end]` under a lower-case transfer encoding.

    Raises `UnknownEncodingError`, and `UndecodableError` for base64 that mail programs read differently.
    """
    if is_identity(cte):
        return IdentityPayload(raw, start, end, is_binary=cte == "binary")
    if cte == "quoted-printable":
        return QuotedPrintablePayload(raw, start, end)
    if cte == "base64":
        return Base64Payload(raw, start, end)
    raise UnknownEncodingError(cte)


__all__ = [
    "PatchWriter",
    "Payload",
    "UndecodableError",
    "UnknownEncodingError",
    "decode_payload",
    "is_identity",
    "is_uuencoded",
    "meant_encoding",
]
