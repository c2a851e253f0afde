"""nested: URLs that stand in another one's path, query or fragment, as open redirectors have them."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final
from urllib.parse import unquote_to_bytes

from backstamp.urls.parsing import WebUrl, strip_link_text, web_url
from backstamp.urls.wrappers.rules import as_text, base64_decoded, percent_decoded

MAX_NESTED: Final = 4
"""So many are read of one URL; a redirector has one or two."""
_MAX_URL: Final = 8192
"""What stands behind it is not read: servers refuse it."""
_ANEW: Final = "|".join(("(?<![a-z0-9]h)", *(f"(?<=%{'25' * n}[0-9a-f][0-9a-f]h)" for n in range(4))))
_PLAIN: Final = re.compile(
    rf"h(?:{_ANEW})ttps?(?::|%(?:25)*3a)(?:/|\\|%(?:25)*2f|%(?:25)*5c)+[^&;#]+", re.IGNORECASE
)
"""Behind no letter or digit, unless these end what is escaped: `%22https://`."""
_BASE64: Final = re.compile(r"(?<![A-Za-z0-9+_-])(?:aHR0c|YUhSMGN|eyJ)[A-Za-z0-9+_-]{8,2048}")
"""`http` in base64, once or twice, and an object of JSON."""
_IN_JSON: Final = re.compile(r'https?:(?:\\?/)+[^"\s<>]+', re.IGNORECASE)
_MAY_BE_VALUE: Final = re.compile(
    r"=(?:[/\\]|[hH](?:[tT]|%)|%(?:25)*(?:2[fF0]|5[cC]|[46]8|[01][0-9a-fA-F]))([^&;#]*)"
)
"""A parameter's value that may be a URL for whoever decodes it: by its scheme, or by two slashes."""
_BEFORE_VALUES: Final = re.compile(r"[?#]")
_LOCATION: Final = re.compile(r"(?:https?:[/\\]*|[/\\]{2,})[^/\\.?#]", re.IGNORECASE)
_MAX_DECODED: Final = 6
_NOBODY: Final = "https://nobody.invalid/"


def nested_urls(url: WebUrl) -> Iterator[WebUrl]:
    """Yield the http(s) URLs in the path, query and fragment of a URL, plain or escaped ones first: four.

    One within another of them is not yielded: it is nested in that. The value of a parameter is read as a
    redirector reads it and a browser follows it: decoded as often as something is escaped, and without a
    scheme too (`//example.com`). What a fragment holds no server sees, but a page's own script.
    """
    href = url.href[:_MAX_URL]
    if not _may_hold_url(href[len("https") :]):
        return iter(())  # Most URLs: a third of what it takes to find that out below.
    return islice(_nested(href), MAX_NESTED)


def may_be_nested(urls: Iterable[WebUrl]) -> bool:
    """Return whether a URL may stand in one of these: false where `nested_urls` of each has none."""
    # No line end is in a URL, nor in what is looked for: nothing is found across two of them.
    return _may_hold_url("\n".join([url.href[len("https") : _MAX_URL] for url in urls]))


def _may_hold_url(text: str) -> bool:
    return "ttp" in text.lower() or _has_base64(text) or _MAY_BE_VALUE.search(text) is not None


def _has_base64(text: str) -> bool:
    return "aHR0c" in text or "eyJ" in text or "YUhSMGN" in text


def _nested(href: str) -> Iterator[WebUrl]:
    path = href.find("/", len("https://"))
    read: list[tuple[int, int]] = []
    if "ttp" in href[path:].lower():
        for found in _PLAIN.finditer(href, path + 1):
            read.append(found.span())
            yield from _read_escaped(found[0])
    values = _BEFORE_VALUES.search(href, path)
    for found in _MAY_BE_VALUE.finditer(href, values.start()) if values is not None else ():
        start, end = found.start() + 1, found.end()
        before = bisect_left(read, (end,)) - 1
        if before < 0 or read[before][1] <= start:
            yield from _read_value(href[start:end])
    if _has_base64(href):
        for found in _BASE64.finditer(href, path):
            yield from _read_base64(found[0])


def _read_escaped(text: str) -> Iterator[WebUrl]:
    """Yield the URL that begins with its scheme; a quotation mark ends it, as in JSON."""
    for _ in range(_MAX_DECODED // 3):
        text = percent_decoded(text)
        inner = web_url(text.partition('"')[0])
        if inner is not None:
            yield inner
            return


def _read_base64(text: str) -> Iterator[WebUrl]:
    raw = base64_decoded(text)
    if raw is not None and raw.startswith(b"aHR0c"):
        raw = base64_decoded(as_text(raw))
    if raw is None:
        return
    text = as_text(raw)
    if text.startswith("{"):
        for found in _IN_JSON.finditer(text):
            yield from _read_escaped(found[0].replace("\\/", "/"))
        return
    inner = web_url(text)
    if inner is not None:
        yield inner
    else:
        yield from _read_value(text)


def _read_value(text: str) -> Iterator[WebUrl]:
    """Yield the URL that a parameter's value is once it is decoded often enough."""
    for _ in range(_MAX_DECODED):
        decoded = as_text(unquote_to_bytes(text))
        text, before = strip_link_text(decoded), text
        if _LOCATION.match(text):
            inner = web_url(text) or web_url(text, _NOBODY)
            if inner is not None and "." in inner.host and not inner.href.startswith(_NOBODY):
                yield inner
            return
        if decoded == before:
            return
