"""listening: whether we may listen on an address, and what to do where we may not."""

import errno
import os
import socket
from typing import Any, NamedTuple


class Address(NamedTuple):
    """One of the addresses that a host's name stands for, as `socket.getaddrinfo` has them."""

    family: int
    where: Any

    @property
    def ip(self) -> str:
        """The IP address as text."""
        return str(self.where[0])


def addresses(host: str, port: int) -> list[Address]:
    """Return all addresses of a host, those of IPv4 first. Raises `OSError`."""
    known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    found = [Address(family, where) for family, _, _, _, where in known]
    return sorted(dict.fromkeys(found), key=lambda each: each.family != socket.AF_INET)


def own_addresses(host: str, port: int) -> list[Address]:
    """Return the addresses of a host that this machine has, those of IPv4 first; all where it has none.

    `/etc/hosts` may give localhost one of IPv6 where that is switched off. Raises `OSError`.
    """
    found = addresses(host, port)
    return [each for each in found if _is_had(each)] or found


def _is_had(address: Address) -> bool:
    try:
        with socket.socket(address.family, socket.SOCK_STREAM) as probe:
            probe.bind((address.ip, 0, *address.where[2:]))
    except OSError as error:
        return error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
    return True


def try_to_have(address: Address, *, v6_only: bool) -> None:
    """Have an address for a moment. Raises `OSError` where we may not listen there.

    `v6_only`: whoever will listen there on "::" does so for IPv6 alone, as asyncio and not as Granian.
    """
    with socket.socket(address.family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if address.family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6_only)
        probe.bind(address.where)


def reason_and_way(error: OSError) -> tuple[str, str]:
    """Return why an address cannot be listened on, and what to do."""
    # asyncio passes over addresses that nobody has (since Python 3.13); that none is left has no number.
    number = error.errno or errno.EADDRNOTAVAIL
    # asyncio's own text repeats the address.
    reason = str(error.strerror) if isinstance(error, socket.gaierror) else os.strerror(number)
    if number in (errno.EACCES, errno.EPERM):
        way = "choose a port above 1023, or let it have CAP_NET_BIND_SERVICE, as the units in deploy/ do"
    elif number == errno.EADDRINUSE:
        way = "choose another port, or stop what has it"
    else:
        way = "write an address that this machine has"
    return reason, way
