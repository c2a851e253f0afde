"""What a reader needs of a mail's parts: the body as HTML or text, and the images inside it.

Read with the product's own part tree, whose limits hold: Python's `email` takes minutes for one hostile
mail of a megabyte (20,000 parameters, 200,000 parts), and holds up every other page meanwhile.
"""

import base64
import binascii
from collections.abc import Iterator
from typing import Final

from backstamp.mail.charsets.charset_labels import charset_for
from backstamp.mail.multipart import TooManyPartsError
from backstamp.mail.structure import Part, StructureLimits, parse_structure

LARGEST_INLINE_IMAGE: Final = 2 * 1024 * 1024
MAX_INLINE_IMAGES: Final = 40

_IMAGE_TYPES: Final = frozenset({"image/gif", "image/jpeg", "image/png", "image/webp", "image/bmp"})
_STATEFUL: Final = {
    **{label: label for label in ("iso-2022-jp", "iso-2022-kr", "utf-7", "utf-16", "utf-16le", "utf-16be")},
    "hz-gb-2312": "hz",
}
"""Charsets that the rewriter leaves alone, and a reader shows. No others: some of Python's codecs
(punycode) take a time that grows with the square of the length."""
_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64: Final = bytes(set(range(256)).difference(_BASE64))


class MailParts:
    """The parts of one mail; never raises, whatever the mail."""

    def __init__(self, raw: bytes) -> None:
        """Read the part tree; a mail of too many parts has none."""
        self._raw = raw
        try:
            self._root: Part | None = parse_structure(raw, StructureLimits())
        except TooManyPartsError:
            self._root = None

    def body(self, media_type: str) -> str:
        """Return the part of this type that a mail program shows as the body; "" where there is none."""
        part = None if self._root is None else _body(self._root, media_type)
        return "" if part is None else _text(self._decoded(part), part.charset_label)

    def images(self) -> dict[str, str]:
        """Return the images that the HTML may name by `cid:`, as `data:` URLs by Content-ID."""
        found: dict[str, str] = {}
        for part in () if self._root is None else _leaves(self._root):
            name = (part.header.first(b"content-id") or "").strip("<>")
            if not name or part.media_type not in _IMAGE_TYPES:
                continue
            image = self._decoded(part)
            if len(image) <= LARGEST_INLINE_IMAGE:
                found[name] = f"data:{part.media_type};base64,{base64.b64encode(image).decode()}"
            if len(found) == MAX_INLINE_IMAGES:
                break
        return found

    def _decoded(self, part: Part) -> bytes:
        """Return the part's octets, as far as its transfer encoding can be undone."""
        data = self._raw[part.body_start : part.end]
        if part.cte == "quoted-printable":
            return binascii.a2b_qp(data)
        if part.cte == "base64":
            try:
                return binascii.a2b_base64(data)
            except binascii.Error:  # cut short; whole groups of four are good
                letters = data.translate(None, _NOT_BASE64)
                return binascii.a2b_base64(letters[: len(letters) // 4 * 4])
        return data


def _body(part: Part, media_type: str) -> Part | None:
    """Of alternatives the last that has it (RFC 2046 §5.1.4), else the first part that does."""
    if part.disposition == "attachment":
        return None
    if not part.children:
        return part if part.media_type == media_type else None
    if not part.is_multipart:
        return None
    children = part.children
    for child in reversed(children) if part.media_type == "multipart/alternative" else children:
        found = _body(child, media_type)
        if found is not None:
            return found
    return None


def _leaves(part: Part) -> Iterator[Part]:
    if not part.children:
        yield part
    for child in part.children:
        yield from _leaves(child)


def _text(data: bytes, label: str) -> str:
    codec = _STATEFUL.get(label) or charset_for(label).codec or "latin-1"
    if not label:
        codec = "utf-8"
    text = data.decode(codec, "replace").replace("\r\n", "\n")
    # UTF-7 can spell half a character, which no answer can hold.
    return text.encode("utf-8", "replace").decode("utf-8")
