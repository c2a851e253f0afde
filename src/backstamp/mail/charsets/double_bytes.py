"""double_bytes: where the characters of a text begin, in charsets whose characters may have several bytes.

The texts come from the standard's own decoders, which give an ASCII byte back that stands where the second
byte of a character should. So the bytes below, which are no second byte of any charset here, are the same in
the text and in the bytes; from one of them on, the characters are counted.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence, Sized
from functools import lru_cache
from itertools import accumulate
from typing import Final

import turbohtml.detect  # noqa: F401 - registers the codecs `whatwg-NAME`

_LEADS: Final = {
    "big5": rb"\x81-\xfe",
    "euc-jp": rb"\x8e\x8f\xa1-\xfe",
    "euc-kr": rb"\x81-\xfe",
    "gb18030": rb"\x81-\xfe",
    "gbk": rb"\x81-\xfe",
    "shift_jis": rb"\x81-\x9f\xe0-\xfc",
}
"""First bytes of characters, by encoding (WHATWG Encoding Standard, §10 to §13)."""
_LONGER: Final = {
    # Four bytes; the digits are given back when it goes on in another way, unless the text ends there.
    "gb18030": rb"[0-9](?:[\x81-\xfe][0-9]|[\x81-\xfe]?\Z)|",
    "gbk": rb"[0-9](?:[\x81-\xfe][0-9]|[\x81-\xfe]?\Z)|",
    "euc-jp": rb"(?<=\x8f)[\xa1-\xfe][\x80-\xff]|",
}
"""How characters of three and four bytes go on after the first."""
_UTF8: Final = re.compile(
    # Well-formed sequences, and beginnings of such: each of either is one character, the latter U+FFFD.
    rb"[\xc2-\xf4](?:(?<=[\xc2-\xdf])[\x80-\xbf]|(?<=\xe0)[\xa0-\xbf][\x80-\xbf]?"
    rb"|(?<=[\xe1-\xec\xee\xef])[\x80-\xbf]{1,2}|(?<=\xed)[\x80-\x9f][\x80-\xbf]?"
    rb"|(?<=\xf0)[\x90-\xbf][\x80-\xbf]{0,2}|(?<=[\xf1-\xf3])[\x80-\xbf]{1,3}"
    rb"|(?<=\xf4)[\x80-\x8f][\x80-\xbf]{0,2})"
)
_TWO_CHARACTERS: Final = frozenset({b"\x88\x62", b"\x88\x64", b"\x88\xa3", b"\x88\xa5"})
"""Of Big5, which alone has such."""
_LONGEST: Final = 4


class CountedText:
    """A text of several bytes to a character, and the way back to them."""

    def __init__(self, data: bytes, text: str, encoding: str) -> None:
        self._data = data
        self._text = text
        self._characters = _UTF8 if encoding == "utf-8" else characters_of(encoding)
        self._doubles = _TWO_CHARACTERS if encoding == "big5" else frozenset[bytes]()

    def byte_offsets(self, offsets: list[int]) -> list[int]:
        """Return the byte offset of each character offset; `offsets` ascend."""
        after_tag = _ends_of(self._text.split("<"))
        after_tag_bytes = _ends_of(self._data.split(b"<"))
        found: list[int] = []
        character = byte = 0
        for offset in offsets:
            tag = bisect_right(after_tag, offset) - 1
            if tag >= 0 and after_tag[tag] > character:
                character, byte = after_tag[tag], after_tag_bytes[tag]
            character, byte = self._count(character, byte, offset)
            found.append(byte)
        return found

    def _count(self, character: int, byte: int, offset: int) -> tuple[int, int]:
        if self._text[character:offset].isascii():
            return offset, byte + offset - character
        limit = byte + (offset - character) * _LONGEST
        for match in self._characters.finditer(self._data, byte, limit):
            ahead = match.start() - byte
            if character + ahead >= offset:
                break
            character += ahead + (2 if match[0] in self._doubles else 1)
            byte = match.end()
        return max(character, offset), byte + max(0, offset - character)


def _ends_of(pieces: Sequence[Sized]) -> list[int]:
    """Return where the next piece begins after each, with one separator between them."""
    return [end + number for number, end in enumerate(accumulate(map(len, pieces)), 1)]


@lru_cache(maxsize=len(_LEADS))
def characters_of(encoding: str) -> re.Pattern[bytes]:
    """Return what matches each character of several bytes, also one that means nothing (U+FFFD)."""
    # One set of bytes at the beginning is what makes the search fast.
    alternatives = [
        b"(?<=[%b])[%b\\x80-\\xff]" % (_escaped(leads), _escaped(trails))
        for trails, leads in _by_ascii_trails(encoding).items()
    ]
    return re.compile(
        b"[%b](?:%b%b)" % (_LEADS[encoding], _LONGER.get(encoding, b""), b"|".join(alternatives))
    )


@lru_cache(maxsize=len(_LEADS))
def swallowing(encoding: str) -> re.Pattern[bytes]:
    """Return what matches each character as a reader sees it that gives no ASCII byte back."""
    longer = _LONGER.get(encoding, b"").replace(rb"]?\Z", rb"]?[\x20-\x7e]")
    return re.compile(b"[%b](?:%b[\\x20-\\x7e\\x80-\\xff])" % (_LEADS[encoding], longer))


def _by_ascii_trails(encoding: str) -> dict[bytes, bytes]:
    """Return the first bytes of characters by the ASCII bytes that are the second of one."""
    first = re.compile(b"[%b]" % _LEADS[encoding])
    leads = [lead for lead in range(0x80, 0x100) if first.match(bytes((lead,)))]
    trails = range(0x21, 0x7F)
    probe = b"".join(bytes((lead, trail, 0x0A)) for lead in leads for trail in trails)
    read = probe.decode(f"whatwg-{encoding}").split("\n")
    grouped: dict[bytes, bytes] = {}
    for number, lead in enumerate(leads):
        pairs = read[number * len(trails) :]
        taken = bytes(
            trail for trail, pair in zip(trails, pairs, strict=False) if not pair.startswith("\ufffd")
        )
        grouped[taken] = grouped.get(taken, b"") + bytes((lead,))
    return grouped


def _escaped(octets: bytes) -> bytes:
    return b"".join(b"\\x%02x" % octet for octet in octets)
