"""parsing: the URL that a browser would request for the text of a link (WHATWG URL standard)."""

import re
import string
from typing import Final

import ada_url
import msgspec

from backstamp.urls.query_encoding import encode_query

TWO_SLASHES: Final = ("//", "\\\\", "/\\", "\\/")
"""Behind these a browser reads a host, whichever way they lean."""
_STRIPPED: Final = "".join(map(chr, range(0x21)))
_INNER: Final = str.maketrans("", "", "\t\n\r")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ORIGIN: Final = re.compile(r"https?://([a-z0-9-][a-z0-9.-]*\.[a-z]{2,24})/")
_PLAIN: Final = (string.ascii_letters + string.digits + "_.~%;:=@,+!$&*()/?-").encode()
_OTHERS_CHANGED: Final = bytes(each if each in _PLAIN else 0x2D for each in range(256))
_REST: Final = re.compile(rf"[{_PLAIN.decode()}]*(?:#[{_PLAIN.decode()}]*)?")
"""With an origin before it a part of the URLs that the parser would give back as they are: most links, at a
fifth of its time. To know segments would take longer: those of dots, and empty labels, are asked for beside.
"""


class WebUrl(msgspec.Struct, frozen=True, gc=False):
    """An http or https URL: `href` is its ASCII serialisation, `host` is in lower case and A-label form."""

    href: str
    host: str


def strip_link_text(text: str) -> str:
    """Return a URL attribute as the URL parser sees it: outer blanks, inner tabs and line ends gone."""
    text = text.strip(_STRIPPED)
    if "\n" in text or "\t" in text or "\r" in text:
        text = text.translate(_INNER)
    return text


def scheme_of(text: str) -> str:
    """Return the lower-case scheme that `text` (already stripped) begins with, or an empty string."""
    match = _SCHEME.match(text)
    return match[1].lower() if match else ""


def plain_web_urls(texts: list[str]) -> list[WebUrl | None]:
    """Return the URLs of texts that the URL parser would give back as they are; None where it must be asked.

    The links of a message have few origins, and mostly nothing but plain signs: what is asked once of all of
    them, or known from the one before, is not asked of each.
    """
    together = "~".join(texts)
    all_plain = (
        together.isascii()
        and (octets := together.encode()).translate(_OTHERS_CHANGED) == octets
        and not _has_odd_segments(together)
    )
    urls: list[WebUrl | None] = []
    origin = host = ""
    size = 0
    for text in texts:
        if not origin or not text.startswith(origin):
            match = _ORIGIN.match(text)
            if match is None or ".." in match[1] or "xn--" in match[1]:
                urls.append(None)
                continue
            origin, host = match.group(0, 1)
            size = len(origin)
        is_plain = all_plain or (_REST.fullmatch(text, size) is not None and not _has_odd_segments(text))
        urls.append(WebUrl(text, host) if is_plain else None)
    return urls


def _has_odd_segments(text: str) -> bool:
    return "/." in text or "/%" in text or ".." in text


def web_url(text: str, base: str | None = None, *, encoding: str = "utf-8") -> WebUrl | None:
    """Return the http(s) URL that `text` means in a document with this `base`; None for anything else.

    `encoding` is the document's (a WHATWG name in lower case): the query is written in it, all else in UTF-8
    (WHATWG URL Standard, "query state").
    """
    (plain,) = plain_web_urls([text])
    if plain is not None:
        return plain
    text = _SURROGATE.sub("\ufffd", text)
    if encoding != "utf-8":
        text = _with_encoded_query(text, encoding)
    try:
        parsed = ada_url.URL(text, base)
    except ValueError:
        return None
    href = parsed.href
    if not href.startswith(("http://", "https://")) or not href.isascii():
        return None
    return WebUrl(href, parsed.hostname)


def _with_encoded_query(text: str, encoding: str) -> str:
    before, hash_sign, fragment = strip_link_text(text).partition("#")
    path, question_mark, query = before.partition("?")
    return f"{path}{question_mark}{encode_query(query, encoding)}{hash_sign}{fragment}"


def host_is_within(host: str, domains: tuple[str, ...]) -> bool:
    """Whether `host` is one of `domains` or a subdomain of one; both in lower case.

    The root's dot behind a host makes no other host of it.
    """
    host = host.removesuffix(".")
    return any(host == domain or host.endswith("." + domain) for domain in domains)
