"""packed_keys: the recipient keys of very many rows as one value, gathered by the database itself.

A million rows fetched one by one hold up the worker's other threads for seconds; so they take a quarter of
one, in which the others go on. Through hex it was half a second.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Aggregate, BinaryField, QuerySet
from django.db.models.functions import Length
from django.db.models.lookups import Exact
from django.db.models.sql.compiler import SQLCompiler

from backstamp.policy import Keys
from backstamp.policy.keys import KEY_BYTES


class PackedKeys(Aggregate):
    """The column `recipient_key` of a group's rows, one behind the other; None where there is none."""

    template = "group_concat(%(expressions)s, '')"
    output_field = BinaryField()

    def __init__(self, **options: Any) -> None:
        super().__init__("recipient_key", **options)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> Any:
        """Return the SQL for SQLite, which takes the keys for text and changes none of their octets.

        So says its documentation of `CAST`, in both directions.
        """
        sql, parameters = self.as_sql(compiler, connection)
        return f"CAST({sql} AS BLOB)", parameters

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> Any:
        """Return the SQL for PostgreSQL: in order, which SQLite's index of keys gives anyway."""
        there = self.copy()
        there.template = "string_agg(%(expressions)s, ''::bytea ORDER BY %(expressions)s)"
        return there.as_sql(compiler, connection)


def with_keys(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return those of the rows that have a whole key: another would shift all that stand behind it."""
    return rows.filter(Exact(Length("recipient_key"), KEY_BYTES))


def unpacked(*gathered: bytes | memoryview | None) -> Keys:
    """Return the keys of some values of `PackedKeys` as one set."""
    return Keys.packed(b"".join(each for each in gathered if each))
