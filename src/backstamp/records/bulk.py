"""Statements over many rows, round the ORM: what SQLite and PostgreSQL both take.

The names of tables and columns come from this room's own code, never from data.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from django.db import connection

_PARAMETERS_AT_ONCE: Final = 900
"""Below 999, the least number of parameters that a build of SQLite may allow."""

Row = Sequence[Any]


def stored(at: datetime) -> Any:
    """Return a moment (aware, in UTC) in the form in which this database keeps it."""
    if connection.vendor == "sqlite":
        # What Django does, for moments in UTC, in a tenth of the time.
        return str(at.replace(tzinfo=None))
    return at


def insert_new(table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows; one that is there already (by any unique constraint) stays as it is."""
    marks = ", ".join(["%s"] * len(columns))
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.executemany(
            f'INSERT INTO "{table}" ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING',
            list(rows),
        )


def execute_many(statement: str, rows: Iterable[Row]) -> None:
    """Run one statement for each row of parameters."""
    with connection.cursor() as cursor:
        cursor.executemany(statement, list(rows))


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
                [parameter for key in piece for parameter in key],
            )
            found = cursor.fetchall()
        yield from found


def moment(value: Any) -> datetime | None:
    """Return a moment as a row of a plain SELECT gives it: a str or a naive datetime from SQLite."""
    if value is None:
        return None
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
