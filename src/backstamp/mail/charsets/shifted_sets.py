"""shifted_sets: the sets of characters that shifts switch to, and which escape sequence means which.

ISO-2022-JP (RFC 1468, 1554, 2237, and JIS X 0213), ISO-2022-KR (RFC 1557), ISO-2022-CN (RFC 1922).
"""

from enum import Enum, auto
from typing import Final

import msgspec
import turbohtml.detect  # noqa: F401 - registers the codecs `whatwg-NAME`


class ShiftFamily(Enum):
    """Which shifts a charset knows."""

    JAPANESE = auto()
    JAPANESE_EXTENDED = auto()
    KOREAN = auto()
    CHINESE = auto()
    HZ = auto()


class CharacterSet(msgspec.Struct, frozen=True):
    """A set of characters: `codec` reads it as EUC, each character after `prefix`; `octets` of each."""

    octets: int
    codec: str = ""
    prefix: bytes = b""


ASCII: Final = CharacterSet(0)
ROMAN: Final = CharacterSet(0, "roman")
KATAKANA: Final = CharacterSet(1, "katakana")
_LATIN: Final = CharacterSet(1)
_KOREAN: Final = CharacterSet(2, "whatwg-euc-kr")
CHINESE: Final = CharacterSet(2, "whatwg-gbk")
_UNREAD: Final = CharacterSet(2)

_JAPANESE: Final = {
    b"(B": ASCII,
    b"(J": ROMAN,
    b"(I": KATAKANA,
    b"$@": CharacterSet(2, "whatwg-euc-jp"),
    b"$B": CharacterSet(2, "whatwg-euc-jp"),
}
LOCKING: Final[dict[ShiftFamily, dict[bytes, CharacterSet]]] = {
    ShiftFamily.JAPANESE: _JAPANESE,
    ShiftFamily.JAPANESE_EXTENDED: {
        **_JAPANESE,
        b"$(@": CharacterSet(2, "whatwg-euc-jp"),
        b"$(B": CharacterSet(2, "whatwg-euc-jp"),
        b"$A": CHINESE,
        b"$(A": CHINESE,
        b"$(C": _KOREAN,
        b"$(D": CharacterSet(2, "whatwg-euc-jp", b"\x8f"),
        b"$(O": CharacterSet(2, "euc_jis_2004"),
        b"$(Q": CharacterSet(2, "euc_jis_2004"),
        b"$(P": CharacterSet(2, "euc_jis_2004", b"\x8f"),
    },
    ShiftFamily.KOREAN: {},
    ShiftFamily.CHINESE: {},
}
"""What an escape sequence (without its ESC) switches to."""
SHIFT_OUT: Final[dict[ShiftFamily, dict[bytes, CharacterSet]]] = {
    ShiftFamily.JAPANESE: {},
    ShiftFamily.JAPANESE_EXTENDED: {},
    ShiftFamily.KOREAN: {b"$)C": _KOREAN},
    ShiftFamily.CHINESE: {b"$)A": CHINESE, b"$)G": _UNREAD, b"$)E": _UNREAD},
}
"""What an escape sequence says that SO will switch to."""
SINGLE_SHIFT: Final[dict[ShiftFamily, dict[bytes, tuple[bytes, CharacterSet]]]] = {
    ShiftFamily.JAPANESE: {},
    ShiftFamily.JAPANESE_EXTENDED: {b".A": (b"N", _LATIN), b".F": (b"N", _LATIN)},
    ShiftFamily.KOREAN: {},
    ShiftFamily.CHINESE: {
        b"$*H": (b"N", _UNREAD),
        **{b"$+" + plane: (b"O", _UNREAD) for plane in (b"I", b"J", b"K", b"L", b"M")},
    },
}
"""What an escape sequence says that ESC N or ESC O will switch to for one character."""

_RIGHT_HALF: Final = bytes.maketrans(bytes(range(0x21, 0x7F)), bytes(range(0xA1, 0xFF)))


def characters(octets: bytes, charset: CharacterSet) -> str:
    """Return one character for each that stands there, U+FFFD for one that cannot be read."""
    count = len(octets) // charset.octets
    if charset is KATAKANA:
        return "".join(chr(0xFF40 + octet) for octet in octets)
    if not charset.codec:
        return "\ufffd" * count
    right = octets.translate(_RIGHT_HALF)
    if charset.prefix:
        right = b"".join(charset.prefix + right[at : at + 2] for at in range(0, len(right), 2))
    text = right.decode(charset.codec, "replace")
    return text if len(text) == count else "\ufffd" * count
