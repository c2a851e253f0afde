"""hosts: one spelling for all spellings of a host name or address."""

import ipaddress
import re
from typing import Final

import ada_url

from backstamp.urls.safe_browsing.escapes import escape

_PLAIN: Final = re.compile(r"(?:[a-z0-9_-]+\.)*[a-z][a-z0-9_-]*")
_REVERSED_END: Final = re.compile(r"(?:\.|[0-9]*:)*")
_DOTS: Final = re.compile(r"\.\.+")
_NOT_IN_NAMES: Final = re.compile(r"[\x00-\x20#%/:<>?@\[\\\]^|\x7f]")
"""WHATWG URL standard: forbidden domain code points."""
_BRACKETED: Final = re.compile(r"\[[0-9A-Fa-f:.]+\]")
_DOTTED: Final = re.compile(r"(?:[a-z0-9_-]{1,63}\.)+(?:[0-9]+|0x[0-9a-f]*|([a-z0-9-]{1,63}))")
"""A last label that is a number makes it an address, or nothing (WHATWG URL, "ends in a number checker")."""
_MAX_NAME: Final = 255
"""RFC 1035, section 2.3.4: no longer name is in the DNS; escaped it would be as long again."""
_ROUNDS: Final = 4
_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052, section 2.1: what an IPv4 address is called in a network that has IPv6 only."""


def canonical_host(authority: str) -> str | None:
    """Return the canonical host of an authority without user information; None where there is no host.

    Names are in lower case and A-labels; addresses as browsers write them, whatever their spelling: octal,
    hexadecimal, short, mapped into IPv6. What no browser takes for a host is escaped.
    """
    host = _tidy(authority)
    for _ in range(_ROUNDS):
        if _PLAIN.fullmatch(host):
            return host
        read = _as_browsers_read(host)
        if read is None:
            return escape(_lower(host)) if 0 < len(host) <= _MAX_NAME else None
        if read == host:
            return _as_ipv4(host)
        # A name may end in dots that were written otherwise, and be an address without them.
        host = _tidy(read)
    return host or None


def names_host(host: str) -> bool:
    """Return whether a canonical host can be one on the web: a name with a dot, or an address."""
    dotted = _DOTTED.fullmatch(host)
    if dotted is None:
        return _BRACKETED.fullmatch(host) is not None
    return dotted[1] is not None or is_address(host)


def is_address(host: str) -> bool:
    """Return whether a canonical host is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _tidy(host: str) -> str:
    """Take away the port and the dots before and behind; of dots in a row one stays."""
    end = _REVERSED_END.match(host[::-1])
    assert end is not None
    return _DOTS.sub(".", host[: len(host) - end.end()].lstrip("."))


def _as_browsers_read(host: str) -> str | None:
    if not host or (_NOT_IN_NAMES.search(host) and not _BRACKETED.fullmatch(host)):
        return None
    try:
        name: str = ada_url.URL(f"http://{host.encode('latin-1').decode()}/").hostname
    except ValueError:
        return None
    return name


def _as_ipv4(host: str) -> str:
    """Return an IPv6 address that stands for an IPv4 one as that (version 5 of the specification)."""
    if host[0] != "[":
        return host
    address = ipaddress.IPv6Address(host[1:-1])
    if address in _TRANSLATED:
        return str(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return host if address.ipv4_mapped is None else str(address.ipv4_mapped)


def _lower(host: str) -> str:
    """Bytes, not characters: beyond ASCII there is no upper case."""
    return host.encode("latin-1").lower().decode("latin-1")
