"""text_links: web addresses in plain text, where mail programs make links of them."""

import re
from typing import Final

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.manifest import Carrier

_ADDRESS: Final = re.compile(
    r"(?:(?<![A-Za-z0-9])https?://(?=[^\s/])|(?<![A-Za-z0-9@._/-])www\.(?=[^\s.]))[^\s<>\"\x00-\x20\x7f]+",
    re.IGNORECASE,
)
_TRAILING: Final = frozenset(".,;:!?'*|`´’”»›…。，、；：！？")
_CLOSING: Final = {")": "(", "]": "[", "}": "{", "）": "（", "】": "【", "」": "「"}


def find_text_links(text: str) -> list[FoundLink]:
    """Return the addresses in a plain text, in order.

    What ends an address is what the common mail programs agree on: white space, angle brackets and
    double quotes; trailing punctuation is not part of it, nor a closing bracket that was not opened in it.
    """
    links: list[FoundLink] = []
    for match in _ADDRESS.finditer(text):
        address = _without_trailing(match[0])
        scheme, separator, rest = address.partition("://")
        if not (rest if separator else address[4:]):
            continue
        start = match.start()
        value = address if separator and scheme.lower() in ("http", "https") else f"http://{address}"
        links.append(FoundLink(start=start, end=start + len(address), value=value, carrier=Carrier.TEXT))
    return links


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
