"""charsets: decode a part's text so that every character can be traced back to its bytes.

A patch of ours is ASCII, so all that matters is that ASCII bytes mean ASCII characters, to every reader, and
where the bytes of a character begin. Where readers may see another link, the part is not patched.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Final

from backstamp.mail.charset_labels import UNDECLARED, UTF8, WIDE, Charset, CharsetKind, charset_for
from backstamp.mail.double_bytes import CountedText
from backstamp.mail.meta_charset import declared_charset, mentioned_charsets
from backstamp.mail.rival_readings import hides_links, may_differ, swallowed_view, view_of
from backstamp.mail.stateful_charsets import has_shifts, looks_shifted, read_shifted

_Places = Callable[[list[int]], list[int]]

_MARKS: Final = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff", b"+/v8", b"+/v9", b"+/v+", b"+/v/")
"""Byte order marks of UTF-16, UTF-32 and UTF-7, which some readers believe before any declaration."""
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_JAPANESE: Final = charset_for("iso-2022-jp")
_KOREAN: Final = charset_for("iso-2022-kr")
_GUESSES: Final = (charset_for("gbk"), charset_for("shift_jis"))
"""Double-byte charsets that stand for all, where a reader must guess."""
_OVERLONG: Final = re.compile(rb"(?:\xc0|\xe0\x80|\xf0\x80\x80)[\xa2\xa7\xbc\xbe]")
"""Longer forms of `"`, `'`, `<` and `>` than UTF-8 allows."""
_WIDE_MARKUP: Final = re.compile(rb"[<:.]\0|\0[<:.]")
_KATAKANA: Final = b"\x1b(I"
"""A shift that not all readers of ISO-2022-JP know; to those its letters spell `<A/HREF="HTTP:`."""
_HALF: Final = re.compile(r"([^\x00-\x7f])[0-9A-Za-z](?=(?i:https?://|www\.))")


class DecodedText:
    """The text of a part, and the way back from characters to bytes.

    `encoding` is the WHATWG name, in lower case, of the encoding that counts for the query of a URL in it.
    """

    __slots__ = ("_places", "encoding", "text")

    def __init__(self, text: str, encoding: str, places: _Places | None = None) -> None:
        self.text = text
        self.encoding = encoding
        self._places = places

    @property
    def is_one_to_one(self) -> bool:
        """Whether each character is one byte."""
        return self._places is None

    def byte_offsets(self, offsets: list[int]) -> list[int]:
        """Return the byte offset of each character offset; `offsets` ascend."""
        return offsets if self._places is None else self._places(offsets)


def decode_text(data: bytes, label: str, *, html: bool = False) -> DecodedText | None:
    """Return the text of `data` by its declared charset `label` ("" where none).

    None when it may not be patched: because bytes of this charset do not mean ASCII, or because another
    reader may find a link where this reading has none. In HTML the declaration inside the text counts
    where `label` is of no use (https://html.spec.whatwg.org/#determining-the-character-encoding), and is
    taken for another reader's where it contradicts.
    """
    charset = charset_for(label)
    if charset.kind is CharsetKind.UNSAFE or data.startswith(_MARKS):
        return None
    others = mentioned_charsets(data) if html else []
    if charset is UNDECLARED:
        charset = _of_undeclared(data, html=html)
        if charset.kind is CharsetKind.UNSAFE:
            return None
        others += _GUESSES
    mark = len(_UTF8_MARK) if data.startswith(_UTF8_MARK) else 0
    if mark:
        charset = UTF8
    if charset.family is None and looks_shifted(data):
        shifted = _guessed_shifts(data)
        if shifted is None:
            return None
        others.append(shifted)
        if charset.encoding == "windows-1252":
            # Declared so or not at all, which comes to the same: readers guess.
            charset, others = shifted, [*others, UNDECLARED]
    decoded = _read(data[mark:] if mark else data, charset, html=html)
    if decoded is None or _is_contested(data, charset, decoded, others, html=html):
        return None
    return decoded if not mark else _after_mark(decoded, mark)


def _of_undeclared(data: bytes, *, html: bool) -> Charset:
    if b"\0" in data and _WIDE_MARKUP.search(data):
        return WIDE
    declared = declared_charset(data) if html else None
    if declared is not None:
        return declared
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return UNDECLARED
    return UTF8


def _guessed_shifts(data: bytes) -> Charset | None:
    """Return which of the charsets with shifts `data` is in; None where readers may not agree."""
    for charset in (_JAPANESE, _KOREAN):
        if view_of(data, charset) is not None:
            return charset
    return None


def _read(data: bytes, charset: Charset, *, html: bool) -> DecodedText | None:
    """Return the text in this charset, whoever else reads it; None where its own readers may not agree."""
    if charset.family is not None:
        return _read_shifted(data, charset, html=html)
    if charset.kind is CharsetKind.MULTI:
        return _read_multi(data, charset)
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
    if not has_shifts(data, charset.family):
        # Without a shift it is ASCII (RFC 1468, RFC 1557): much Japanese mail has such parts.
        if data.isascii():
            return DecodedText(data.decode("ascii"), charset.encoding)
        return _read(data, UNDECLARED, html=html)
    shifted = read_shifted(data, charset.family, blank=not html)
    return DecodedText(shifted.text, charset.encoding, shifted.byte_offsets) if shifted is not None else None


def _read_multi(data: bytes, charset: Charset) -> DecodedText | None:
    if charset.codec.startswith("whatwg-"):
        text = data.decode(charset.codec)
        if data.isascii():
            return DecodedText(text, charset.encoding)
        return DecodedText(text, charset.encoding, CountedText(data, text, charset.encoding).byte_offsets)
    try:
        text = data.decode(charset.codec)
        faithful = text.encode(charset.codec) == data
    except UnicodeError:
        return None
    return (
        DecodedText(text, charset.encoding, partial(_encoded_offsets, text, charset.codec))
        if faithful
        else None
    )


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
    return DecodedText(text, "utf-8", partial(_encoded_offsets, text, "utf-8"))


def _encoded_offsets(text: str, codec: str, offsets: list[int]) -> list[int]:
    found: list[int] = []
    character = byte = 0
    for offset in offsets:
        byte += len(text[character:offset].encode(codec))
        character = offset
        found.append(byte)
    return found


def _after_mark(decoded: DecodedText, mark: int) -> DecodedText:
    def places(offsets: list[int]) -> list[int]:
        return [mark + offset for offset in decoded.byte_offsets(offsets)]

    return DecodedText(decoded.text, decoded.encoding, places)


def _is_contested(
    data: bytes, charset: Charset, decoded: DecodedText, others: list[Charset], *, html: bool
) -> bool:
    """Whether another reader may find a link that we do not."""
    rivals: list[str | None] = []
    standard = charset.codec.startswith("whatwg-")
    if charset.kind is CharsetKind.MULTI and standard and "\ufffd" in decoded.text:
        rivals.append(swallowed_view(data, charset.encoding))
    if not charset.agreed or charset.kind is CharsetKind.MULTI or _KATAKANA in data:
        others = [*others, UNDECLARED]
    for other in others:
        if other.kind is CharsetKind.UNSAFE:
            if other is not WIDE or b"\0" in data:
                return True
        elif _reads_otherwise(data, charset, other, html=html):
            rivals.append(view_of(data, other))
    if not rivals:
        return False
    view = view_of(data, charset)
    return view is None or any(
        rival is None or hides_links(view, rival, html=html) for rival in dict.fromkeys(rivals)
    )


def _reads_otherwise(data: bytes, charset: Charset, other: Charset, *, html: bool) -> bool:
    if charset.family is not other.family:
        families = (charset.family, other.family)
        if any(family is not None and has_shifts(data, family) for family in families):
            return True
    return may_differ(data, charset, other, html=html)
