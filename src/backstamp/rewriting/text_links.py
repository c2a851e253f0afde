"""text_links: web addresses in plain text, where mail programs make links of them."""

import re
from typing import Final

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.manifest import Carrier

_REST: Final = re.compile(r"[^\s<>\"\x00-\x20\x7f]+")
_FLOWED: Final = re.compile(r"(?<!\S)\S+(?: \r?\n\S+)+")
_ASCII_LOWER: Final = {upper: upper + 32 for upper in range(0x41, 0x5B)}
_SCHEMES: Final = ("https", "http")
_BEFORE_HOST: Final = "@._/-"
_TRAILING: Final = frozenset(".,;:!?'*|`´’”»›…。，、；：！？")
_CLOSING: Final = {")": "(", "]": "[", "}": "{", "）": "（", "】": "【", "」": "「"}


def find_text_links(text: str) -> list[FoundLink]:
    """Return the addresses in a plain text, in order.

    What ends an address is what the common mail programs agree on: white space, angle brackets and
    double quotes; trailing punctuation is not part of it, nor a closing bracket that was not opened in it.
    """
    links: list[FoundLink] = []
    end = 0
    for start, prefix in _starts(text):
        if start < end:
            continue
        match = _REST.match(text, start)
        assert match is not None, "an address begins with its prefix"
        end = match.end()
        address = _without_trailing(match[0])
        if len(address) > len(prefix) and address[len(prefix)] not in "/.":
            value = f"http://{address}" if prefix == "www." else address
            links.append(FoundLink(start=start, end=start + len(address), value=value, carrier=Carrier.TEXT))
    return links


def flowed_spans(text: str) -> list[tuple[int, int]]:
    """Return where words go on over line ends in a text with `delsp=yes` (RFC 3676 §4.2), in order.

    There the space before a soft line end is taken away, so what is one address to the reader is two here.
    """
    return [match.span() for match in _FLOWED.finditer(text)]


def _starts(text: str) -> list[tuple[int, str]]:
    """Return where addresses may begin, in order, each with its `https://`, `http://` or `www.`."""
    lowered = text.lower()
    if len(lowered) != len(text):
        # A few letters outside ASCII grow when lowered; offsets must stay.
        lowered = text.translate(_ASCII_LOWER)
    starts: list[tuple[int, str]] = []
    at = lowered.find("://")
    while at >= 0:
        for scheme in _SCHEMES:
            start = at - len(scheme)
            if start >= 0 and lowered.startswith(scheme, start) and not _is_alphanumeric(lowered, start - 1):
                starts.append((start, f"{scheme}://"))
                break
        at = lowered.find("://", at + 3)
    at = lowered.find("www.")
    while at >= 0:
        if not _is_alphanumeric(lowered, at - 1) and not (at and lowered[at - 1] in _BEFORE_HOST):
            starts.append((at, "www."))
        at = lowered.find("www.", at + 4)
    starts.sort()
    return starts


def _is_alphanumeric(text: str, at: int) -> bool:
    return at >= 0 and text[at].isascii() and text[at].isalnum()


def _without_trailing(address: str) -> str:
    end = len(address)
    surplus: dict[str, int] | None = None
    while end:
        last = address[end - 1]
        if last in _TRAILING:
            end -= 1
            continue
        opening = _CLOSING.get(last)
        if opening is None:
            break
        if surplus is None:
            surplus = {
                close: address.count(close) - address.count(open_) for close, open_ in _CLOSING.items()
            }
        if surplus[last] <= 0:
            break
        surplus[last] -= 1
        end -= 1
    return address[:end]
