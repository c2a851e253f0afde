"""The kinds of values a setting can have: how text becomes a value, and what is said when it does not.

Each kind takes what TOML gave (or the text of an environment variable) and returns the value, or
raises `ValueError` with half a sentence that ends "…; write for example …".
"""

import ipaddress
import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Generic, NamedTuple, TypeVar
from urllib.parse import urlsplit

from backstamp.vocabulary import Feed, Sync, ThreatType

T = TypeVar("T")
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_UNITS: Final = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


class Kind(Generic[T]):
    """A kind of value: its name in the documents, and its parser."""

    def __init__(self, name: str, parse: Callable[[Any], T]) -> None:
        self.name = name
        self.parse = parse


def _boolean(value: object) -> bool:
    words = {
        "true": True,
        "yes": True,
        "on": True,
        "1": True,
        "false": False,
        "no": False,
        "off": False,
        "0": False,
    }
    known = value if isinstance(value, bool) else words.get(str(value).strip().lower())
    if known is None:
        raise ValueError("is neither true nor false; write true or false")
    return known


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError('is not text; put it in quotes, for example "name"')
    if any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise ValueError("holds a control character; write it on one line of plain text")
    return value.strip()


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.replace(",", " ").split()
    if not isinstance(value, list):
        raise ValueError('is not a list; write for example ["one", "two"]')
    return tuple(_text(item) for item in value)


def _path(value: object) -> Path:
    text = _text(value)
    if not text:
        raise ValueError("is empty; write a path")
    return Path(text).expanduser()


def _optional_path(value: object) -> Path | None:
    return _path(value) if _text(value) else None


def _networks(value: object) -> tuple[IpNetwork, ...]:
    found = []
    for word in _words(value):
        try:
            found.append(ipaddress.ip_network(word))
        except ValueError:
            raise ValueError(
                f'holds "{word}", which is no network; write for example "192.0.2.0/24" or "::1"'
            ) from None
    return tuple(found)


def _bytes(value: object) -> int:
    match = re.fullmatch(r"(\d{1,15})\s*([A-Za-z]*)", str(value).strip())
    unit = _UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None or isinstance(value, bool):
        raise ValueError('is not a size; write bytes, or for example "25 MB" or "64 MiB"')
    return int(match[1]) * unit


def split_host_port(text: str) -> tuple[str, int]:
    """Return host and port of "host:port" or "[ipv6]:port". Raises `ValueError`."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = str(ipaddress.IPv6Address(host[1:-1]))
    elif not _HOST.fullmatch(host):
        raise ValueError
    if not colon or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError
    return host, int(port)


def _listen(value: object) -> str:
    text = _text(value)
    if text:
        try:
            split_host_port(text)
        except ValueError:
            raise ValueError(
                'is no address to listen on; write HOST:PORT, for example "127.0.0.1:2525"'
            ) from None
    return text


def _listen_or_socket(value: object) -> str:
    text = _text(value)
    if text.startswith("unix:") and len(text) > len("unix:"):
        return text
    return _listen(text)


def _listen_or_socket_or_off(value: object) -> str:
    text = _text(value)
    return _listen_or_socket(text) if text else text


def _mail_domain(value: object) -> str:
    text = _text(value).lower()
    if text and not (_HOST.fullmatch(text) and "." in text and ".." not in text):
        raise ValueError('is no mail domain; write for example "bounces.example.org"')
    return text


def _mail_address(value: object) -> str:
    text = _text(value)
    local_part, _, domain = text.rpartition("@")
    if text and not (re.fullmatch(r"[!#-'*+/-9=?A-Z^-~.-]{1,64}", local_part) and _HOST.fullmatch(domain)):
        raise ValueError('is no mail address; write for example "privacy@example.org"')
    return text


def _imap(value: object) -> str:
    text = _text(value)
    if not text:
        return text
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"imaps", "imap"} and bool(parts.hostname) and bool(parts.username)
        good = good and parts.password is None and parts.port != 0 and not parts.query and not parts.fragment
        # Without TLS a password is told to everybody on the way.
        good = good and (parts.scheme == "imaps" or parts.hostname in {"localhost", "127.0.0.1", "::1"})
    except ValueError:
        good = False
    if not good:
        raise ValueError(
            'is no mailbox; write for example "imaps://reports@mail.example.org/INBOX" '
            "(imap:// only on this machine, and the password in reports.imap_password)"
        )
    return text


def _web_address(value: object) -> str:
    text = _text(value)
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
        parts = urlsplit("")
    if not good or not text.isascii() or " " in text or parts.query or parts.fragment or parts.username:
        raise ValueError('is no web address; write for example "https://t.example.org"')
    return text.rstrip("/")


def _next_hop(value: object) -> str:
    text = _text(value)
    if not text:
        return text
    scheme, _, rest = text.partition("://")
    if scheme in {"smtp", "smtps", "lmtp"}:
        try:
            split_host_port(rest)
        except ValueError:
            scheme = ""
    elif text.startswith("lmtp+unix:/"):
        return text
    else:
        scheme = ""
    if not scheme:
        raise ValueError(
            'is no next hop; write "smtp://HOST:PORT", "smtps://HOST:PORT", '
            '"lmtp://HOST:PORT" or "lmtp+unix:/PATH"'
        )
    return text


def _sync(value: object) -> Sync:
    text = str(value).strip().lower()
    if text == "always":
        return "always"
    if text == "off":
        return "off"
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 10_000:
        return int(text)
    raise ValueError('must be "always", "off", or 1 to 10000 milliseconds')


def _database(value: object) -> str:
    text = _text(value)
    if text and urlsplit(text).scheme not in {"postgresql", "postgres"}:
        raise ValueError('must be empty (SQLite in data_dir) or "postgresql://USER:PASSWORD@HOST:PORT/NAME"')
    return text


class OwnList(NamedTuple):
    """A list that an administrator names: `address` is http(s), misp+http(s), or the path of a file."""

    name: str
    threat_type: ThreatType
    address: str


_OWN_LIST: Final = re.compile(
    r"(?:(?P<threat>[a-z_]+):)?(?P<name>[a-z0-9][a-z0-9-]{0,39})=(?P<address>(?:misp\+)?https?://\S+|/\S+)"
)
_MIRROR: Final = re.compile(r"(?P<feed>[a-z-]+)=(?P<address>https?://\S+)")


def _own_lists(value: object) -> tuple[OwnList, ...]:
    found: dict[str, OwnList] = {}
    for word in _words(value):
        match = _OWN_LIST.fullmatch(word)
        if match is None or match["threat"] not in {None, *ThreatType} or not _is_address(match["address"]):
            raise ValueError(
                f'holds "{word}", which names no list; write NAME=ADDRESS or THREAT:NAME=ADDRESS, '
                'for example "partners=/etc/backstamp/partners.txt" or "phishing:army=https://example.org/list"'
            )
        name = match["name"]
        if name in found or name in set(Feed):
            raise ValueError(f'names "{name}" twice, or as a feed; give each list a name of its own')
        found[name] = OwnList(name, ThreatType(match["threat"] or ThreatType.FORBIDDEN), match["address"])
    return tuple(found.values())


def _mirrors(value: object) -> dict[Feed, str]:
    found: dict[Feed, str] = {}
    for word in _words(value):
        match = _MIRROR.fullmatch(word)
        if match is None or match["feed"] not in set(Feed) or not _is_address(match["address"]):
            raise ValueError(
                f'holds "{word}", which is no mirror; write for example "openphish=https://mirror.example.org/feed.txt"'
            )
        found[Feed(match["feed"])] = match["address"].rstrip("/")
    return found


def _is_address(text: str) -> bool:
    """Whether it is a path, or a URL with a host and without a password, which would be in logs of others."""
    try:
        parts = urlsplit(text)
        return text.startswith("/") or (bool(parts.hostname) and parts.username is None and parts.port != 0)
    except ValueError:
        return False


BOOLEAN: Final = Kind("true or false", _boolean)
TEXT: Final = Kind("text", _text)
WORDS: Final = Kind("list of texts", _words)
PATH: Final = Kind("path", _path)
OPTIONAL_PATH: Final = Kind("path, or empty", _optional_path)
NETWORKS: Final = Kind("list of networks", _networks)
BYTES: Final = Kind("size in bytes, or with kB, MB, GB, KiB, MiB, GiB", _bytes)
LISTEN: Final = Kind("HOST:PORT, or empty for off", _listen)
LISTEN_OR_SOCKET: Final = Kind("HOST:PORT or unix:PATH", _listen_or_socket)
LISTEN_OR_SOCKET_OR_OFF: Final = Kind("HOST:PORT, unix:PATH, or empty for off", _listen_or_socket_or_off)
MAIL_ADDRESS: Final = Kind("mail address, or empty", _mail_address)
MAIL_DOMAIN: Final = Kind("mail domain, or empty", _mail_domain)
IMAP: Final = Kind("imaps://USER@HOST:PORT/FOLDER, or empty for off", _imap)
WEB_ADDRESS: Final = Kind("web address without a path's last slash", _web_address)
NEXT_HOP: Final = Kind(
    "smtp://HOST:PORT, smtps://HOST:PORT, lmtp://HOST:PORT, lmtp+unix:/PATH, or empty", _next_hop
)
OWN_LISTS: Final = Kind("list of NAME=ADDRESS or THREAT:NAME=ADDRESS", _own_lists)
MIRRORS: Final = Kind("list of FEED=URL", _mirrors)
SYNC: Final = Kind('"always", milliseconds, or "off"', _sync)
DATABASE: Final = Kind("empty, or postgresql://USER:PASSWORD@HOST:PORT/NAME", _database)


def number(least: int, most: int) -> Kind[int]:
    """Return the kind of whole numbers from `least` to `most`."""

    def parse(value: object) -> int:
        text = str(value).strip()
        if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,12}", text) or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return Kind(f"number, {least} to {most}", parse)


E = TypeVar("E", bound=StrEnum)


def one_of(words: type[E]) -> Kind[E]:
    """Return the kind of the words of a closed set."""
    listed = ", ".join(f'"{word.value}"' for word in words)

    def parse(value: object) -> E:
        try:
            return words(str(value))
        except ValueError:
            raise ValueError(f"must be one of {listed}") from None

    return Kind(f"one of {listed}", parse)


def some_of(words: type[E]) -> Kind[tuple[E, ...]]:
    """Return the kind of lists of words of a closed set."""
    listed = ", ".join(f'"{word.value}"' for word in words)

    def parse(value: object) -> tuple[E, ...]:
        found: list[E] = []
        for word in _words(value):
            if word not in set(words):
                raise ValueError(f'holds "{word}", which is none of {listed}')
            found.append(words(word))
        return tuple(dict.fromkeys(found))

    return Kind(f"list of {listed}", parse)
