"""decoded_text: the bytes of a part read in one charset, with the way back from characters to bytes."""

import re
from collections.abc import Callable
from functools import partial
from typing import Final

from backstamp.mail.charsets.charset_labels import UNDECLARED, Charset, CharsetKind
from backstamp.mail.charsets.double_bytes import CountedText
from backstamp.mail.charsets.stateful_charsets import has_shifts, read_shifted

_Places = Callable[[list[int]], list[int]]

_OVERLONG: Final = re.compile(rb"(?:\xc0|\xe0\x80|\xf0\x80\x80)[\xa2\xa7\xbc\xbe]")
"""Longer forms of `"`, `'`, `<` and `>` than UTF-8 allows."""
_HALF: Final = re.compile(r"([^\x00-\x7f])[0-9A-Za-z](?=(?i:https?://|www\.))")
_CONTINUING: Final = bytes(range(0x80, 0xC0))
"""Bytes of a character in UTF-8 but the first."""


class DecodedText:
    """The text of a part, and the way back from characters to bytes.

    `encoding` is the WHATWG name, in lower case, of the encoding that counts for the query of a URL in it.
    `is_utf8`: all of the bytes are UTF-8 by the standard, where `utf8_offsets` leads back without the text.
    """

    __slots__ = ("_places", "encoding", "is_utf8", "text")

    def __init__(
        self, text: str, encoding: str, places: _Places | None = None, *, is_utf8: bool = False
    ) -> None:
        self.text = text
        self.encoding = encoding
        self.is_utf8 = is_utf8
        self._places = places

    @property
    def is_one_to_one(self) -> bool:
        """Whether each character is one byte."""
        return self._places is None

    def byte_offsets(self, offsets: list[int]) -> list[int]:
        """Return the byte offset of each character offset; `offsets` ascend."""
        return offsets if self._places is None else self._places(offsets)

    def after_mark(self, size: int) -> "DecodedText":
        """Return the same text for bytes with a byte order mark of this size before it."""

        def places(offsets: list[int]) -> list[int]:
            return [size + offset for offset in self.byte_offsets(offsets)]

        return DecodedText(self.text, self.encoding, places)


def read_as(data: bytes, charset: Charset, *, html: bool) -> DecodedText | None:
    """Return the text in this charset; None where those who read it may not agree, or it is `UNSAFE`.

    In a plain text of doubtful charset a letter or digit between an octet that is no ASCII and `http://`
    is U+FFFD: it may be the second half of a character, and what follows an address.
    """
    if charset.family is not None:
        return _read_shifted(data, charset, html=html)
    if charset.kind is CharsetKind.MULTI:
        return _read_multi(data, charset)
    if charset.kind is CharsetKind.UNSAFE:
        return None
    if data.isascii():
        return DecodedText(data.decode("ascii"), charset.encoding)
    if charset.kind is CharsetKind.UTF8:
        return _read_utf8(data, html=html)
    text = data.decode(charset.codec, "replace")
    if not html and charset.encoding == "windows-1252":
        text = _HALF.sub("\\1\ufffd", text)
    return DecodedText(text, charset.encoding)


def _read_shifted(data: bytes, charset: Charset, *, html: bool) -> DecodedText | None:
    assert charset.family is not None, "only such charsets come here"
    if has_shifts(data, charset.family):
        shifted = read_shifted(data, charset.family, blank=not html)
        return DecodedText(shifted.text, charset.encoding, shifted.byte_offsets) if shifted else None
    # Without a shift it is ASCII (RFC 1468, RFC 1557): much Japanese mail has such parts.
    if data.isascii():
        return DecodedText(data.decode("ascii"), charset.encoding)
    return read_as(data, UNDECLARED, html=html)


def _read_multi(data: bytes, charset: Charset) -> DecodedText | None:
    if charset.codec.startswith("whatwg-"):
        text = data.decode(charset.codec)
        if data.isascii():
            return DecodedText(text, charset.encoding)
        return DecodedText(text, charset.encoding, CountedText(data, text, charset.encoding).byte_offsets)
    try:
        text = data.decode(charset.codec)
        if text.encode(charset.codec) != data:
            return None
    except UnicodeError:
        return None
    return DecodedText(text, charset.encoding, partial(_encoded_offsets, text, charset.codec))


def _read_utf8(data: bytes, *, html: bool) -> DecodedText | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        if html and _OVERLONG.search(data):
            return None
        text = data.decode("utf-8", "replace")
        if not html:
            text = _HALF.sub("\\1\ufffd", text)
        return DecodedText(text, "utf-8", CountedText(data, text, "utf-8").byte_offsets)
    return DecodedText(text, "utf-8", partial(utf8_offsets, data), is_utf8=True)


def utf8_offsets(data: bytes, offsets: list[int]) -> list[int]:
    """Return the byte offset of each character offset in UTF-8 by the standard; `offsets` ascend."""
    found: list[int] = []
    character = byte = 0
    for offset in offsets:
        # So many characters take as many bytes at least; those that begin there are counted.
        while character < offset and byte < len(data):
            ahead = data[byte : byte + offset - character]
            byte += len(ahead)
            character += len(ahead.translate(None, _CONTINUING))
        while byte < len(data) and data[byte] in _CONTINUING:
            byte += 1
        found.append(byte)
    return found


def _encoded_offsets(text: str, codec: str, offsets: list[int]) -> list[int]:
    found: list[int] = []
    character = byte = 0
    for offset in offsets:
        byte += len(text[character:offset].encode(codec))
        character = offset
        found.append(byte)
    return found
