"""nested: URLs that stand in another one's path, query or fragment, as open redirectors have them."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from backstamp.urls.decoding import unescaped, unescaped_url
from backstamp.urls.in_base64 import begins_in_base64, may_be_in_base64, read_base64
from backstamp.urls.parsing import WebUrl, strip_link_text, web_url

MAX_NESTED: Final = 20
"""So many are read of one URL; a redirector has one or two."""
_MAX_URL: Final = 8192
"""What stands behind it is not read: most servers refuse it."""
_LONGEST_SEALED: Final = 16_384
"""No longer link is guarded at all (`rewriting.options.Limits`)."""
_OVERLAP: Final = 16
_NEEDLESS: Final = re.compile(r"%(?:25)*([46][1-9A-Fa-f]|[57][0-9Aa]|3[0-9])")
"""An escaped letter or digit, which is the same as the bare one (RFC 3986, section 2.3)."""
_ANEW: Final = "|".join(("(?<![a-z0-9]h)", *(f"(?<=%{'25' * n}[0-9a-f][0-9a-f]h)" for n in range(4))))
_PLAIN: Final = re.compile(
    rf"h(?:{_ANEW})ttps?(?::|%(?:25)*3a)(?:/|\\|%(?:25)*2f|%(?:25)*5c)+[^&;#]+", re.IGNORECASE
)
"""Behind no letter or digit, unless these end what is escaped: `%22https://`."""
_MAY_BE_VALUE: Final = re.compile(
    r"[=?#]\+*(?:[/\\](?=[/\\%])|[hH][tT%]|%(?:25)*(?:2[fF0]|5[cC]|[01][0-9a-fA-F]))"
)
"""A value that may be a URL for whoever decodes it: by its scheme, or by two slashes."""
_MOST_VALUES: Final = 100
"""So many are looked at: each may be as long as what follows."""
_VALUE_END: Final = re.compile(r"[&;#]")
_ODD_PATH: Final = re.compile(r"://[^/\n]*/(?=[/\\%])")
"""A path that may begin with two slashes: to where it leads is decided by who adds what before it."""
_LOCATION: Final = re.compile(r"(?:https?:[/\\]*|[/\\]{2,})[^/\\.?#]", re.IGNORECASE)
_MAX_DECODED: Final = 6
_IN_JSON: Final = re.compile(r"\\(?:/|u00([2-7][0-9a-fA-F]))")
_USUAL_HOST: Final = re.compile(r"[a-z0-9._-]+|\[.*")
_AUTHORITY: Final = re.compile(r"https?:[/\\]*[\w.:%@\[\]-]+", re.IGNORECASE)


def nested_urls(url: WebUrl) -> Iterator[WebUrl]:
    """Yield the http(s) URLs in the path, query and fragment of a URL, plain or escaped ones first: twenty.

    One within another of them is not yielded: it is nested in that. The value of a parameter, and a path, is
    read as a redirector reads it and a browser follows it: decoded as often as something is escaped, and
    without a scheme too (`//example.com`). What a fragment holds no server sees, but a page's own script.
    """
    href = _without_needless_escapes(url.href[:_MAX_URL])
    if not _may_hold_url(href, 1):
        return iter(())  # Most URLs: a third of what it takes to find that out below.
    return islice(_nested(href), MAX_NESTED)


def may_be_nested(urls: Iterable[WebUrl]) -> bool:
    """Return whether a URL may stand in one of these: false where `nested_urls` of each has none."""
    # No line end is in a URL, nor in what is looked for: nothing is found across two of them.
    hrefs = [url.href[:_MAX_URL] for url in urls]
    return _may_hold_url(_without_needless_escapes("\n".join(hrefs)), len(hrefs))


def has_unread(url: WebUrl) -> bool:
    """Return whether another URL may stand in what is not read of a very long one, or of very many values."""
    href = _without_needless_escapes(url.href[:_LONGEST_SEALED])
    behind = href[_MAX_URL - _OVERLAP :] if len(url.href) > _MAX_URL else ""
    if _PLAIN.search(behind) or begins_in_base64(behind) or _MAY_BE_VALUE.search(behind):
        return True
    return next(islice(_MAY_BE_VALUE.finditer(href), _MOST_VALUES, None), None) is not None


def _without_needless_escapes(text: str) -> str:
    if "%" not in text or _NEEDLESS.search(text) is None:
        return text
    return _NEEDLESS.sub(lambda found: chr(int(found[1], 16)), text)


def _may_hold_url(text: str, urls: int) -> bool:
    return (
        text.lower().count("ttp") > urls
        or may_be_in_base64(text)
        or _MAY_BE_VALUE.search(text) is not None
        or _ODD_PATH.search(text) is not None
    )


def _nested(href: str) -> Iterator[WebUrl]:
    path = href.find("/", len("https://"))
    read: list[tuple[int, int]] = []
    if "ttp" in href[path:].lower():
        query = href.find("?")
        for found in _PLAIN.finditer(href, path + 1):
            read.append(found.span())
            yield from _read_escaped(found[0])
            if found.start() < query and href.startswith("&", found.end()):
                # In the path the whole rest is the URL's, with its query.
                yield from _read_escaped(href[found.start() :].partition("#")[0])
    end = 0
    for found in islice(_MAY_BE_VALUE.finditer(href, path), _MOST_VALUES):
        start = found.start() + 1
        if end < start:
            # All that begin before it end there, and are as long as a URL may be: it is sought once.
            behind = _VALUE_END.search(href, start)
            end = len(href) if behind is None else behind.start()
        before = bisect_left(read, (end,)) - 1
        if before < 0 or read[before][1] <= start:
            yield from _read_value(href[start:end].lstrip("+"))
    if may_be_in_base64(href):
        for text in read_base64(href, path):
            yield from _read_value(text) if text.startswith("//") else _read_escaped(text)
    if _ODD_PATH.match(href, href.index(":")) is not None:
        yield from _read_value(href[path:].partition("#")[0])


def _read_escaped(text: str) -> Iterator[WebUrl]:
    """Yield the URL that begins with its scheme; a quotation mark ends it, as in JSON."""
    for _ in range(_MAX_DECODED // 3):
        text = _IN_JSON.sub(_of_json, unescaped_url(text))
        found = _parsed(text.partition('"')[0])
        if found:
            yield from found
            return


def _read_value(text: str) -> Iterator[WebUrl]:
    """Yield the URL that a parameter's value is once it is decoded often enough."""
    for _ in range(_MAX_DECODED):
        decoded = unescaped(text)
        text, before = strip_link_text(decoded), text
        if _LOCATION.match(text):
            found = _parsed(f"https:{text}" if text[0] in "/\\" else text)
            yield from (inner for inner in found if "." in inner.host or inner.host[:1] == "[")
            return
        if decoded == before:
            return


def _parsed(text: str) -> list[WebUrl]:
    """Return the URL that a text is; before it what is left without all that no host has, if it has some."""
    whole = web_url(text)
    if whole is not None and _USUAL_HOST.fullmatch(whole.host):
        return [whole]
    named = _AUTHORITY.match(text)
    without = web_url(named[0]) if named is not None else None
    return [each for each in (without, whole) if each is not None]


def _of_json(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else "/"
