"""canonical: one spelling for all spellings of a URL, by which lists are looked up.

The specification works on bytes. Here each byte is the character of the same number, and what comes out is
printable ASCII. It is a key, not a URL to request: an escaped backslash comes out bare, for example.
"""

import re
from typing import Final

import msgspec

from backstamp.urls.parsing import web_url
from backstamp.urls.safe_browsing.escapes import escape, unescape
from backstamp.urls.safe_browsing.hosts import canonical_host

_PLAIN_HOST: Final = re.compile(
    r"(https?)://((?:[a-z0-9_-]+\.)+[a-z][a-z0-9_-]*)(?::[0-9]+)?(/[!\"$-~]*)(?:#.*)?", re.DOTALL
)
"""Most links as the URL parser serialises them: what stands before the path is canonical. Thrice as quick."""
_OUTER: Final = "".join(map(chr, range(0x21)))
_INNER: Final = str.maketrans("", "", "\t\n\r")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PORT: Final = re.compile(r"[0-9]+(?![^/?\\])")
_AUTHORITY: Final = re.compile(r"[^/?\\]*")
"""A backslash ends it too, as in browsers: `http://evil.example\\@good.example/` leads to the first."""
_SLASHES: Final = re.compile("//+")


class Canonical(msgspec.Struct, frozen=True):
    """The canonical form of an http(s) URL, without user information, port and fragment.

    `query` is None where there is no question mark. `str()` gives it as one text.
    """

    scheme: str
    host: str
    path: str
    query: str | None

    def __str__(self) -> str:
        url = f"{self.scheme}://{self.host}{self.path}"
        return url if self.query is None else f"{url}?{self.query}"


def canonicalise(url: str | bytes) -> Canonical | None:
    """Return the canonical form of a URL; None where it is none of http(s), or names no host.

    `url` is a URL that a browser's parser serialised (`WebUrl.href`). Other text is read as the
    specification's examples are: `http` where it names no scheme, a host that no browser takes escaped. Text
    stands for its UTF-8. Never raises, and takes time in proportion to the length.
    """
    if isinstance(url, bytes):
        url = url.decode("latin-1")
    elif not url.isascii():
        url = _SURROGATE.sub("\ufffd", url).encode().decode("latin-1")
    plain = _PLAIN_HOST.fullmatch(url)
    if plain is None:
        return _canonicalise(url)
    scheme, host, rest = plain.groups()
    if "%" in rest or "//" in rest or "/." in rest:
        return _with_canonical_path(scheme, host, unescape(rest))
    path, question_mark, query = rest.partition("?")
    return Canonical(scheme, host, path, query if question_mark else None)


def canonical_of_text(text: str | bytes) -> Canonical | None:
    """Return the canonical form of what people write: as a browser reads it, else as `canonicalise` does."""
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError:
            return canonicalise(text)
    parsed = web_url(text)
    return canonicalise(text if parsed is None else parsed.href)


def _canonicalise(url: str) -> Canonical | None:
    url = url.strip(_OUTER).translate(_INNER).partition("#")[0]
    named = _scheme_and_rest(url)
    if named is None:
        return None
    scheme, rest = named
    # User information goes before anything is unescaped: it may hold an escaped slash.
    rest = unescape(_without_user(rest))
    if not scheme:
        named = _scheme_and_rest(rest)
        if named is None:
            return None
        scheme, rest = named
    rest = _without_user(rest)
    end = _end_of_authority(rest)
    host = canonical_host(rest[:end])
    if host is None:
        return None
    return _with_canonical_path(scheme or "http", host, rest[end:])


def _with_canonical_path(scheme: str, host: str, rest: str) -> Canonical:
    path, question_mark, query = rest.partition("?")
    if "//" in path or "/." in path or path[:1] != "/":
        path = _canonical_path(path)
    return Canonical(scheme, host, escape(path), escape(query) if question_mark else None)


def _scheme_and_rest(url: str) -> tuple[str, str] | None:
    """Return an empty scheme where none is named, and None for another one than http(s)."""
    match = _SCHEME.match(url)
    if match is None:
        return "", url
    scheme = match[1].lower()
    if scheme in ("http", "https") and url.startswith("//", match.end()):
        return scheme, url[match.end() + 2 :]
    is_host_with_port = "." in scheme and _PORT.match(url, match.end())
    return ("", url) if is_host_with_port else None


def _end_of_authority(rest: str) -> int:
    match = _AUTHORITY.match(rest)
    assert match is not None
    return match.end()


def _without_user(rest: str) -> str:
    end = _end_of_authority(rest)
    return rest[rest.rfind("@", 0, end) + 1 :]


def _canonical_path(path: str) -> str:
    """Resolve the dots, then make one slash of many; `path` begins with what ended the authority."""
    segments: list[str] = []
    *before, last = path[1:].split("/")
    for segment in before:
        if segment == "..":
            del segments[-1:]
        elif segment != ".":
            segments.append(segment)
    if last == "..":
        del segments[-1:]
    segments.append("" if last in (".", "..") else last)
    return _SLASHES.sub("/", "/" + "/".join(segments))
