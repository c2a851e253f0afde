"""public_addresses: whether an address is one of the internet's, and not of a network of somebody's own."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Final

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""All that IANA has given out for the internet. Outside of it are, beside what Python calls private, the
old site-local addresses (fec0::/10), IPv4 in disguise (::/96), translators of one's own (64:ff9b:1::/48).
"""
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
"""RFC 6052, section 2.1: NAT64 leads on to the IPv4 address in the last four octets."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Return whether an address is public, and where it only carries another one, whether that is.

    What carries an IPv4 address into IPv6 (mapped, NAT64, 6to4) leads into whatever network that is of.
    Teredo's and ORCHID's addresses (2001::/23) are none of a server's, and count as not public.
    """
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast
    carried = _carried(address)
    if carried is not None:
        return is_public(carried)
    return address in _GLOBAL_UNICAST and address.is_global


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
