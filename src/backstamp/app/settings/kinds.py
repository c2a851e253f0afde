"""The kinds of values a setting can have: how text becomes a value, and what is said when it does not.

Each kind takes what TOML gave (or the text of an environment variable) and returns the value, or
raises `ValueError` with half a sentence that ends "…; write for example …".
"""

import ipaddress
import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlsplit

from backstamp.vocabulary import Sync

T = TypeVar("T")
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_UNITS: Final = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}


class Kind(Generic[T]):
    """A kind of value: its name in the documents, and its parser."""

    def __init__(self, name: str, parse: Callable[[Any], T]) -> None:
        self.name = name
        self.parse = parse


def _boolean(value: object) -> bool:
    word = str(value).strip().lower()
    if word in ("true", "yes", "on", "1"):
        return True
    if word in ("false", "no", "off", "0"):
        return False
    raise ValueError("is neither true nor false; write true or false")


def as_text(value: object) -> str:
    """Return a text of one line. Raises `ValueError`."""
    if not isinstance(value, str):
        raise ValueError('is not text; put it in quotes, for example "name"')
    if any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise ValueError("holds a control character; write it on one line of plain text")
    return value.strip()


def as_words(value: object) -> tuple[str, ...]:
    """Return a list of texts, which a variable names with commas or blanks. Raises `ValueError`."""
    if isinstance(value, str):
        value = value.replace(",", " ").split()
    if not isinstance(value, list):
        raise ValueError('is not a list; write for example ["one", "two"]')
    return tuple(as_text(item) for item in value)


def _path(value: object) -> Path:
    text = as_text(value)
    if not text:
        raise ValueError("is empty; write a path")
    return Path(text).expanduser()


def _optional_path(value: object) -> Path | None:
    return _path(value) if as_text(value) else None


def _networks(value: object) -> tuple[IpNetwork, ...]:
    found = []
    for word in as_words(value):
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
    text = as_text(value)
    if text and urlsplit(text).scheme not in {"postgresql", "postgres"}:
        raise ValueError('must be empty (SQLite in data_dir) or "postgresql://USER:PASSWORD@HOST:PORT/NAME"')
    return text


BOOLEAN: Final = Kind("true or false", _boolean)
TEXT: Final = Kind("text", as_text)
WORDS: Final = Kind("list of texts", as_words)
PATH: Final = Kind("path", _path)
OPTIONAL_PATH: Final = Kind("path, or empty", _optional_path)
NETWORKS: Final = Kind("list of networks", _networks)
BYTES: Final = Kind("size in bytes, or with kB, MB, GB, KiB, MiB, GiB", _bytes)
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
        for word in as_words(value):
            if word not in set(words):
                raise ValueError(f'holds "{word}", which is none of {listed}')
            found.append(words(word))
        return tuple(dict.fromkeys(found))

    return Kind(f"list of {listed}", parse)
