"""charsets: decode a part's text so that every character can be traced back to its bytes.

A patch of ours is ASCII, so all that matters is that ASCII bytes mean ASCII characters, to every reader, and
where the bytes of a character begin. Where readers may see another link, the part is not patched.
"""

import re
from collections.abc import Iterator
from typing import Final

from backstamp.mail.charsets.charset_labels import UNDECLARED, UTF8, WIDE, Charset, CharsetKind, charset_for
from backstamp.mail.charsets.decoded_text import DecodedText, read_as
from backstamp.mail.charsets.meta_charset import PRESCANNED, declared_charset, mentioned_charsets
from backstamp.mail.charsets.rival_readings import disagree, may_differ, swallowed
from backstamp.mail.charsets.stateful_charsets import has_shifts, looks_shifted

__all__ = ["DecodedText", "decode_text"]

_MARKS: Final = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff", b"+/v8", b"+/v9", b"+/v+", b"+/v/")
"""Byte order marks of UTF-16, UTF-32 and UTF-7, which some readers believe before any declaration."""
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_JAPANESE: Final = charset_for("iso-2022-jp")
_KOREAN: Final = charset_for("iso-2022-kr")
_GUESSES: Final = (charset_for("gbk"), charset_for("shift_jis"))
"""Double-byte charsets that stand for all, where a reader must guess."""
_SIMPLE: Final = (CharsetKind.UTF8, CharsetKind.SINGLE)
"""Kinds between which no reader of the one finds markup that a reader of the other does not."""
_WIDE_MARKUP: Final = re.compile(rb"<\0{1,3}[!-~]\0|\0<\0{1,3}[!-~]|[!-~]\0{1,3}[:.]\0|\0[!-~]\0{1,3}[:.]")
"""`<a`, `p:` or `w.` in UTF-16 or UTF-32: each link has one. A NUL beside a single sign is only a NUL."""
_KATAKANA: Final = b"\x1b(I"
"""A shift that not all readers of ISO-2022-JP know; to those its letters spell `<A/HREF="HTTP:`."""


def decode_text(
    data: bytes, label: str, *, html: bool = False, prescanned: int = PRESCANNED
) -> DecodedText | None:
    """Return the text of `data` by its declared charset `label` ("" where none).

    None when it may not be patched: because bytes of this charset do not mean ASCII, or because another
    reader may find a link where this reading has none. In HTML the declaration inside the text counts
    where `label` is of no use (https://html.spec.whatwg.org/#determining-the-character-encoding), and is
    taken for another reader's where it contradicts. So is any within the `prescanned` octets.
    """
    charset = charset_for(label)
    if charset.kind is CharsetKind.UNSAFE or data.startswith(_MARKS):
        return None
    others = mentioned_charsets(data, prescanned) if html else []
    guessed = charset is UNDECLARED
    if guessed:
        charset = _of_undeclared(data, html=html)
        if charset.kind is CharsetKind.UNSAFE:
            return None
        others += _GUESSES
    mark = len(_UTF8_MARK) if data.startswith(_UTF8_MARK) else 0
    if mark:
        others.append(charset)
        charset = UTF8
    if charset.family is None and looks_shifted(data):
        shifted = _guessed_shifts(data)
        if shifted is None:
            return None
        others.append(shifted)
        if guessed or charset.encoding == "windows-1252":
            # US-ASCII, too, is taken for no declaration.
            charset, others = shifted, [*others, UNDECLARED]
    decoded = read_as(data[mark:] if mark else data, charset, html=html)
    if mark and decoded is not None:
        decoded = decoded.after_mark(mark)
    if decoded is None or (charset.kind in _SIMPLE and all(other.kind in _SIMPLE for other in others)):
        return decoded
    for rival, by_shifts in _rivals(data, charset, decoded, others, html=html):
        if rival is None or disagree(data, decoded, rival, html=html, shifted=by_shifts):
            return None
    return decoded


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
        if read_as(data, charset, html=True) is not None:
            return charset
    return None


def _rivals(
    data: bytes, charset: Charset, decoded: DecodedText, others: list[Charset], *, html: bool
) -> Iterator[tuple[DecodedText | None, bool]]:
    """Yield what other readers make of the bytes, and whether by shifts; None where it cannot be told."""
    if charset.kind is CharsetKind.MULTI:
        others = [*others, UNDECLARED]
        if "\ufffd" in decoded.text and charset.codec.startswith("whatwg-"):
            yield swallowed(data, charset.encoding), False
    elif charset.family is not None and (not charset.agreed or _KATAKANA in data):
        others = [*others, UNDECLARED]
    for other in others:
        if other.kind is CharsetKind.UNSAFE:
            if other is not WIDE or b"\0" in data:
                yield None, False
        elif _reads_otherwise(data, charset, other, html=html):
            yield read_as(data, other, html=html), other.family is not None


def _reads_otherwise(data: bytes, charset: Charset, other: Charset, *, html: bool) -> bool:
    if charset.family is not other.family:
        families = (charset.family, other.family)
        if any(family is not None and has_shifts(data, family) for family in families):
            return True
    return may_differ(data, charset, other, html=html)
