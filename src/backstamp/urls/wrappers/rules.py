"""rules: what a rule about one vendor's links says, and the readers that such rules are made of."""

import enum
import re
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

import msgspec

from backstamp.urls.decoding import as_text, base64_decoded, has_escaped_scheme, unescaped, unescaped_url
from backstamp.urls.domains import has_known_suffix
from backstamp.urls.parsing import WebUrl


class WrapperKind(enum.StrEnum):
    """What a vendor wraps links for."""

    PROTECTIVE = "protective"
    """Another link protection: it checks the target at the click."""
    REDIRECTOR = "redirector"
    """A search engine's or network's way out: it leads straight on."""
    TRACKER = "tracker"
    """A mailing service counts the click, then leads on."""


class Address(msgspec.Struct, frozen=True):
    """A wrapped URL, taken apart; each part as it stands in the serialised URL, percent-encoded."""

    host: str
    path: str
    query: str
    """Without its question mark."""
    rest: str
    """Path, query and fragment in one, for formats that put a whole URL there as it is."""


Reader = Callable[[Address], str | None]
"""Finds the text of the inner URL; None where it is not there. Never raises."""


class Rule(msgspec.Struct, frozen=True):
    """One vendor's format.

    `hosts` are host names; `*.` before one stands for any subdomain of it, a `*` elsewhere for a part of one
    label, not of the last two. A vendor whose customers run the service on hosts of their own has a `marker`
    instead, which its URLs hold. `path` is a regular expression for the whole path (None: any path). `inner`
    reads the inner URL; `inner_host` its host, where the vendor shows that and keeps the URL on its servers.
    """

    vendor: str
    kind: WrapperKind
    hosts: tuple[str, ...] = ()
    marker: str = ""
    path: re.Pattern[str] | None = None
    inner: Reader | None = None
    inner_host: Reader | None = None


_BROKEN_OFF: Final = re.compile(r"https?%[^&]*%[0-9a-f]?", re.IGNORECASE)
_HOST: Final = re.compile(r"(([\w-]+(?:\.[\w-]+)+)(?:[:/?#]\S*)?)")
_Json = TypeVar("_Json")


def address_of(url: WebUrl) -> Address:
    """Take a serialised URL apart: its path begins at the first slash behind `https://`."""
    rest = url.href[url.href.index("/", 8) :]
    before_fragment = rest.partition("#")[0]
    path, _, query = before_fragment.partition("?")
    return Address(url.host, path, query, rest)


def is_broken_off(escaped: str) -> bool:
    """Whether a URL that was escaped whole ends within an escape: what came behind nobody can tell."""
    return _BROKEN_OFF.fullmatch(escaped) is not None


def json_decoded(raw: bytes, kind: type[_Json]) -> _Json | None:
    """Decode JSON of a known shape; None for anything else, however deep."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def raw_parameter(query: str, name: str) -> str | None:
    """Return the first value of a query parameter that is not empty, as it stands.

    Case is ignored, and so is the `amp;` of an `&amp;` that nobody decoded on the way.
    """
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        if value and key.lower().removeprefix("amp;") == name:
            return value
    return None


def parameter(*names: str) -> Reader:
    """Read a form-encoded query parameter that holds a URL; the first of `names` that does."""

    def read(address: Address) -> str | None:
        texts = _values(address, names)
        return next((text for text in texts if text[:4].lower() == "http"), None)

    return read


def url_or_host_parameter(*names: str) -> Reader:
    """Read it where the service puts the scheme before a host name by itself.

    A URL in any of `names` goes before a host name, which has a public suffix.
    """
    read_url = parameter(*names)

    def read(address: Address) -> str | None:
        hosts = map(_HOST.fullmatch, _values(address, names))
        named = (f"http://{found[1]}" for found in hosts if found is not None and has_known_suffix(found[2]))
        return read_url(address) or next(named, None)

    return read


def _values(address: Address, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        value = raw_parameter(address.query, name)
        if value is not None and not is_broken_off(value):
            yield unescaped_url(value.replace("+", " ")).lstrip()


def host_in_path(pattern: str) -> Reader:
    """Read host and path that stand behind a prefix of the path; the prefix's group `s` makes it https."""
    prefix = re.compile(rf"(?:{pattern})(?P<s>s/)?(?P<rest>[^/?#]+\.[^?#]*)")

    def read(address: Address) -> str | None:
        found = prefix.fullmatch(address.path)
        if found is None:
            return None
        query = f"?{address.query}" if address.query else ""
        return f"{'https' if found['s'] else 'http'}://{found['rest']}{query}"

    return read


def host_in_label(domain: str) -> Reader:
    """Read a host that is one label below a domain: its dots are `-`, its own `-` are doubled."""

    def read(address: Address) -> str | None:
        label = address.host.removesuffix(".").removesuffix(f".{domain}")
        host = "-".join(part.replace("-", ".") for part in label.split("--"))
        return f"https://{host}{address.rest}"

    return read


def host_before(domain: str) -> Reader:
    """Read a host that stands before a domain as it is; what has no known suffix is the service's own."""

    def read(address: Address) -> str | None:
        host = address.host.removesuffix(".").removesuffix(f".{domain}")
        return f"https://{host}{address.rest}" if has_known_suffix(host) else None

    return read


def base64_parameter(name: str, prefix: int = 0) -> Reader:
    """Read a query parameter that holds a URL in base64 behind `prefix` characters."""

    def read(address: Address) -> str | None:
        value = raw_parameter(address.query, name)
        return _url_in_base64(value, prefix) if value is not None else None

    return read


def base64_in_path(pattern: str) -> Reader:
    """Read a URL in base64, which is the group of a regular expression for the whole path."""
    path = re.compile(pattern)

    def read(address: Address) -> str | None:
        found = path.fullmatch(address.path)
        return _url_in_base64(found[1]) if found is not None else None

    return read


def json_in_path(pattern: str, name: str) -> Reader:
    """Read a URL in a field of a JSON object, whose base64 is the group of an expression for the path."""
    path = re.compile(pattern)

    def read(address: Address) -> str | None:
        found = path.fullmatch(address.path)
        raw = base64_decoded(found[1]) if found is not None else None
        content = json_decoded(raw, dict[str, object]) if raw is not None else None
        url = content.get(name) if content is not None else None
        return url if isinstance(url, str) else None

    return read


def _url_in_base64(escaped: str, prefix: int = 0) -> str | None:
    raw = base64_decoded(unescaped(escaped)[prefix:])
    url = as_text(raw) if raw is not None else ""
    return unescaped_url(url) if has_escaped_scheme(url) else url or None


def host_parameter(name: str) -> Reader:
    """Read a query parameter that holds a host name."""

    def read(address: Address) -> str | None:
        value = raw_parameter(address.query, name)
        return unescaped(value) if value is not None else None

    return read
