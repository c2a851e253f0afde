"""Which of the two databases the records lie in, and what is asked of each in its own way."""

from collections.abc import Sequence
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connection, connections

PARAMETERS_AT_ONCE: Final = 30_000
"""Below 32,766, the most that SQLite takes since 3.32, and 65,535 of PostgreSQL's protocol."""


def is_postgresql() -> bool:
    """Whether the records lie in PostgreSQL; else they lie in SQLite."""
    return connection.vendor == "postgresql"


def execute_on_sqlite(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run a statement that has its marks as SQLite wants them, and return its rows.

    Django would look for `%s` in it each time, which took a third of an INSERT of 100 rows.
    """
    here = connections[DEFAULT_DB_ALIAS]  # `connection` would look it up at each of these four
    here.ensure_connection()
    here.validate_no_broken_transaction()
    with here.wrap_database_errors:
        # Fetched here, for most of a SELECT's work, and its errors, come with its rows.
        rows: list[tuple[Any, ...]] = here.connection.execute(statement, parameters).fetchall()
        return rows
