"""wrappers: links that another vendor's protection or redirector wrapped, and the URL inside.

Formats: Microsoft Safe Links, Proofpoint URL Defense v1-v3, Barracuda Link Protect, Google's `/url`
redirector, Intermedia, Check Point. Mimecast, SendGrid and Mailchimp keep the URL on their servers: such
links are recognised and cannot be unwrapped. Seen in the wild: research notes of ClearURLs #438,
unmangleOutlookSafelinks #16 and proofpoint-url-decoder #4.
"""

import base64
import binascii
import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote, unquote_plus

import ada_url

from backstamp.urls.parsing import WebUrl, host_is_within, web_url

MAX_DEPTH: Final = 5
"""Wrappers of wrappers are unwrapped to this depth."""

_V3: Final = re.compile(r"^/v3/__(.+?)__;([A-Za-z0-9_-]*)!", re.DOTALL)
_V3_TOKEN: Final = re.compile(r"\*(\*.)?")
_V3_RUNS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_COLLAPSED: Final = re.compile(r"^(https?:/)(?=[^/])", re.IGNORECASE)

_SAFE_LINKS: Final = ("safelinks.protection.outlook.com", "safelinks.protection.office365.us")
_PROOFPOINT: Final = ("urldefense.com", "urldefense.us", "urldefense.proofpoint.com")
_OPAQUE: Final = (
    "protect.mimecast.com",
    "mimecastprotect.com",
    "mimecast.com",
    "checkpoint.url-protection.com",
    "url-protection.com",
    "emailprotection.link",
    "clicktime.symantec.com",
    "urlsand.esvalabs.com",
)
_GOOGLE: Final = re.compile(r"(?:www\.)?google\.[a-z.]{2,6}")


def is_protective_wrapper(url: WebUrl) -> bool:
    """Whether another link protection already guards this URL."""
    return _is_protective_host(url.host)


def unwrap_foreign(href: str) -> str | None:
    """Return the URL inside a foreign wrapper, through at most five layers; None when it is no wrapper."""
    inner: str | None = None
    current = href
    for _ in range(MAX_DEPTH):
        found = _unwrap_once(current)
        if found is None or found == current:
            break
        inner = current = found
    return inner


def _unwrap_once(href: str) -> str | None:
    url = web_url(href)
    if url is None:
        return None
    parsed = ada_url.URL(url.href)
    path, query = parsed.pathname, parsed.search
    inside = _inside(url.host, path, query)
    if inside is None:
        return None
    target = web_url(inside)
    return target.href if target is not None else None


def _inside(host: str, path: str, query: str) -> str | None:
    if host_is_within(host, _SAFE_LINKS) or (
        host in ("outlook.office.com", "outlook.office365.com") and path == "/mail/safelink.html"
    ):
        return _parameter(query, "url")
    if host in _PROOFPOINT:
        return _proofpoint(path, query)
    if host == "linkprotect.cudasvc.com" and path == "/url":
        return _parameter(query, "a")
    if _GOOGLE.fullmatch(host) and path == "/url":
        return _parameter(query, "q") or _parameter(query, "url")
    if host == "url.emailprotection.link" or host.endswith(".url-protection.com"):
        return _parameter(query, "url")
    return None


@lru_cache(maxsize=4096)
def _is_protective_host(host: str) -> bool:
    return host_is_within(host, (*_SAFE_LINKS, *_PROOFPOINT, *_OPAQUE, "linkprotect.cudasvc.com"))


def _parameter(query: str, name: str) -> str | None:
    for pair in query.removeprefix("?").split("&"):
        key, _, value = pair.partition("=")
        if key == name and value:
            return unquote_plus(value)
    return None


def _proofpoint(path: str, query: str) -> str | None:
    if path == "/v1/url":
        return _parameter(query, "u")
    if path == "/v2/url":
        # `-` stands for `%` and `_` for `/`.
        encoded = _parameter(query, "u")
        return unquote(encoded.translate(str.maketrans("-_", "%/"))) if encoded else None
    match = _V3.match(path + query)
    if match is None:
        return None
    return _proofpoint_v3(match[1], match[2])


def _proofpoint_v3(url: str, replaced: str) -> str | None:
    """Put the replaced characters back: `*` stands for one of them, `**x` for a run of them."""
    try:
        characters = base64.urlsafe_b64decode(replaced + "=" * (-len(replaced) % 4)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    position = 0

    def put_back(match: re.Match[str]) -> str:
        nonlocal position
        count = 1
        if match[1]:
            run = _V3_RUNS.find(match[1][1])
            if run < 0:
                return match[0]
            count = run + 2
        piece = characters[position : position + count]
        position += count
        return piece

    return _COLLAPSED.sub(r"\1/", _V3_TOKEN.sub(put_back, url))
