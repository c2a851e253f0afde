"""charsets: decode a part's text so that every character can be traced back to its bytes.

Labels follow the WHATWG encoding list, because that is what mail programs with a browser inside do.
A patch of ours is ASCII, so all that matters is that ASCII bytes mean ASCII characters, and where the
bytes of a character begin.
"""

import codecs
from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec


class CharsetKind(StrEnum):
    """How characters and bytes of a charset hang together."""

    SINGLE = "single"
    UTF8 = "utf8"
    MULTI = "multi"
    UNSAFE = "unsafe"


class Charset(msgspec.Struct, frozen=True):
    """A charset: the Python codec that reads it, and its kind. `UNSAFE` ones are never patched."""

    codec: str
    kind: CharsetKind


UNDECLARED: Final = Charset("cp1252", CharsetKind.SINGLE)
UTF8: Final = Charset("utf-8", CharsetKind.UTF8)
_UNSAFE: Final = Charset("", CharsetKind.UNSAFE)

_UTF8_LABELS: Final = frozenset({"utf-8", "utf8", "unicode-1-1-utf-8", "unicode11utf8", "x-unicode20utf8"})
_LATIN1_LABELS: Final = frozenset(
    {"", "us-ascii", "ascii", "ansi_x3.4-1968", "iso-8859-1", "iso8859-1", "iso88591", "latin1", "latin-1"}
    | {"l1", "iso_8859-1", "cp819", "ibm819", "windows-1252", "cp1252", "x-cp1252", "unknown-8bit", "8bit"}
)
_MULTI_CODECS: Final = {
    "gb18030": ("gb2312", "gb_2312-80", "gb_2312", "csgb2312", "gbk", "x-gbk", "cp936", "gb18030", "chinese"),
    "big5hkscs": ("big5", "big5-hkscs", "cn-big5", "csbig5", "x-x-big5"),
    "cp932": ("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "csshiftjis", "windows-31j", "cp932"),
    "euc_jp": ("euc-jp", "eucjp", "x-euc-jp", "cseucpkdfmtjapanese"),
    "cp949": (
        *("euc-kr", "euckr", "ks_c_5601-1987", "ksc5601", "ksc_5601", "korean", "cseuckr"),
        *("windows-949", "cp949", "uhc"),
    ),
}
_MULTI_LABELS: Final = {label: codec for codec, labels in _MULTI_CODECS.items() for label in labels}
_OTHER_SINGLE: Final = {
    "iso-8859-9": "cp1254",
    "latin5": "cp1254",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "iso-8859-11": "cp874",
    "iso-8859-8-i": "iso8859-8",
    "macintosh": "mac_roman",
    "x-mac-roman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "koi8": "koi8-r",
    "dos-866": "cp866",
}
_PYTHONS_OWN: Final = frozenset({"raw-unicode-escape", "unicode-escape", "idna", "punycode"})
"""Codecs that only Python knows: they look like ASCII and write one character as many bytes."""
_SHIFTS: Final = frozenset(b"\x1b\x0e\x0f")
_ASCII: Final = bytes(range(128))
_STATEFUL_PREFIXES: Final = (
    "utf-7",
    "utf7",
    "unicode-1-1-utf-7",
    "iso-2022",
    "iso2022",
    "csiso2022",
    "hz",
    "utf-16",
    "utf16",
    "utf-32",
    "utf32",
    "ucs-2",
    "ucs-4",
    "iso-10646",
    "unicode",
    "csunicode",
)


@lru_cache(maxsize=256)
def charset_for(label: str) -> Charset:
    """Return the charset that a mail program would read for a declared `label` ("" for none).

    A label that nobody knows is read as windows-1252, as browsers do; one whose ASCII bytes do not mean
    ASCII characters, or that keeps a state (UTF-7, UTF-16, ISO-2022, HZ, EBCDIC), is `UNSAFE`.
    """
    wanted = label.strip().strip("'\"").lower()
    if wanted in _UTF8_LABELS:
        return UTF8
    if wanted in _LATIN1_LABELS:
        return UNDECLARED
    if wanted in _MULTI_LABELS:
        return Charset(_MULTI_LABELS[wanted], CharsetKind.MULTI)
    if wanted in _OTHER_SINGLE:
        return Charset(_OTHER_SINGLE[wanted], CharsetKind.SINGLE)
    if wanted.startswith(_STATEFUL_PREFIXES):
        return _UNSAFE
    try:
        reads_ascii = _ASCII.decode(wanted) == _ASCII.decode("ascii")
        # Python knows UTF-8 by more names than the list: utf, u8, utf_8, cp65001, utf-8-sig.
        codec = codecs.lookup(wanted).name
        if codec in ("utf-8", "utf-8-sig"):
            return UTF8
        if codec in _PYTHONS_OWN:
            return _UNSAFE
        single = reads_ascii and all(
            len(bytes((first, second)).decode(wanted, "replace")) == 2
            for first in range(128, 256)
            for second in (0x41, first)
        )
    except (LookupError, TypeError):
        return UNDECLARED
    except ValueError:
        return UNDECLARED if "\0" in wanted else _UNSAFE
    if not reads_ascii:
        return _UNSAFE
    return Charset(wanted, CharsetKind.SINGLE if single else CharsetKind.MULTI)


class DecodedText:
    """The text of a part, and the way back from characters to bytes."""

    __slots__ = ("_codec", "text")

    def __init__(self, text: str, codec: str) -> None:
        self.text = text
        self._codec = codec

    def byte_offsets(self, offsets: list[int]) -> list[int]:
        """Return the byte offset of each character offset; `offsets` ascend."""
        codec = self._codec
        if not codec:
            return offsets
        found: list[int] = []
        character = byte = 0
        for offset in offsets:
            byte += len(self.text[character:offset].encode(codec, "surrogateescape"))
            character = offset
            found.append(byte)
        return found


def decode_text(data: bytes, label: str) -> DecodedText | None:
    """Decode `data` by its declared charset `label` ("" where none); None when it may not be patched."""
    charset = charset_for(label)
    if charset.kind is CharsetKind.UNSAFE and label.startswith("iso-2022") and not _SHIFTS.intersection(data):
        # Without a shift ISO-2022 is ASCII (RFC 1468, RFC 1557): much Japanese mail has such parts.
        charset = UNDECLARED
    if charset.kind is CharsetKind.UNSAFE or data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    if data.isascii():
        return DecodedText(data.decode("ascii"), "")
    if data.startswith(b"\xef\xbb\xbf"):
        charset = UTF8
    if not label:
        charset = _guess(data)
    if charset.kind is CharsetKind.SINGLE:
        return DecodedText(data.decode(charset.codec, "surrogateescape"), "")
    if charset.kind is CharsetKind.UTF8:
        return DecodedText(data.decode("utf-8", "surrogateescape"), "utf-8")
    try:
        text = data.decode(charset.codec)
        faithful = text.encode(charset.codec) == data
    except UnicodeError:
        faithful = False
        text = ""
    if not faithful:
        # No double-byte charset uses the bytes of white space, < > " ' & or = as second byte, so the
        # structure of HTML and the ends of URLs are seen rightly in a byte for character view.
        return DecodedText(data.decode("latin-1"), "")
    return DecodedText(text, charset.codec)


def _guess(data: bytes) -> Charset:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return UNDECLARED
    return UTF8
