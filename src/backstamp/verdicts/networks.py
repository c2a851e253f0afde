"""Which known network an address lies in: longest-prefix match over the packaged list.

The label is all that is kept of an address by default, so it is made at the edge while the
address is in hand (`NetworkTable.classify`).
"""

import datetime
import ipaddress
import socket
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from backstamp.data_files import load

NOT_SEEN: Final = "not_seen"
"""Label of a hit whose address nobody told us; an address in no list has the label ""."""

_MAPPED_IPV4: Final = bytes(10) + b"\xff\xff"
"""RFC 4291 §2.5.5.2."""


class NetworkRole(StrEnum):
    """What a network says about a hit from it."""

    IMAGE_PROXY = "image_proxy"
    SCANNER = "scanner"
    RELAY = "relay"
    CLOUD = "cloud"
    HOSTING = "hosting"
    WEB_PROXY = "web_proxy"
    PREVIEW = "preview"
    PRIVATE = "private"


class Scope(StrEnum):
    """Which hits a network says something about."""

    ALL = "all"
    CLICKS = "clicks"
    OPENS = "opens"


class ListCertainty(StrEnum):
    """Whether an entry decides alone, or only weighs."""

    CERTAIN = "certain"
    PROBABLE = "probable"


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of `data/networks.toml`, where each field is explained."""

    label: str
    name: str
    role: NetworkRole
    scope: Scope
    certainty: ListCertainty
    source: str
    date: datetime.date
    prefixes: tuple[str, ...] = ()
    asns: tuple[int, ...] = ()
    ptr: tuple[str, ...] = ()

    def covers(self, event: str) -> bool:
        """Whether the entry says something about this kind of hit ("open" or "click")."""
        return self.scope is Scope.ALL or self.scope == f"{event}s"


class _NetworkFile(msgspec.Struct, forbid_unknown_fields=True):
    network: tuple[Network, ...]


class NetworkTable:
    """Address to label, by the longest prefix that holds the address.

    The prefixes are laid flat into disjoint ranges once, so that a look-up is one binary search.

    Args:
        prefixes: pairs of a network in CIDR notation and its label; of two equal prefixes the later wins.

    Raises:
        ValueError: a prefix is not a network.
    """

    __slots__ = ("_labels4", "_labels6", "_starts4", "_starts6")

    def __init__(self, prefixes: Iterable[tuple[str, str]]) -> None:
        ranges: dict[int, dict[tuple[int, int], str]] = {4: {}, 6: {}}
        for text, label in prefixes:
            net = ipaddress.ip_network(text)
            first, size = int(net.network_address), net.num_addresses
            ranges[net.version][first, size] = label
        self._starts4, self._labels4 = _flatten(ranges[4])
        self._starts6, self._labels6 = _flatten(ranges[6])

    def classify(self, address: str | bytes) -> str:
        """Return the label of an address, or "" when it is in no prefix or is no address.

        Args:
            address: text, or the 4 or 16 octets in network order.  IPv4-mapped IPv6 counts as IPv4.
        """
        octets = unmapped(address) if isinstance(address, bytes) else octets_of(address)
        number = int.from_bytes(octets, "big")
        if len(octets) == 4:
            return self._labels4[bisect_right(self._starts4, number)]
        if len(octets) == 16:
            return self._labels6[bisect_right(self._starts6, number)]
        return ""


def octets_of(address: str) -> bytes:
    """Return an address in network order, an IPv4-mapped one as IPv4; empty where the text is no address."""
    try:
        if ":" not in address:
            return socket.inet_pton(socket.AF_INET, address)
        return unmapped(socket.inet_pton(socket.AF_INET6, address.partition("%")[0]))
    except (OSError, ValueError):  # ValueError: NUL or surrogates in the text
        return b""


def unmapped(octets: bytes) -> bytes:
    """Return the octets of an address; those of an IPv4-mapped one are the IPv4 address's."""
    return octets[12:] if len(octets) == 16 and octets.startswith(_MAPPED_IPV4) else octets


def _flatten(ranges: Mapping[tuple[int, int], str]) -> tuple[list[int], list[str]]:
    """Turn nested ranges (first, size) into starts of disjoint ranges and, one longer, their labels.

    Label n belongs to the range between start n-1 and start n; label 0 lies before all ranges.
    """
    starts: list[int] = []
    labels = [""]
    enclosing: list[tuple[int, str]] = []

    def begin(at: int, label: str) -> None:
        if starts and starts[-1] == at:
            labels[-1] = label
        else:
            starts.append(at)
            labels.append(label)

    def end_ranges_before(at: int | None) -> None:
        while enclosing and (at is None or enclosing[-1][0] <= at):
            end, _ = enclosing.pop()
            begin(end, enclosing[-1][1] if enclosing else "")

    for (first, size), label in sorted(ranges.items(), key=lambda item: (item[0][0], -item[0][1])):
        end_ranges_before(first)
        begin(first, label)
        enclosing.append((first + size, label))
    end_ranges_before(None)
    return starts, labels


NETWORKS: Final[Mapping[str, Network]] = {
    n.label: n for n in load("backstamp.verdicts", "networks.toml", _NetworkFile).network
}
"""Every known network by its label."""

SHARED_ROLES: Final = frozenset(
    {NetworkRole.IMAGE_PROXY, NetworkRole.RELAY, NetworkRole.WEB_PROXY, NetworkRole.PRIVATE}
)
"""Networks whose addresses many people share, so that "the same source" says nothing."""

PACKAGED_TABLE: Final = NetworkTable((prefix, n.label) for n in NETWORKS.values() for prefix in n.prefixes)
"""What the program came with; newer copies of published lists make another (`published.table_of`)."""
_BY_ASN: Final = {asn: n.label for n in NETWORKS.values() for asn in n.asns}
_BY_PTR: Final = tuple((form.partition("*"), n) for n in NETWORKS.values() for form in n.ptr)


def network_class_of_asn(asn: int) -> str:
    """Return the label for an autonomous system number, or ""."""
    return _BY_ASN.get(asn, "")


def network_of_ptr(name: str) -> Network | None:
    """Return the network that a forward-confirmed PTR name proves, or None."""
    host = name.rstrip(".").lower()
    for (start, _, end), net in _BY_PTR:
        if host.startswith(start) and host.endswith(end):
            return net
    return None
