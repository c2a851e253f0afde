"""access: who may send through us.  Never everybody, on any configuration that starts."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
    ip_address,
)
from typing import Final

from backstamp.gateway.errors import ConfigError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Party = tuple[int, int]
"""Whoever has an address: the version of IP, and the number of the address or of its network."""

WIDEST_IPV4: Final = 8
"""10.0.0.0/8 and 127.0.0.0/8 are the widest IPv4 networks that anybody has to himself."""
WIDEST_IPV6: Final = 16
MOST_IPV4: Final = 8 << 24
"""All trusted IPv4 addresses together: eight networks of that width, a 32nd of the Internet."""
MOST_IPV6: Final = 32 << (128 - WIDEST_IPV6)
_NETWORK_BITS: Final = 64
_PRIVATE_IPV6: Final = (IPv6Network("fc00::/7"), IPv6Network("fe80::/10"))


@lru_cache(maxsize=1024)
def parse_address(text: str) -> Address | None:
    """Return the address, an IPv4 address in IPv6 clothes (::ffff:a.b.c.d) as IPv4; None when it is none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def party_of(address: Address | None) -> Party:
    """Return who has an address: who has one of IPv6 has all of its /64."""
    if address is None:
        return 0, 0
    bits = int(address)
    return address.version, bits >> _NETWORK_BITS if address.version == 6 else bits


def contains(networks: Iterable[Network], address: Address | None) -> bool:
    """Whether one of the networks holds the address; nothing holds None."""
    return address is not None and any(address in network for network in networks)


def check_networks(name: str, networks: Iterable[Network]) -> None:
    """Raise `ConfigError` when the networks amount to an open relay: much of the Internet, in one or many."""
    networks = tuple(networks)
    ipv4 = list(collapse_addresses(n for n in networks if isinstance(n, IPv4Network)))
    ipv6 = [
        network
        for network in collapse_addresses(n for n in networks if isinstance(n, IPv6Network))
        if not any(network.subnet_of(private) for private in _PRIVATE_IPV6)
    ]
    for network, widest in [(n, WIDEST_IPV4) for n in ipv4] + [(n, WIDEST_IPV6) for n in ipv6]:
        if network.prefixlen < widest:
            raise ConfigError(
                f"{name}: {network} is an open relay, anybody could send through it; name your own networks"
            )
    if sum(n.num_addresses for n in ipv4) > MOST_IPV4 or sum(n.num_addresses for n in ipv6) > MOST_IPV6:
        raise ConfigError(
            f"{name} holds so many networks that it is an open relay; name your own networks only"
        )
