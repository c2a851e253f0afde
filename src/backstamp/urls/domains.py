"""domains: which part of a host name somebody registered, by the Public Suffix List.

The list comes with the package `publicsuffixlist`, which is published anew with every change of the list; no
network is asked. Both sections count: `a.github.io` and `b.github.io` belong to different people.
"""

import re
from functools import lru_cache
from typing import Final

import ada_url
from publicsuffixlist import PublicSuffixList

_MAX_HOST: Final = 254
"""RFC 1035, section 3.1: 253 characters, and the root's dot."""
_PLAIN: Final = re.compile(r"(?:[a-z0-9_-]+\.)*[a-z][a-z0-9_-]*")
_NOT_IN_HOSTS: Final = re.compile(r"[\x00-\x20/?#@\\:%\[\]]")
_ADDRESS: Final = re.compile(r"[0-9.]+")


def registrable_domain(host: str) -> str | None:
    """Return the domain that was registered: one label and the public suffix behind it.

    `host` is a host name in any case, in A-labels or U-labels, with or without the root's dot. The answer is
    in lower case and A-labels: `example.co.uk` for `www.example.co.uk`; the last two labels where the list
    knows no rule for them (publicsuffix.org: "if no rules match, the prevailing rule is `*`"). None for a
    public suffix itself, a single label, an address, and what is no host name. Never raises.
    """
    return _registrable(host) if len(host) <= _MAX_HOST else None


def has_known_suffix(host: str) -> bool:
    """Whether the host lies below a public suffix of the list, or is one of at least two labels itself."""
    if len(host) > _MAX_HOST:
        return False
    name = _host_name(host)
    return (
        name is not None and "." in name and _suffixes().publicsuffix(name, accept_unknown=False) is not None
    )


def aligned(host: str, other: str) -> bool:
    """Whether both hosts have one registrable domain (RFC 7489, section 3.1: relaxed alignment).

    Hosts without one, as addresses and public suffixes are, are aligned with themselves only.
    """
    domain = registrable_domain(host)
    if domain is not None:
        return domain == registrable_domain(other)
    name = host.lower().removesuffix(".")
    return name != "" and name == other.lower().removesuffix(".")


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    """Return the list; reading it takes 55 ms, and most processes never ask."""
    return PublicSuffixList()


@lru_cache(maxsize=4096)
def _registrable(host: str) -> str | None:
    name = _host_name(host)
    return _suffixes().privatesuffix(name) if name is not None else None


def _host_name(host: str) -> str | None:
    """Return the name in lower case and A-labels without the root's dot; None for an address or no name."""
    if _PLAIN.fullmatch(host):
        return host
    if not host or _NOT_IN_HOSTS.search(host):
        return None
    try:
        name: str = ada_url.URL(f"http://{host}/").hostname
    except ValueError:
        return None
    name = name.removesuffix(".")
    return None if not name or name[-1] == "." or _ADDRESS.fullmatch(name) else name
