"""packed_keys: the recipient keys of very many rows as one value, gathered by the database itself.

A million rows fetched one by one hold up the worker's other threads for seconds; so they take less than one,
in which the others go on. In hex, though that is half of it: SQLite promises nothing for text with NUL in it,
and in its older versions `group_concat` ends at the first: those behind it would have said nothing.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Aggregate, QuerySet, TextField
from django.db.models.functions import Length
from django.db.models.lookups import Exact
from django.db.models.sql.compiler import SQLCompiler

from backstamp.policy import Keys
from backstamp.policy.keys import KEY_BYTES


class PackedKeys(Aggregate):
    """The column `recipient_key` of a group's rows, one behind the other in hex; None where there is none."""

    template = "group_concat(hex(%(expressions)s), '')"
    output_field = TextField()

    def __init__(self, **options: Any) -> None:
        super().__init__("recipient_key", **options)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> Any:
        """Return the SQL for PostgreSQL: in order, which SQLite's index of keys gives anyway."""
        there = self.copy()
        there.template = "string_agg(encode(%(expressions)s, 'hex'), '' ORDER BY %(expressions)s)"
        return there.as_sql(compiler, connection)


def with_keys(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return those of the rows that have a whole key: another would shift all that stand behind it."""
    return rows.filter(Exact(Length("recipient_key"), KEY_BYTES))


def unpacked(*gathered: str | None) -> Keys:
    """Return the keys of some values of `PackedKeys` as one set."""
    return Keys.packed(bytes.fromhex("".join(each for each in gathered if each)))
