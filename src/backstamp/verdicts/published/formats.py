"""From the bytes of a published list to its prefixes. All of a list is good, or nothing is taken of it."""

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from backstamp.verdicts.published.catalogue import Form

MOST_PREFIXES: Final = 200_000
"""Apple's list, the longest, had 13,745 on 2026-08-17."""

SHORTEST_IPV4: Final = 10
SHORTEST_IPV6: Final = 24
"""Shortest prefixes that are believed: the widest that were ever published are a /14 (Microsoft) and a /32
(Apple). A list that holds 0.0.0.0/0 would make every reader a machine."""

_MICROSOFT_MAIL: Final = "protection.outlook.com"
_QUOTED_CHARS: Final = 60

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class PublishedListError(ValueError):
    """A list is not what its publisher writes; the message says in one line where."""


class _GooglePrefix(msgspec.Struct, rename="camel"):
    ipv4_prefix: str | None = msgspec.field(default=None, name="ipv4Prefix")
    ipv6_prefix: str | None = msgspec.field(default=None, name="ipv6Prefix")


class _GoogleList(msgspec.Struct):
    prefixes: list[_GooglePrefix]


class _EndpointSet(msgspec.Struct):
    id: int
    urls: list[str] = []
    ips: list[str] = []


_read_google: Final = msgspec.json.Decoder(_GoogleList).decode
_read_microsoft: Final = msgspec.json.Decoder(list[_EndpointSet]).decode


def read_prefixes(form: Form, data: bytes) -> tuple[str, ...]:
    """Return the prefixes of a list, each once, in order.

    Args:
        form: how the list is written.
        data: the list as it was published.

    Raises:
        PublishedListError: it is not written so, or holds what no list of networks would.
    """
    try:
        texts = list(_READERS[form](data))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PublishedListError(f"it is no {form} list: {_quoted(str(error))}") from None
    if len(texts) > MOST_PREFIXES:
        raise PublishedListError(f"it holds {len(texts)} prefixes, more than {MOST_PREFIXES}")
    networks = {_network(text) for text in texts}
    return tuple(str(network) for network in sorted(networks, key=_place))


def _google(data: bytes) -> Iterator[str]:
    for number, prefix in enumerate(_read_google(data).prefixes, 1):
        found = prefix.ipv4_prefix or prefix.ipv6_prefix
        if found is None:
            raise PublishedListError(f"its prefix number {number} has no ipv4Prefix and no ipv6Prefix")
        yield found


def _microsoft(data: bytes) -> Iterator[str]:
    for endpoints in _read_microsoft(data):
        if any(url.lower().endswith(_MICROSOFT_MAIL) for url in endpoints.urls):
            yield from endpoints.ips


def _csv(data: bytes) -> Iterator[str]:
    """Read the first column. Every row has as many columns as the first: a shorter one was cut off."""
    columns: int | None = None
    for number, line in _lines(data):
        cells = line.split(",")
        columns = columns or max(2, len(cells))
        if len(cells) < columns:
            raise PublishedListError(f"its line {number} ends early")
        yield cells[0].strip()


def _text(data: bytes) -> Iterator[str]:
    for _, line in _lines(data):
        yield line.partition("#")[0].strip()


def _lines(data: bytes) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(data.decode("utf-8-sig").splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line


_READERS: Final[dict[Form, Any]] = {
    Form.CSV: _csv,
    Form.GOOGLE: _google,
    Form.MICROSOFT: _microsoft,
    Form.TEXT: _text,
}


def _network(text: str) -> Network:
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise PublishedListError(f"{_quoted(text)} is no network") from None
    shortest = SHORTEST_IPV4 if network.version == 4 else SHORTEST_IPV6
    if network.prefixlen < shortest:
        raise PublishedListError(f"{network} is wider than any network that such lists hold")
    return network


def _place(network: Network) -> tuple[int, int, int]:
    return network.version, int(network.network_address), network.prefixlen


def _quoted(text: str) -> str:
    return repr(text[:_QUOTED_CHARS])


def count_of(prefixes: Iterable[str]) -> dict[int, int]:
    """Return how many prefixes there are of IPv4 (4) and of IPv6 (6)."""
    found = {4: 0, 6: 0}
    for prefix in prefixes:
        found[6 if ":" in prefix else 4] += 1
    return found
