"""SELECTs for many keys at once, each of which the database looks up by index.

The names of tables and columns come from this room's own code, never from data.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

from django.db import connection

from backstamp.records.database.batched import batched
from backstamp.records.database.vendor import PARAMETERS_AT_ONCE, execute_on_sqlite, is_postgresql

_KEYS_AT_ONCE: Final = 64
"""Rows of keys in a SELECT for SQLite, which is then prepared once; fewer are rounded up to a power of 2.
Where ANALYZE was run, SQLite (3.40) makes a Bloom filter of a whole index for more than 100 of them: 1.4 s
for each question where there are 10 million events."""
_FEW: Final = 8
"""Keys up to which PostgreSQL is given them as values: its planner sees more of these."""

Row = Sequence[Any]


def select_for_keys(
    statement: str, columns: Sequence[str], keys: Iterable[Row], parameters: Sequence[Any] = ()
) -> Iterator[tuple[Any, ...]]:
    """Run a SELECT over a table `keys` that holds the given rows, in pieces; `parameters` are its own.

    Write `FROM keys CROSS JOIN ...`: SQLite then takes the keys first and looks each one up by index.
    """
    at_once = PARAMETERS_AT_ONCE // len(columns) if is_postgresql() else _KEYS_AT_ONCE
    names = ", ".join(columns)
    for piece in batched(keys, at_once):
        if is_postgresql():
            listed, values = _as_arrays(piece) or _as_values(columns, piece)
            with connection.cursor() as cursor:
                cursor.execute(f"WITH keys ({names}) AS ({listed}) {statement}", [*values, *parameters])
                found = cursor.fetchall()
        else:
            values = list(chain.from_iterable(piece))
            rows = 1 << (len(piece) - 1).bit_length()
            # A key of nothing but NULL equals none.
            values += [None] * (len(columns) * (rows - len(piece)))
            found = execute_on_sqlite(_select(statement, names, len(columns), rows), [*values, *parameters])
        yield from found


def _as_arrays(keys: Sequence[Row]) -> tuple[str, list[Any]] | None:
    """Return keys as one array for each column, in SQL and parameters; None where types do not allow it.

    As a list of values 3,000 keys took 9.5 ms of processor time here and 5 of the server's, which reads each
    as an expression of its own; as arrays 0.7 and 0.8.
    """
    if len(keys) <= _FEW:
        return None
    types, arrays = [], []
    for values in zip(*keys, strict=True):
        kinds = set(map(type, values))
        known = _ARRAYS.get(kinds.pop()) if len(kinds) == 1 else None
        if known is None:
            return None
        types.append(f"%s::{known[0]}")
        arrays.append(f"{{{','.join(map(known[1], values))}}}")
    return f"SELECT * FROM unnest({', '.join(types)})", arrays


def _as_values(columns: Sequence[str], keys: Sequence[Row]) -> tuple[str, list[Any]]:
    row = f"({', '.join(['%s'] * len(columns))})"
    return f"VALUES {', '.join([row] * len(keys))}", list(chain.from_iterable(keys))


def _octets(value: bytes) -> str:
    return f'"\\\\x{value.hex()}"'


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_ARRAYS: Final[dict[type, tuple[str, Callable[[Any], str]]]] = {
    int: ("int8[]", str),
    bytes: ("bytea[]", _octets),
    str: ("text[]", _quoted),
}
"""How PostgreSQL writes values within an array (its documentation, 8.15.2)."""


def limited_for_keys(table: str, condition: str, order: str, limit: int) -> str:
    """Return a FROM clause for `select_for_keys`: for each key the first rows `x` that fit, as `e`.

    Each database finds them by index only where it is asked in its own way.
    """
    if is_postgresql():
        rows = f"SELECT * FROM {table} x WHERE {condition} ORDER BY {order} LIMIT {limit}"
        return f"FROM keys CROSS JOIN LATERAL ({rows}) e"
    ids = f"SELECT x.id FROM {table} x WHERE {condition} ORDER BY {order} LIMIT {limit}"
    return f"FROM keys CROSS JOIN {table} e WHERE e.id IN ({ids})"


def as_it_is(column: str) -> str:
    """Return the SQL of a column which SQLite gives as it holds it: a time as a text, a truth as a number.

    Django has Python's module make a datetime of each value that comes of a column of times, and ingest a
    number of that: 2 of 60 us a hit, where one hit in three lets an older one be read. What is no bare
    column is left alone; PostgreSQL sees no difference.
    """
    return f"COALESCE({column}, NULL)"


@lru_cache(maxsize=512)
def _select(statement: str, names: str, width: int, rows: int) -> str:
    one = f"({', '.join(['?'] * width)})"
    return f"WITH keys ({names}) AS (VALUES {', '.join([one] * rows)}) {statement.replace('%s', '?')}"
