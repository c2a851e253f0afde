"""other_schemes: which web addresses an address of another scheme is looked up as.

Lists name hosts and web addresses. A click on `ftp://evil.example/`, `microsoft-edge:https://evil.example/`
or `ms-word:ofe|u|https://evil.example/a.docm` leads there all the same, by another program.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final
from urllib.parse import unquote

from backstamp.urls.parsing import WebUrl, web_url

_WEB_ADDRESS: Final = re.compile(r"https?:[/\\]+[^\s|<>\"]+", re.IGNORECASE)
_HOST: Final = re.compile(r"(?<![/\\])[/\\]{2,}+([^\s|<>\"/\\]+[^\s|<>\"]*)")
_DAV: Final = re.compile(r"(?<=[\w.-])(?:@SSL(?:@[0-9]{1,5})?|@[0-9]{1,5})(?=[/\\]|\Z)", re.IGNORECASE)
"""How Windows is told to ask a host over HTTP for a share: `\\\\host@SSL@8443\\share`."""
_BEHIND: Final = re.compile(r"[;,&'(){}$!*]")
"""What stands behind an address within another one, and could belong to it by the standard."""
_ESCAPED: Final = re.compile(r"%(?:25)*(?:2f|3a|5c)", re.IGNORECASE)
"""A slash, or the colon before the only one: `https%3A/evil.example`."""
_MOST_ESCAPED: Final = 2
_MOST: Final = 8
"""Web addresses, and hosts, of each reading. Of these none is left out, or eight addresses behind its own
host would keep that from being looked up.
"""


def looked_up_as(address: str) -> tuple[WebUrl, ...]:
    """Return the web addresses that stand in an address of another scheme, and those of its hosts.

    Also percent-encoded ones (`firefox://open-url?url=https%3A%2F%2Fevil.example`). Programs do not agree on
    which one counts: `intent://evil.example/#Intent;S.browser_fallback_url=https://safe.example/;end`.
    """
    found: dict[str, WebUrl] = {}
    hosts: set[str] = set()
    for url, by_host in _readings(address):
        if "." not in url.host or _BEHIND.search(url.host) is not None:
            continue
        if not by_host or url.host not in hosts:
            found[url.href] = url
            hosts.add(url.host)
    return tuple(found.values())


def _readings(address: str) -> Iterator[tuple[WebUrl, bool]]:
    """Yield what may be meant, and whether only its host is certain."""
    for text in _unescaped(address):
        for match in islice(_WEB_ADDRESS.finditer(text), _MOST):
            for within, by_host in ((match[0], False), (_BEHIND.split(match[0], maxsplit=1)[0], True)):
                url = web_url(within)
                if url is not None:
                    yield url, by_host
        for match in islice(_HOST.finditer(text), _MOST):
            url = web_url("http://" + _DAV.sub("", match[1], count=1))
            if url is not None:
                yield url, True


def _unescaped(text: str) -> Iterator[str]:
    yield text
    for _ in range(_MOST_ESCAPED):
        if _ESCAPED.search(text) is None:
            return
        text = unquote(text)
        yield text
