"""Statements over many rows, round the ORM: many rows a statement on SQLite, COPY on PostgreSQL.

The names of tables and columns come from this room's own code, never from data.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, Final

from django.db import connection

_PARAMETERS_AT_ONCE: Final = 30_000
"""Below 32,766, the most that SQLite takes since 3.32, and 65,535 of PostgreSQL's protocol."""
_ROWS_AT_ONCE: Final = 100
"""Rows in an INSERT for SQLite: 0.65 of what a statement each takes, and 500 rows are no quicker."""
_FEW: Final = 8
"""Rows up to which a statement each is cheaper than staging them for PostgreSQL."""

Row = Sequence[Any]

_NOTHING: Final[Mapping[str, str | None]] = {}


def is_postgresql() -> bool:
    """Whether the records lie in PostgreSQL; else they lie in SQLite."""
    return connection.vendor == "postgresql"


def append(
    table: str, columns: Sequence[str], rows: Iterable[Row], same: Mapping[str, str | None] = _NOTHING
) -> None:
    """Insert rows that cannot be there yet.

    `same` are further columns, which hold one value in all rows; it comes from our own code.
    """
    if is_postgresql():
        behind = tuple(same.values())
        _copy(table, (*columns, *same), ((*row, *behind) for row in rows) if behind else rows)
    else:
        _insert(table, columns, rows, same, "")


def insert_new(table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows; one that is there already (by any unique constraint) stays as it is."""
    wanted = list(rows)
    if not wanted:
        return
    with connection.cursor() as cursor:
        if is_postgresql() and len(wanted) > _FEW:
            stage = _staged(table, columns, wanted)
            names = _names(columns)
            cursor.execute(
                f'INSERT INTO "{table}" ({names}) SELECT {names} FROM "{stage}" ON CONFLICT DO NOTHING'
            )
            return
    _insert(table, columns, wanted, _NOTHING, " ON CONFLICT DO NOTHING")


def update(table: str, columns: Sequence[str], keys: Sequence[str], rows: Iterable[Row]) -> None:
    """Set `columns` of the rows found by `keys`; each given row has the new values and then the keys."""
    wanted = list(rows)
    if not wanted:
        return
    with connection.cursor() as cursor:
        if is_postgresql() and len(wanted) > _FEW:
            stage = _staged(table, (*columns, *keys), wanted)
            changes = ", ".join(f'"{column}" = s."{column}"' for column in columns)
            found = " AND ".join(f't."{key}" = s."{key}"' for key in keys)
            cursor.execute(f'UPDATE "{table}" t SET {changes} FROM "{stage}" s WHERE {found}')
            return
        changes = ", ".join(f'"{column}" = %s' for column in columns)
        found = " AND ".join(f'"{key}" = %s' for key in keys)
        cursor.executemany(f'UPDATE "{table}" SET {changes} WHERE {found}', wanted)


def execute_many(statement: str, rows: Iterable[Row]) -> None:
    """Run one statement for each row of parameters."""
    wanted = list(rows)
    if wanted:
        with connection.cursor() as cursor:
            cursor.executemany(statement, wanted)


def select_for_keys(statement: str, columns: Sequence[str], keys: Iterable[Row]) -> Iterator[tuple[Any, ...]]:
    """Run a SELECT over a table `keys` that holds the given rows, in as many pieces as needed.

    Write `FROM keys CROSS JOIN ...`: SQLite then takes the keys first and looks each one up by index.
    """
    marks = f"({', '.join(['%s'] * len(columns))})"
    remaining = iter(keys)
    at_once = _PARAMETERS_AT_ONCE // len(columns)
    while piece := list(islice(remaining, at_once)):
        values = ", ".join([marks] * len(piece))
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH keys ({', '.join(columns)}) AS (VALUES {values}) {statement}",
                list(chain.from_iterable(piece)),
            )
            found = cursor.fetchall()
        yield from found


def limited_for_keys(table: str, condition: str, order: str, limit: int) -> str:
    """Return a FROM clause for `select_for_keys`: for each key the first rows `x` that fit, as `e`.

    Each database finds them by index only where it is asked in its own way.
    """
    if is_postgresql():
        rows = f"SELECT * FROM {table} x WHERE {condition} ORDER BY {order} LIMIT {limit}"
        return f"FROM keys CROSS JOIN LATERAL ({rows}) e"
    ids = f"SELECT x.id FROM {table} x WHERE {condition} ORDER BY {order} LIMIT {limit}"
    return f"FROM keys CROSS JOIN {table} e WHERE e.id IN ({ids})"


def new_ids(table: str, number: int) -> range | list[int]:
    """Take numbers for rows that will be appended to a table, in the transaction that appends them."""
    with connection.cursor() as cursor:
        if is_postgresql():
            cursor.execute(f"SELECT nextval('{table}_id_seq') FROM generate_series(1, %s)", [number])
            return [row[0] for row in cursor.fetchall()]
        # A transaction of ours holds the only right to write from its beginning, so nobody else counts on.
        cursor.execute(f'SELECT COALESCE(MAX(id), 0) FROM "{table}"')
        first = int(cursor.fetchone()[0]) + 1
        cursor.execute("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = %s", [table])
        first = max(first, int(cursor.fetchone()[0]) + 1)
    return range(first, first + number)


def moment(value: Any) -> datetime | None:
    """Return a moment as a row of a plain SELECT gives it: a str or a naive datetime from SQLite."""
    if value is None:
        return None
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _insert(
    table: str, columns: Sequence[str], rows: Iterable[Row], same: Mapping[str, str | None], behind: str
) -> None:
    remaining = iter(rows)
    begin = f'INSERT INTO "{table}" ({_names((*columns, *same))}) VALUES '
    one = f"({', '.join([*['%s'] * len(columns), *map(_literal, same.values())])})"
    at_once = min(_ROWS_AT_ONCE, _PARAMETERS_AT_ONCE // len(columns))
    with connection.cursor() as cursor:
        while piece := list(islice(remaining, at_once)):
            statement = f"{begin}{', '.join([one] * len(piece))}{behind}"
            cursor.execute(statement, list(chain.from_iterable(piece)))


def _copy(table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f'COPY "{table}" ({_names(columns)}) FROM STDIN') as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _staged(table: str, columns: Sequence[str], rows: Iterable[Row]) -> str:
    """Copy rows into a table of this session with columns of the same types, and return its name."""
    stage = f"stage_{table}_{len(columns)}_{'_'.join(columns[:2])}"[:63]
    with connection.cursor() as cursor:
        cursor.execute(
            f'CREATE TEMP TABLE IF NOT EXISTS "{stage}" ON COMMIT DELETE ROWS AS '
            f'SELECT {_names(columns)} FROM "{table}" WITH NO DATA'
        )
        cursor.execute(f'DELETE FROM "{stage}"')
    _copy(stage, columns, rows)
    return stage


def _literal(value: str | None) -> str:
    """Return a value as it stands in a statement that has parameters, too."""
    return "NULL" if value is None else "'" + value.replace("'", "''").replace("%", "%%") + "'"


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _marks(columns: Sequence[str]) -> str:
    return ", ".join(["%s"] * len(columns))
