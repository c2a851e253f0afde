"""wrappers: links that another vendor's protection, redirector or click counter wrapped, and the URL inside.

The formats are rules: `protections`, `redirectors` and `trackers` hold one table each. A format is there only
if it is documented, or public decoders or many public links show it; its source stands beside the rule.
"""

from typing import Final

import msgspec

from backstamp.urls.parsing import WebUrl, web_url
from backstamp.urls.wrappers.registry import ordinary_hosts, rule_for
from backstamp.urls.wrappers.rules import Rule, WrapperKind, address_of

__all__ = [
    "MAX_DEPTH",
    "Wrapper",
    "WrapperKind",
    "is_protective_wrapper",
    "may_wrap",
    "ordinary_hosts",
    "unwrap_foreign",
    "wrapper_of",
]

MAX_DEPTH: Final = 5
"""Wrappers of wrappers are unwrapped to this depth."""


class Wrapper(msgspec.Struct, frozen=True):
    """What wrapped a URL. `inner` may be wrapped itself; None where the vendor keeps it on its servers.

    `inner_host` is the inner URL's host, or what the vendor shows of it: a host or a registrable domain, as
    Mimecast and Sophos do; None where nothing shows.
    """

    vendor: str
    kind: WrapperKind
    inner: WebUrl | None
    inner_host: str | None


def wrapper_of(url: WebUrl) -> Wrapper | None:
    """Return what wrapped this URL, or None for an ordinary one (0.4 µs). Never raises.

    FortiMail, SendGrid and Amazon SES run on the customers' own hosts and are told by the path alone: whoever
    judges a link's danger must look at the wrapped URL as well as at the inner one.
    """
    rule = rule_for(url)
    return _read(rule, url) if rule is not None else None


def may_wrap(url: WebUrl) -> bool:
    """Whether a vendor writes such URLs, though one may be broken off before what it wraps."""
    return rule_for(url) is not None


def is_protective_wrapper(url: WebUrl) -> bool:
    """Whether another link protection already guards this URL."""
    rule = rule_for(url)
    return rule is not None and rule.kind is WrapperKind.PROTECTIVE


def unwrap_foreign(href: str) -> str | None:
    """Return the URL inside a foreign wrapper, through at most five layers; None when it is no wrapper.

    Also None where the URL is not in the wrapper. What comes out is an http(s) URL, serialised.
    """
    outer = web_url(href)
    inner: str | None = None
    for _ in range(MAX_DEPTH):
        wrapper = wrapper_of(outer) if outer is not None else None
        if wrapper is None or wrapper.inner is None:
            break
        outer = wrapper.inner
        inner = outer.href
    return inner


def _read(rule: Rule, url: WebUrl) -> Wrapper | None:
    address = address_of(url)
    text = rule.inner(address) if rule.inner is not None else None
    inner = web_url(text) if text else None
    if inner is not None:
        return Wrapper(rule.vendor, rule.kind, inner, inner.host)
    if rule.kind is WrapperKind.REDIRECTOR:
        # Such a host has other pages: without a URL inside it is one of them.
        return None
    shown = rule.inner_host(address) if rule.inner_host is not None else None
    shown_url = web_url(f"http://{shown}/") if shown else None
    return Wrapper(rule.vendor, rule.kind, None, shown_url.host if shown_url is not None else None)
