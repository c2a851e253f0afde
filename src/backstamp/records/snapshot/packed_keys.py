"""packed_keys: the recipient keys of very many rows as one value, gathered by the database itself.

A million rows fetched one by one hold up the worker's other threads for seconds; so they take less than one,
in which the others go on. In hex, though that is half of it: SQLite promises nothing for text with NUL in it,
and in its older versions `group_concat` ends at the first: those behind it would have said nothing.
"""

from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Aggregate, QuerySet, TextField
from django.db.models.functions import Length
from django.db.models.lookups import Exact
from django.db.models.sql.compiler import SQLCompiler

from backstamp.policy import Keys
from backstamp.policy.keys import KEY_BYTES
from backstamp.records.database.vendor import is_postgresql

_ALL: Final = 1 << 62
"""A limit that is none: without one Django leaves the order of a subquery out."""


class PackedKeys(Aggregate):
    """The column `recipient_key` of a group's rows, one behind the other in hex; None where there is none."""

    template = "group_concat(hex(%(expressions)s), '')"
    output_field = TextField()

    def __init__(self, *, are_sorted: bool = False, **options: Any) -> None:
        """Take whether the rows come as `sorted_by_key` gives them."""
        super().__init__("recipient_key", **options)
        self._are_sorted = are_sorted

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> Any:
        """Return the SQL for PostgreSQL: in order, which SQLite's index of keys gives anyway."""
        there = self.copy()
        order = "" if self._are_sorted else " ORDER BY %(expressions)s"
        there.template = f"string_agg(encode(%(expressions)s, 'hex'), ''{order})"
        return there.as_sql(compiler, connection)


def sorted_by_key(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return rows in the order of their keys, for all aggregates of them together.

    PostgreSQL sorts for each ordered aggregate anew (before its version 16): four over a million rows took
    twice as long. That a sorted subquery is aggregated in its order is usual and not promised
    (postgresql.org, "Aggregate Functions"); what were in another one, `Keys.packed` would sort.
    """
    return rows.order_by("recipient_key")[:_ALL] if is_postgresql() else rows


def with_keys(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return those of the rows that have a whole key: another would shift all that stand behind it."""
    return rows.filter(Exact(Length("recipient_key"), KEY_BYTES))


def unpacked(*gathered: str | None) -> Keys:
    """Return the keys of some values of `PackedKeys` as one set."""
    return Keys.packed(bytes.fromhex("".join(each for each in gathered if each)))
