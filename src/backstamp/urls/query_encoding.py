"""query_encoding: how a browser writes the query of a URL in a document that is not UTF-8.

WHATWG URL Standard, "percent-encode after encoding", with the encoders of the Encoding Standard. Those are
the decoders (turbohtml has them) read backwards, but for the exceptions named below.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Final

import turbohtml.detect  # noqa: F401 - registers the codecs `whatwg-NAME`

_SINGLE: Final = frozenset(
    {"ibm866", "koi8-r", "koi8-u", "macintosh", "windows-874", "x-mac-cyrillic", "x-user-defined"}
    | {f"iso-8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)}
    | {"iso-8859-8-i"}
    | {f"windows-{page}" for page in range(1250, 1259)}
)
_LEADS: Final = {
    "big5": range(0xA1, 0xFF),  # what stands before is Hong Kong's, and is not written
    "euc-jp": range(0xA1, 0xFF),
    "euc-kr": range(0x81, 0xFF),
    "gb18030": range(0x81, 0xFF),
    "gbk": range(0x81, 0xFF),
    "shift_jis": (*range(0x81, 0xA0), *range(0xE0, 0xED), *range(0xFA, 0xFD)),
}
"""First bytes of the characters that are written: Shift_JIS reads private ones besides, and some twice."""
_BIG5_LAST: Final = frozenset("\u2550\u255e\u2561\u256a\u5341\u5345")
"""Characters that Big5 has twice, and of which the second is written."""
_PRIVATE: Final = {
    **{0xE78D + number: bytes((0xA6, 0xD9 + number)) for number in range(7)},
    0xE794: b"\xa6\xec",
    0xE795: b"\xa6\xed",
    0xE796: b"\xa6\xf3",
    0xE81E: b"\xfe\x59",
    0xE826: b"\xfe\x61",
    0xE82B: b"\xfe\x66",
    0xE82C: b"\xfe\x67",
    0xE832: b"\xfe\x6d",
    0xE843: b"\xfe\x7e",
    0xE854: b"\xfe\x90",
    0xE864: b"\xfe\xa0",
}
"""Private characters that GB 18030 of 2005 had; since 2022 their bytes are read as public ones."""
_JAPANESE: Final = frozenset({"euc-jp", "shift_jis"})
_SHIFTS: Final = "\x0e\x0f\x1b"
_NON_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_HALF_WIDTH: Final = re.compile("[\uff61-\uff9f]")


def encode_query(query: str, encoding: str) -> str:
    """Return a query (without its `?`, and without lone surrogates) as a document of this encoding sends it.

    `encoding` is a WHATWG name in lower case. What the encoding cannot write becomes a numeric character
    reference, percent-encoded. UTF-8, and what has no encoder (UTF-16), gives the query back as it is.
    """
    if query.isascii() and encoding != "iso-2022-jp":
        return query
    if encoding == "iso-2022-jp":
        return _iso_2022_jp(query)
    if encoding not in _SINGLE and encoding not in _LEADS:
        return query
    table = _table(encoding)

    def written(found: re.Match[str]) -> str:
        octets = _bytes_of(found[0], table, encoding)
        return _reference(found[0]) if octets is None else "".join(map(_written, octets))

    return _NON_ASCII.sub(written, query)


def _reference(character: str) -> str:
    return f"%26%23{ord(character)}%3B"


def _written(octet: int) -> str:
    """Return an octet as it stands in the query of an http URL (special-query percent-encode set)."""
    if 0x20 < octet < 0x7F and octet not in b"\"#<>'":
        return chr(octet)
    return f"%{octet:02X}"


def _bytes_of(character: str, table: dict[str, bytes], encoding: str) -> bytes | None:
    found = table.get(character)
    if found is None and encoding == "gb18030" and character != "\ue5e5":
        # The four-byte ones are computed; those that Python's table, of the year 2000, has otherwise were
        # given two bytes since, but for this one.
        return b"\x81\x35\xf4\x37" if character == "\ue7c7" else character.encode("gb18030")
    return found


@cache
def _table(encoding: str) -> dict[str, bytes]:
    """Return the bytes of each character; of several the first, as the standard's index is searched."""
    table: dict[str, bytes] = {}
    if encoding in _SINGLE:
        for octet in range(0x80, 0x100):
            table.setdefault(bytes((octet,)).decode(f"whatwg-{encoding}"), bytes((octet,)))
    else:
        pairs = list(_pairs(encoding))
        read = b"\n".join(pairs).decode(f"whatwg-{encoding}").split("\n")
        for pair, character in zip(pairs, read, strict=True):
            if len(character) == 1 and (character in _BIG5_LAST or character not in table):
                table[character] = pair
        _add_exceptions(table, encoding)
    table.pop("\ufffd", None)
    return table


def _pairs(encoding: str) -> Iterator[bytes]:
    for lead in _LEADS[encoding]:
        for trail in range(0x40, 0xFF):
            if trail != 0x7F and not (encoding == "euc-jp" and trail < 0xA1):
                yield bytes((lead, trail))


def _add_exceptions(table: dict[str, bytes], encoding: str) -> None:
    if encoding in ("gbk", "gb18030"):
        table.pop("\ue5e5", None)
        table.update((chr(private), octets) for private, octets in _PRIVATE.items())
    if encoding == "gbk":
        table["\N{EURO SIGN}"] = b"\x80"
    if encoding in _JAPANESE:
        prefix = b"\x8e" if encoding == "euc-jp" else b""
        for number in range(63):
            table[chr(0xFF61 + number)] = prefix + bytes((0xA1 + number,))
        table["\N{YEN SIGN}"] = b"\x5c"
        table["\N{OVERLINE}"] = b"\x7e"
        table["\N{MINUS SIGN}"] = table["\uff0d"]
    if encoding == "shift_jis":
        table["\x80"] = b"\x80"


def _iso_2022_jp(query: str) -> str:
    """Write with the shifts; a character that would itself be one becomes U+FFFD."""
    table = _table("euc-jp")
    written: list[str] = []
    state = b"(B"
    for character in _HALF_WIDTH.sub(_full_width, query):
        needed, octets = _in_iso_2022_jp(character, state, table)
        if octets is None:
            if state == b"$B":
                written.append("%1B(B")
                state = b"(B"
            written.append(_reference("\ufffd" if character in _SHIFTS else character))
            continue
        if needed != state:
            written.append("%1B" + needed.decode())
            state = needed
        written += map(_written, octets) if len(octets) > 1 or state != b"(B" else (character,)
    if state != b"(B":
        written.append("%1B(B")
    return "".join(written)


def _in_iso_2022_jp(character: str, state: bytes, table: dict[str, bytes]) -> tuple[bytes, bytes | None]:
    """Return the state that a character needs and its bytes there; None where it has none."""
    if character in _SHIFTS:
        return b"(B", None
    if character in "\N{YEN SIGN}\N{OVERLINE}":
        return b"(J", b"\x5c" if character == "\N{YEN SIGN}" else b"\x7e"
    if character.isascii():
        return (state if state == b"(J" and character not in "\\~" else b"(B"), character.encode()
    octets = table.get(character)
    if octets is None or len(octets) != 2 or octets[0] == 0x8E:
        return b"$B", None
    return b"$B", bytes(octet & 0x7F for octet in octets)


def _full_width(found: re.Match[str]) -> str:
    # The two sound marks stand alone here, and combine in Unicode's normal form.
    alone = {"\uff9e": "\u309b", "\uff9f": "\u309c"}
    return alone.get(found[0]) or unicodedata.normalize("NFKC", found[0])
