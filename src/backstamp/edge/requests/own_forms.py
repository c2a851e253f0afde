"""own_forms: whether a form came from a page of ours, by what a browser says of that (Fetch standard)."""

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from backstamp.edge.requests.scope import Scope

_OURS: Final = frozenset({"same-origin", "none"})


def is_from_own_page(scope: Scope, hosts: Collection[str] = ()) -> bool:
    """Whether a POST may come from a page of ours: another site's form does nothing.

    `Sec-Fetch-Site` decides where a browser sends it. Else `Origin` does: it must name the host that was
    asked, or one of `hosts` (HOST or HOST:PORT, lower case), since a proxy may ask by another name. Our pages
    have the referrer policy `same-origin`, for under `no-referrer` browsers send `Origin: null` from them, as
    they do from a stranger's sandbox. What sends neither is older than both, or no browser.
    """
    headers = scope.headers
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in _OURS
    origin = headers.get("origin")
    if origin is None:
        return True
    host = host_of(origin)
    return bool(host) and (host in hosts or host == (headers.get("host") or scope.authority or "").lower())


def host_of(origin: str) -> str:
    """Return the host of a web origin, or of a base URL, with its port where that is not the usual one."""
    try:
        parts = urlsplit(origin.lower())
        usual = {"https": 443, "http": 80}[parts.scheme]
        port = parts.port
    except (KeyError, ValueError):
        return ""
    name = parts.netloc.rpartition("@")[2]
    return name.removesuffix(f":{usual}") if port == usual else name
