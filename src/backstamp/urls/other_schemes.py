"""other_schemes: which web addresses an address of another scheme is looked up as, and whose share it opens.

Lists name hosts and web addresses. A click on `ftp://evil.example/`, `microsoft-edge:https://evil.example/`
or `ms-word:ofe|u|https://evil.example/a.docm` leads there all the same, by another program.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final
from urllib.parse import unquote

import ada_url

from backstamp.urls.parsing import WebUrl, strip_link_text, web_url

_WEB_ADDRESS: Final = re.compile(r"(?=()https?:(?:[/\\]+|(?!https?:))[^\s|<>\"])", re.IGNORECASE)
"""Where one begins, within another one too; without slashes it is opened all the same."""
_HOST: Final = re.compile(r"(?<![/\\])(?=[/\\]{2,}+(?:[?.][/\\]+UNC[/\\]+)?()[^\s|<>\"/\\])", re.IGNORECASE)
"""Where it begins, behind two slashes; Windows writes a share as `\\\\?\\UNC\\host\\share`, too."""
_END: Final = re.compile(r"[\s|<>\"]")
_SHARE: Final = re.compile(
    r"(?:(?<![a-z0-9+.-])(?:file:(?![/\\]{3}[^/\\])|smb:|cifs:)(?=[/\\]{2})"
    r"|\A(?=[/\\]{2}[^\s/\\@]+@(?:SSL|[0-9]))"
    r"|(?<![/\\])(?<!\b[a-z]:)(?=\\\\))"
    r"[/\\]++(?:[?.][/\\]+UNC[/\\]+)?([^\s|<>\"/\\]+)",
    re.IGNORECASE,
)
"""The host of a share: behind three slashes, or a drive, is a file of one's own (RFC 8089, appendix B)."""
_DAV: Final = re.compile(r"([^\s/\\]*?[\w.-])(?:@SSL(?:@[0-9]{1,5})?|@[0-9]{1,5})(?=[/\\]|\Z)", re.IGNORECASE)
"""How Windows is told to ask a host over HTTP for a share: `\\\\host@SSL@8443\\share`."""
_ORIGIN: Final = re.compile(r"https?:[/\\]*[^/\\?#]+", re.IGNORECASE)
_BEHIND: Final = re.compile(r"[;,&'(){}$!*]")
"""What stands behind an address within another one, and could belong to it by the standard."""
_ESCAPED: Final = re.compile(r"%(?:25)*(?:2f|3a|5c)", re.IGNORECASE)
"""A slash, or the colon before the only one: `https%3A/evil.example`."""
_MOST_ESCAPED: Final = 2
_MOST: Final = 20
"""Web addresses, and hosts, of each reading: as many as of a web address that others stand in."""


def looked_up_as(address: str) -> tuple[WebUrl, ...]:
    """Return the web addresses that stand in an address of another scheme, and those of its hosts.

    Also percent-encoded ones (`firefox://open-url?url=https%3A%2F%2Fevil.example`). Programs do not agree on
    which one counts: `intent://evil.example/#Intent;S.browser_fallback_url=https://safe.example/;end`.
    """
    found: dict[str, WebUrl] = {}
    hosts: set[str] = set()
    for text, by_host in _readings(address):
        # To read the whole of what leads to a known host takes most of the time.
        if by_host and _host_of(text) in hosts:
            continue
        url = web_url(text)
        if url is not None and _is_on_the_net(url.host):
            found[url.href] = url
            hosts.add(url.host)
    return tuple(found.values())


def joined_address(text: str, base: str) -> str:
    """Return what an address comes to that is read against a base, of whatever schemes both are.

    Empty where that is none, or names no host.
    """
    try:
        url = ada_url.URL(strip_link_text(text), strip_link_text(base))
    except ValueError:
        return ""
    return url.href if url.host else ""


def has_more(address: str) -> bool:
    """Return whether more may stand in an address than it is looked up as."""
    return any(
        next(islice(pattern.finditer(text), _MOST, None), None) is not None
        for text in _unescaped(address)
        for pattern in (_WEB_ADDRESS, _HOST)
    )


def share_hosts(address: str) -> frozenset[str]:
    """Return the hosts on which an address opens a share, where a browser can read them.

    `file://host/a`, `smb://host/a`, `\\\\host\\a`, also within an address of any other scheme
    (`search-ms:query=a&crumb=location:\\\\host\\a`, `ms-word:ofe|u|file://host/a`). Before anything is
    shown Windows logs in there, and hands over a hash of the reader's password (CVE-2023-23397,
    CVE-2024-21413).
    """
    hosts: set[str] = set()
    for text in _unescaped(address):
        for match in islice(_SHARE.finditer(text), _MOST):
            url = web_url(_as_web_address(match[1]))
            if url is not None:
                hosts.add(url.host)
    return frozenset(hosts)


def _readings(address: str) -> Iterator[tuple[str, bool]]:
    """Yield what may be meant, and whether only its host is certain."""
    for text in _unescaped(address):
        for rest in _begun(_WEB_ADDRESS, text):
            yield rest, False
            yield _BEHIND.split(rest, maxsplit=1)[0], True
        for rest in _begun(_HOST, text):
            yield _as_web_address(rest), True


def _begun(beginning: re.Pattern[str], text: str) -> Iterator[str]:
    """Yield what begins so, up to its end, which is sought once for all that stand within one another."""
    end = -1
    for match in islice(beginning.finditer(text), _MOST):
        if end < match.start(1):
            found = _END.search(text, match.start(1))
            end = len(text) if found is None else found.start()
        yield text[match.start(1) : end]


def _host_of(text: str) -> str:
    """Return the host of a web address, or "", by its beginning alone."""
    origin = _ORIGIN.match(text)
    url = web_url(origin[0]) if origin is not None else None
    return "" if url is None else url.host


def _is_on_the_net(host: str) -> bool:
    """Whether a host may be one that a list names, and no piece of a command."""
    return ("." in host or host[:1] == "[") and _BEHIND.search(host) is None


def _as_web_address(text: str) -> str:
    """Return what begins with a host as a web address, without what says how that is asked for a share."""
    asked = _DAV.match(text)
    return "http://" + (text if asked is None else asked[1] + text[asked.end() :])


def _unescaped(text: str) -> Iterator[str]:
    yield text
    for _ in range(_MOST_ESCAPED):
        if _ESCAPED.search(text) is None:
            return
        text = unquote(text)
        yield text
