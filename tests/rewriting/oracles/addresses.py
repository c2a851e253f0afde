"""Addresses made of pieces that URL parsers take differently."""

import html
import random
from collections.abc import Iterator
from typing import Final

_PIECES: Final = (
    *("https:", "http:", "HTTPS:", "ftp:", "javascript:", "//", "/", "\\", "/\\", "?", "#", "@", ":", "."),
    *("evil.example", "EVIL.example", "good.example", "1.2.3.4", "0x7f", "0177", "[", "]", "localhost"),
    *(
        "xn--",
        "xn--bcher-kva",
        "bücher",
        "ß",
        "\u00ad",
        "\u200b",
        "。",
        "．",
        "ｅ",
        "\u202e",
        "\ufffd",
        "😀",
        "ſ",
        "K",
    ),
    *(
        "%",
        "%2f",
        "%2e",
        "%00",
        "%zz",
        "%e9",
        "%C3%A9",
        "..",
        "...",
        "a",
        "B",
        "1",
        "80",
        "443",
        ":99999",
        "user:pw@",
    ),
    *(" ", "\t", "\n", "\r", "\x00", "\x01", "\x0c", "\x1f", "\x7f", "\x80", "\u00a0", "\u2028", "\ufeff"),
    *(
        "<",
        ">",
        '"',
        "'",
        "`",
        "{",
        "}",
        "|",
        "^",
        "~",
        "!",
        "$",
        "&",
        "(",
        ")",
        "+",
        ",",
        ";",
        "=",
        "_",
        "-",
    ),
)
_STRIPPED: Final = "".join(map(chr, range(0x21)))
_BEGINNINGS: Final = ("https://", "http://", "https:", "//", "/", "")


def random_addresses(count: int, dice: random.Random) -> Iterator[str]:
    """Yield addresses, most of which begin as one should, and none that is only a place in its document."""
    while count:
        beginning = dice.choice(_BEGINNINGS) if dice.random() < 0.4 else "https://"
        address = beginning + "".join(dice.choice(_PIECES) for _ in range(dice.randint(1, 7)))
        if address.strip(_STRIPPED)[:1] not in ("", "#"):
            count -= 1
            yield address


def document_of_links(addresses: list[str], base: str = "") -> str:
    """Return a document with a link to each address, and perhaps a base."""
    links = "".join(f'<a href="{html.escape(address)}">x</a>\n' for address in addresses)
    return (f'<base href="{html.escape(base)}">' if base else "") + links
