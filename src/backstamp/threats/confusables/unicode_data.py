"""unicode_data: properties of characters that Python's `unicodedata` lacks, read when first asked for."""

from bisect import bisect_right
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final

import msgspec

from backstamp.data_files import text_of

COMMON: Final = frozenset({"Zyyy", "Zinh"})
"""Scripts of characters that go with any other: digits, hyphens, accents."""
_UNKNOWN: Final = frozenset({"Zzzz"})

_Row = tuple[int, int, frozenset[str]]


class _Tables(msgspec.Struct, frozen=True):
    allowed: list[_Row]
    ignorable: list[_Row]
    script: list[_Row]
    script_extensions: list[_Row]
    confusable: dict[str, str]


def is_allowed(character: str) -> bool:
    """Whether its Identifier_Status is Allowed (UTS 39, section 3.1)."""
    return _find(_tables().allowed, character) is not None


def is_ignorable(character: str) -> bool:
    """Whether it is a Default_Ignorable_Code_Point: one that shows nothing."""
    return _find(_tables().ignorable, character) is not None


@lru_cache(maxsize=2048)
def scripts_of(character: str) -> frozenset[str]:
    """Return its Script_Extensions (UAX 24), or its Script where it has none, by their four-letter names."""
    tables = _tables()
    return _find(tables.script_extensions, character) or _find(tables.script, character) or _UNKNOWN


def prototype_of(character: str) -> str:
    """Return the characters that stand for all that look like this one (UTS 39, section 4)."""
    return _tables().confusable.get(character, character)


def _find(rows: list[_Row], character: str) -> frozenset[str] | None:
    code = ord(character)
    at = bisect_right(rows, code, key=_first) - 1
    return rows[at][2] if at >= 0 and code <= rows[at][1] else None


def _first(row: _Row) -> int:
    return row[0]


@cache
def _tables() -> _Tables:
    """Return the tables: 15 ms and 2 MB, for processes that meet a name outside ASCII."""
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text_of("backstamp.threats.confusables", "unicode.txt").splitlines():
        if line.startswith("["):
            lines = sections[line.strip("[]")] = []
        elif line and not line.startswith("#"):
            lines.append(line)
    return _Tables(
        **{name: list(map(_row, sections[name])) for name in ("allowed", "ignorable")},
        **{name: list(map(_row, sections[name])) for name in ("script", "script_extensions")},
        confusable=dict(_prototypes(sections["confusable"])),
    )


def _row(line: str) -> _Row:
    span, *values = line.split()
    first, _, last = span.partition("..")
    return int(first, 16), int(last or first, 16), frozenset(values)


def _prototypes(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        source, *target = (chr(int(code, 16)) for code in line.split())
        yield source, "".join(target)
