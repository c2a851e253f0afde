"""charset_labels: which charset a label means, as a mail program with a browser inside reads it.

The WHATWG Encoding Standard comes first (its table of 228 labels is in turbohtml), then Python's own codecs,
which stand for what iconv, ICU and Java know besides.
"""

import codecs
import encodings
import re
from encodings.aliases import aliases
from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec
import turbohtml
import turbohtml.detect  # registers the codecs `whatwg-NAME`, the standard's own decoders

from backstamp.mail.charsets.shifted_sets import ShiftFamily


class CharsetKind(StrEnum):
    """How characters and bytes of a charset hang together."""

    SINGLE = "single"
    UTF8 = "utf8"
    MULTI = "multi"
    STATEFUL = "stateful"
    UNSAFE = "unsafe"


class Charset(msgspec.Struct, frozen=True):
    """A charset. `UNSAFE` ones are never patched.

    Attributes: `codec` reads it in Python ("" where none does); `encoding` is the WHATWG name, in lower
    case, of the document's encoding as it counts for the query of a URL; `agreed` is False where some
    readers do not know the label, or refuse it, and so see the bytes as they are; `family` says which
    shifts a `STATEFUL` one knows.
    """

    codec: str
    kind: CharsetKind
    encoding: str = "utf-8"
    agreed: bool = False
    family: ShiftFamily | None = None


UNDECLARED: Final = Charset("whatwg-windows-1252", CharsetKind.SINGLE, "windows-1252")
"""What bytes without a (known) declaration are, if they are no UTF-8."""
UTF8: Final = Charset("utf-8", CharsetKind.UTF8, "utf-8", agreed=True)
WIDE: Final = Charset("", CharsetKind.UNSAFE, "utf-16le")
"""UTF-16, UTF-32 and their like: an ASCII character is written with NUL bytes."""
_UNSAFE: Final = Charset("", CharsetKind.UNSAFE)

_MULTI: Final = frozenset({"big5", "euc-jp", "euc-kr", "gb18030", "gbk", "shift_jis"})
_PYTHONS_OWN: Final = frozenset({"raw_unicode_escape", "unicode_escape", "idna", "punycode"})
"""Codecs that only Python knows: they look like ASCII and write one character as many bytes."""
_STANDARD_NAMES: Final = {
    "big5hkscs": "big5",
    "cp874": "windows-874",
    "cp932": "shift_jis",
    "cp949": "euc-kr",
    "cp950": "big5",
    "iso8859_16": "iso-8859-16",
    "latin_1": "windows-1252",
    "mac_cyrillic": "x-mac-cyrillic",
    "mac_roman": "macintosh",
    "utf_8_sig": "utf-8",
}
"""Codecs of Python whose names are no labels of the standard, and what the standard calls them."""
_MODULES: Final = frozenset(aliases.values()) | frozenset(
    {"charmap", "cp1006", "cp720", "cp737", "cp856", "cp874", "cp875", "iso8859_1", "koi8_t", "koi8_u"}
    | {"mac_arabic", "mac_croatian", "mac_farsi", "mac_romanian", "palmos", "utf_8_sig"}
    | _PYTHONS_OWN
)
"""Python's codecs by name: to look for any other would make Python import, and remember, what a mail says."""

_FAMILIES: Final = {
    "hz": ShiftFamily.HZ,
    "hz-gb-2312": ShiftFamily.HZ,
    "iso2022_jp": ShiftFamily.JAPANESE,
    "iso2022_jp_1": ShiftFamily.JAPANESE_EXTENDED,
    "iso2022_jp_2": ShiftFamily.JAPANESE_EXTENDED,
    "iso2022_jp_2004": ShiftFamily.JAPANESE_EXTENDED,
    "iso2022_jp_3": ShiftFamily.JAPANESE_EXTENDED,
    "iso2022_jp_ext": ShiftFamily.JAPANESE_EXTENDED,
    "iso2022_kr": ShiftFamily.KOREAN,
    "iso-2022-kr": ShiftFamily.KOREAN,
    "csiso2022kr": ShiftFamily.KOREAN,
    "iso-2022-cn": ShiftFamily.CHINESE,
    "iso-2022-cn-ext": ShiftFamily.CHINESE,
    "csiso2022jp2": ShiftFamily.JAPANESE_EXTENDED,
    "cp50220": ShiftFamily.JAPANESE_EXTENDED,
    "cp50221": ShiftFamily.JAPANESE_EXTENDED,
}
_PYTHONS_STATEFUL: Final = {
    ShiftFamily.HZ: "hz",
    ShiftFamily.JAPANESE: "iso2022_jp",
    ShiftFamily.JAPANESE_EXTENDED: "iso2022_jp_2",
    ShiftFamily.KOREAN: "iso2022_kr",
    ShiftFamily.CHINESE: "",
}
_WIDE: Final = re.compile(
    r"utf[-_]?(?:16|32)|ucs[-_]?[24]|10646|unicode(?!.*(?:utf|imap)[-_]?[78])|cp120[01]0{0,2}$"
)
_OTHER_UNSAFE: Final = re.compile(
    # Also what ICU and iconv know and Python does not. A numbered page of IBM's may be EBCDIC.
    r"utf[-_]?(?:7|1$|ebcdic|imap)|utf7|imap|ebcdic|scsu|bocu|lmbcs|compound[-_]?text|iso[-_]?2022"
    r"|(?:ibm|cp|ccsid)[-_]?\d+$"
)
_ASCII: Final = bytes(range(128))
_MAX_LABEL: Final = 64
_AROUND: Final = " \t\r\n\f'\""


def charset_for(label: str) -> Charset:
    """Return the charset that a mail program would read for a declared `label` ("" for none).

    A label that nobody knows counts as none. One whose ASCII bytes do not mean ASCII characters (UTF-7,
    UTF-16, EBCDIC) is `UNSAFE`. Names: https://encoding.spec.whatwg.org/#names-and-labels
    """
    if len(label) > _MAX_LABEL:
        label = label.strip(_AROUND)
    return UNDECLARED if len(label) > _MAX_LABEL else _known_charset(label)


def codec_of_unsafe(label: str) -> str:
    """Return the name of Python's codec for a charset in which nothing may be changed, "" without one.

    Those that only Python knows are none to mail programs, and Punycode's takes time by the square.
    """
    if charset_for(label).kind is not CharsetKind.UNSAFE:
        return ""
    module = _python_module(label.partition("\0")[0].strip(_AROUND).lower()) or ""
    return "" if module in _PYTHONS_OWN else module


@lru_cache(maxsize=1024)
def _known_charset(label: str) -> Charset:
    wanted = label.partition("\0")[0].strip(_AROUND).lower()
    if not wanted or not wanted.isascii():
        return UNDECLARED
    name = _standard_name(wanted)
    if name is not None and name != "replacement":
        return _standard(name, agreed=True)
    if wanted in _FAMILIES:
        return _stateful(_FAMILIES[wanted])
    module = _python_module(wanted)
    if module is not None:
        return _python_charset(module)
    if _WIDE.search(wanted):
        return WIDE
    return _UNSAFE if _OTHER_UNSAFE.search(wanted) else UNDECLARED


def _standard_name(label: str) -> str | None:
    """Return the standard's name, in lower case, of the encoding that has this label."""
    try:
        name = turbohtml.parse(b"", encoding=label).encoding
    except LookupError:
        return None
    return name.lower() if name else None


def _standard(name: str, *, agreed: bool) -> Charset:
    if name == "utf-8":
        return UTF8
    if name.startswith("utf-16"):
        return WIDE
    if name == "iso-2022-jp":
        return _stateful(ShiftFamily.JAPANESE)
    kind = CharsetKind.MULTI if name in _MULTI else CharsetKind.SINGLE
    return Charset(f"whatwg-{name}", kind, name, agreed)


def _stateful(family: ShiftFamily) -> Charset:
    """Browsers read HZ and the Korean and Chinese ISO-2022 as nothing, and know one Japanese one."""
    japanese = family is ShiftFamily.JAPANESE
    return Charset(
        _PYTHONS_STATEFUL[family],
        CharsetKind.STATEFUL,
        "iso-2022-jp" if japanese else "utf-8",
        agreed=japanese,
        family=family,
    )


def _python_module(label: str) -> str | None:
    """Return the name of Python's codec for a label, found as Python finds it, without importing it."""
    key = encodings.normalize_encoding(label)
    module = aliases.get(key) or aliases.get(key.replace(".", "_")) or key
    return module if module in _MODULES else None


def _python_charset(module: str) -> Charset:
    if module in _FAMILIES:
        return _stateful(_FAMILIES[module])
    name = _STANDARD_NAMES.get(module) or _standard_name(module.replace("_", "-"))
    if name is not None:
        return _standard(name, agreed=False)
    if module in _PYTHONS_OWN:
        return _UNSAFE
    if module.startswith(("utf_16", "utf_32")):
        return WIDE
    try:
        ascii_text = _ASCII.decode(module)
        single = all(
            len(bytes((first, second)).decode(module, "replace")) == 2
            for first in range(128, 256)
            for second in (0x41, first)
        )
    except LookupError:  # no codec of texts (base64, rot13), or one of Windows only
        return UNDECLARED
    except ValueError:
        return _UNSAFE
    return _by_reading_of_ascii(codecs.lookup(module).name, ascii_text, single=single)


def _by_reading_of_ascii(codec: str, ascii_text: str, *, single: bool) -> Charset:
    """Our patches hold neither a backslash nor a tilde, in whose place JIS X 0201 has other signs."""
    strange = {read for read, byte in zip(ascii_text, _ASCII, strict=False) if ord(read) != byte}
    if len(ascii_text) != len(_ASCII) or strange - {"\N{YEN SIGN}", "\N{OVERLINE}"}:
        return _UNSAFE
    return Charset(codec, CharsetKind.SINGLE if single else CharsetKind.MULTI)
