"""expressions: the host suffixes and path prefixes under which a list may name a URL."""

import re
from typing import Final

from backstamp.urls.safe_browsing.canonical import Canonical, canonical_of_text, canonicalise

_LABELS: Final = 5
"""Suffixes of the host come from its last five labels."""
_PATHS: Final = 4
"""So many prefixes of the path, the root among them."""
_NOT_IN_HOSTS: Final = re.compile(r"[\x00-\x20/?#@\\]")
_ADDRESS: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")


def expressions(url: str | bytes) -> tuple[str, ...]:
    """Return the expressions of a URL, the most telling first: at most 30; none for what is no http(s) URL.

    `url` as for `canonicalise`. The host itself and up to four suffixes of it, each with: the path with its
    query, the path, and the root and up to three folders on the way. An address has no suffixes.
    """
    canonical = canonicalise(url)
    if canonical is None:
        return ()
    paths = _paths(canonical)
    return tuple([host + path for host in _hosts(canonical.host) for path in paths])


def url_expression(url: str | bytes) -> str | None:
    """Return the expression under which a list names this one URL, for those who make lists; None for no URL.

    With the root as its path it names the whole host, and with a slash at its end all that is in the folder.
    """
    canonical = canonical_of_text(url)
    return None if canonical is None else canonical.host + _paths(canonical)[0]


def host_expression(host: str) -> str | None:
    """Return the expression under which a list names a host and all its subdomains; None for no host."""
    canonical = None if _NOT_IN_HOSTS.search(host) else canonical_of_text(f"http://{host}/")
    return None if canonical is None else f"{canonical.host}/"


def _hosts(host: str) -> list[str]:
    hosts = [host]
    dots = host.count(".")
    if dots < 2 or host[-1] == "]" or (host[-1].isdigit() and _ADDRESS.fullmatch(host)):
        return hosts
    if dots >= _LABELS:
        host = ".".join(host.rsplit(".", _LABELS)[1:])
        hosts.append(host)
        dots = _LABELS - 1
    for _ in range(dots - 1):
        host = host[host.index(".") + 1 :]
        hosts.append(host)
    return hosts


def _paths(canonical: Canonical) -> list[str]:
    path = canonical.path
    paths = [f"{path}?{canonical.query}", path] if canonical.query else [path]
    if path == "/":
        return paths
    paths.append("/")
    end = 0
    for _ in range(_PATHS - 1):
        end = path.find("/", end + 1)
        if end < 0:
            break
        if end + 1 < len(path):
            paths.append(path[: end + 1])
    return paths
