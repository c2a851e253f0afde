"""looks: what the heuristics see of a link."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import msgspec

from backstamp.threats.findings import ThreatReason
from backstamp.urls.parsing import WebUrl

_PARTS: Final = re.compile(
    r"https?://(?:(?P<userinfo>[^/?#]*)@)?(?:\[[^\]]*\]|[^/?#:]*)(?::(?P<port>[0-9]+))?(?P<path>[^?#]*)"
)
_MAX_URL: Final = 8192
"""What stands behind it is not read: browsers show less, and servers refuse it."""


class Looks(msgspec.Struct, frozen=True, kw_only=True):
    """A link, and what is known where it was found.

    `url` is what a browser would request. `written` is the link as it stood in the mail, where that is known:
    some tricks are gone when it has been parsed. `text` is what a reader sees of the link; `shown_hosts` are
    the hosts that it shows, for those who no longer have the text. `own_domains` are the organisation's,
    `sender_domain` the message's author's. `new_here` says whether the organisation has never met the host;
    None where nobody knows. `may_lead_on` is false where `onward.lead_nowhere` has said so of all links of a
    message. `is_share` says that a click opens a share on the host, `hides_others` that the URL stands in an
    address of another scheme with more than are looked up (`urls.other_schemes`).
    """

    url: WebUrl
    written: str = ""
    text: str = ""
    shown_hosts: tuple[str, ...] = ()
    own_domains: tuple[str, ...] = ()
    sender_domain: str = ""
    new_here: bool | None = None
    may_lead_on: bool = True
    is_share: bool = False
    hides_others: bool = False


class Sign(msgspec.Struct, frozen=True):
    """One thing that looks bad, and what it is about."""

    reason: ThreatReason
    detail: str = ""


class Parts(msgspec.Struct, frozen=True, gc=False):
    """The parts of a serialised URL that rules look at, percent-encoded as they stand there.

    `start` is all before the path and its first slash, where that is nothing but scheme and host; else empty.
    """

    userinfo: str
    port: int | None
    path: str
    start: str = ""


def parts_of(url: WebUrl) -> Parts:
    """Take a serialised URL apart; only its first 8192 characters are read."""
    href = url.href[:_MAX_URL]
    start = len("https://") if href.startswith("https:") else len("http://")
    end = start + len(url.host)
    if href.startswith(url.host, start) and href.startswith("/", end):
        # Nothing but the host before the path, as most links have it: a quarter of the expression's time.
        return Parts("", None, href[end:].partition("?")[0].partition("#")[0], href[: end + 1])
    match = _PARTS.match(href)
    if match is None:
        return Parts("", None, "")
    port = match["port"]
    return Parts(match["userinfo"] or "", int(port) if port else None, match["path"])


def address_of_host(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a URL's host is; the URL parser has made dotted decimals of all spellings."""
    if not host or (host[-1] not in "]." and not host[-1].isdigit()):
        return None
    try:
        return ip_address(host.removesuffix(".").strip("[]"))
    except ValueError:
        return None
