"""Who asks: the peer of the connection, or whom our own proxies saw.

Anybody can send an `X-Forwarded-For`; only what a proxy of ours appended is true, and every proxy
appends at the right end.  So the entries are walked from the right, beginning with the peer, for as
long as they are proxies of ours; the first that is not is the client.  Addresses are octets in network
order here, for that is what the network class and the pseudonym are made from.
"""

import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network

from backstamp.verdicts import NetworkTable
from backstamp.verdicts.networks import octets_of

_TRUSTED = "trusted"


class TrustedProxies:
    """The networks of our own proxies."""

    def __init__(self, networks: Iterable[IPv4Network | IPv6Network]) -> None:
        prefixes = [(str(network), _TRUSTED) for network in networks]
        self._table = NetworkTable(prefixes) if prefixes else None

    def trusts(self, address: bytes) -> bool:
        """Whether an address is that of a proxy of ours."""
        return self._table is not None and self._table.classify(address) == _TRUSTED

    def client(self, peer: bytes, forwarded: Sequence[str]) -> bytes:
        """Return the client's address.

        `peer` is the address of the connection, empty when it has none; `forwarded` holds all values of
        X-Forwarded-For, in the order in which they came. When an entry that counts is no address, the
        proxy that wrote it is the nearest that is known.
        """
        table = self._table
        if table is None or not forwarded or table.classify(peer) != _TRUSTED:
            return peer
        address = peer
        for entry in reversed(",".join(forwarded).split(",")):
            octets = address_octets(entry.strip(" \t"))
            if not octets:
                return address
            address = octets
            if table.classify(address) != _TRUSTED:
                return address
        return address


def peer_octets(client: str) -> bytes:
    """Return the octets of Granian's `scope.client`: `192.0.2.1:443` or `[2001:db8::1]:443`."""
    return octets_of(client.rpartition(":")[0].strip("[]"))


def address_octets(text: str) -> bytes:
    """Return the octets of an address as proxies write it, with or without a port; empty if it is none."""
    octets = octets_of(text)
    if octets:
        return octets
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal():
        host = text
    bracketed = host.startswith("[") and host.endswith("]")
    if not bracketed and ":" in host:
        return b""  # an IPv6 address must be bracketed before a port
    return octets_of(host[1:-1] if bracketed else host)


def address_text(octets: bytes) -> str | None:
    """Return an address as text, or None where there is none."""
    if not octets:
        return None
    return socket.inet_ntop(socket.AF_INET if len(octets) == 4 else socket.AF_INET6, octets)


def network_text(octets: bytes) -> str | None:
    """Return the network in which an address lies (`prefix_of`); None where there is no address.

    Being no address, it is not looked up in the DNS (`worker.ingest.reverse_names`).
    """
    prefix = prefix_of(octets)
    first = address_text(prefix.ljust(len(octets), b"\0"))
    return None if first is None else f"{first}/{8 * len(prefix)}"


def prefix_of(octets: bytes) -> bytes:
    """Return the octets that name an address's network: of its /24, or /48 of IPv6."""
    return octets[: 3 if len(octets) == 4 else 6]
