"""Many rows written at once, round the ORM: many rows a statement on SQLite, COPY on PostgreSQL.

The names of tables and columns come from this room's own code, never from data.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any, Final

from django.db import connection

from backstamp.records.database.batched import batched
from backstamp.records.database.vendor import PARAMETERS_AT_ONCE, execute_on_sqlite, is_postgresql

_ROWS_AT_ONCE: Final = 100
"""Rows in an INSERT for SQLite: 0.65 of what a statement each takes, and 500 rows are no quicker."""
_FEW: Final = 8
"""Rows up to which a statement each is cheaper than staging them for PostgreSQL."""

_BINARY_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_BINARY_TRAILER: Final = b"\xff\xff"

Row = Sequence[Any]

_NOTHING: Final[Mapping[str, str | None]] = {}


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


def append_binary(table: str, columns: Sequence[str], rows: Iterable[bytes]) -> None:
    """Insert rows that cannot be there yet into PostgreSQL; each is spelled in COPY's binary format."""
    remaining = iter(rows)
    piece = b"".join(islice(remaining, _ROWS_AT_ONCE))
    if not piece:
        return
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(f'COPY "{table}" ({_names(columns)}) FROM STDIN (FORMAT BINARY)') as copy,
    ):
        copy.write(_BINARY_HEADER)
        while piece:
            copy.write(piece)
            piece = b"".join(islice(remaining, _ROWS_AT_ONCE))
        copy.write(_BINARY_TRAILER)


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


def add_up(table: str, keys: Sequence[str], column: str, rows: Iterable[Row]) -> None:
    """Add numbers to those that a table holds by `keys`; each given row has the keys and then the number.

    On PostgreSQL a statement for each of a batch's thousand counts took 7 % of a hit's time.
    """
    wanted, columns = list(rows), (*keys, column)
    added = f'"{column}" = "{table}"."{column}" + excluded."{column}"'
    behind = f" ON CONFLICT ({_names(keys)}) DO UPDATE SET {added}"
    if is_postgresql() and len(wanted) > _FEW:
        stage, names = _staged(table, columns, wanted), _names(columns)
        in_order = f'SELECT {names} FROM "{stage}" ORDER BY {_names(keys)}'
        with connection.cursor() as cursor:
            cursor.execute(f'INSERT INTO "{table}" ({names}) {in_order}{behind}')
    else:
        _insert(table, columns, wanted, _NOTHING, behind)


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


def _insert(
    table: str, columns: Sequence[str], rows: Iterable[Row], same: Mapping[str, str | None], behind: str
) -> None:
    head = table, (*columns, *same), len(columns), tuple(same.values())
    at_once = min(_ROWS_AT_ONCE, PARAMETERS_AT_ONCE // len(columns))
    for piece in batched(rows, at_once):
        parameters = list(chain.from_iterable(piece))
        if is_postgresql():
            with connection.cursor() as cursor:
                cursor.execute(_insertion(*head, len(piece), "%s") + behind, parameters)
        else:
            execute_on_sqlite(_insertion(*head, len(piece), "?") + behind, parameters)


@lru_cache(maxsize=512)
def _insertion(
    table: str, columns: tuple[str, ...], given: int, same: tuple[str | None, ...], rows: int, mark: str
) -> str:
    """Return an INSERT of so many rows, in which the first `given` columns are parameters."""
    one = ", ".join([*[mark] * given, *map(_literal, same)])
    return f'INSERT INTO "{table}" ({_names(columns)}) VALUES {", ".join([f"({one})"] * rows)}'


def _copy(table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,  # Django does that for what it knows of, and of COPY it does not
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
    """Return a value as it stands in a statement; none of ours holds a mark of a parameter."""
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)
