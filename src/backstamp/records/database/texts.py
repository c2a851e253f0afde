"""Texts as columns hold them, and as statements name them."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec


def clean(text: str, limit: int | None = None) -> str:
    """Cut a text to what its column holds, and drop NUL, which PostgreSQL cannot keep."""
    return (text.replace("\0", "") if "\0" in text else text)[:limit]


def storable(text: str, limit: int | None = None) -> str:
    """As `clean`, of a text in which octets of no known charset may be surrogates: these are replaced."""
    return clean(text.encode("utf-8", "replace").decode(), limit)


def json_read(value: Any) -> Any:
    """Return the value of a JSON column that was read without Django: PostgreSQL gives it decoded."""
    return msgspec.json.decode(value) if isinstance(value, str) else value


def listed(words: Iterable[StrEnum]) -> str:
    """Return words of our own as a list in SQL."""
    return f"({', '.join(repr(word.value) for word in words)})"
