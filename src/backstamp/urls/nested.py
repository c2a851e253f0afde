"""nested: URLs that stand in another one's path or query, as open redirectors have them."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from backstamp.urls.parsing import WebUrl, web_url
from backstamp.urls.wrappers.rules import as_text, base64_decoded, percent_decoded

MAX_NESTED: Final = 4
"""So many are read of one URL; a redirector has one or two."""
_MAX_URL: Final = 8192
"""What stands behind it is not read: servers refuse it."""
_PLAIN: Final = re.compile(
    r"(?<![a-z0-9])https?(?::|%(?:25)*3a)(?:/|\\|%(?:25)*2f|%(?:25)*5c){2}[^&;#]+", re.IGNORECASE
)
_BASE64: Final = re.compile(r"(?<![A-Za-z0-9+_-])aHR0c[A-Za-z0-9+_-]{8,2048}")
"""`http` in base64."""


def nested_urls(url: WebUrl) -> Iterator[WebUrl]:
    """Yield the http(s) URLs in the path and query of a URL: plain or escaped ones first; at most four.

    One within another of them is not yielded: it is nested in that.
    """
    href = url.href[:_MAX_URL]
    behind = href[len("https") :]
    if "ttp" not in behind.lower() and "aHR0c" not in behind:
        return iter(())  # Most URLs: a third of what it takes to find that out below.
    return islice(_nested(href.partition("#")[0]), MAX_NESTED)


def _nested(href: str) -> Iterator[WebUrl]:
    path = href.find("/", len("https://"))
    if path < 0:
        return
    if "ttp" in href[path:].lower():
        for found in _PLAIN.finditer(href, path + 1):
            yield from _read(percent_decoded(found[0]))
    if "aHR0c" in href:
        for found in _BASE64.finditer(href, path):
            raw = base64_decoded(found[0])
            if raw is not None:
                yield from _read(as_text(raw))


def _read(text: str) -> Iterator[WebUrl]:
    inner = web_url(text)
    if inner is not None:
        yield inner
