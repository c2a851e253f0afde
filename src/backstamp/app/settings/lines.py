"""On which line of a settings file a key stands: the standard library's TOML reader does not say.

It reads the beginnings of the file instead, up to each line that looks like a key or a table: of those that
are TOML, the key is in the longer ones. One that ends within a value is none, so what an array of several
lines holds is taken for no key. An array of 4,000 lines takes 20 ms.
"""

import re
import tomllib
from bisect import bisect
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

_NAME: Final = r"""(?:[\w-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_BEGINS: Final = re.compile(rf"[ \t]*(?:\[|{_NAME}(?:[ \t]*\.[ \t]*{_NAME})*[ \t]*=)")
"""How a key or the head of a table begins, and no string of an array."""
_QUOTED: Final = re.compile(
    r"""#[^\n]*|\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""", re.DOTALL
)
"""What may hold anything: comments, strings, and strings of several lines (TOML 1.0.0, "String")."""


def line_of(keys: Sequence[str], text: str) -> int | None:
    """Return the line, from 1 on, on which the key begins; None where the text, which is TOML, has none."""
    lines = text.replace("\r\n", "\n").split("\n")
    # Of a string of several lines no line can begin a key.
    bare = _QUOTED.sub(lambda quoted: "\n" * quoted[0].count("\n") or quoted[0], "\n".join(lines)).split("\n")
    ends = [number for number, line in enumerate(bare) if _BEGINS.match(line)] + [len(lines)]

    @cache
    def first(number: int) -> dict[str, Any] | None:
        try:
            return tomllib.loads("\n".join(lines[:number]))
        except tomllib.TOMLDecodeError:
            return None

    def has_key(place: int) -> bool:
        """Whether the key is in the shortest beginning from this end on that is TOML."""
        found: Any = next(tree for end in ends[place:] if (tree := first(end)) is not None)
        for key in keys:
            if not isinstance(found, dict) or key not in found:
                return False
            found = found[key]
        return True

    place = bisect(range(len(ends)), False, key=has_key)
    return ends[place - 1] + 1 if place < len(ends) else None
