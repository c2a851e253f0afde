"""A database that a newer version has used is closed again, whoever opens it: its columns may differ."""

from functools import cache
from pkgutil import iter_modules
from typing import Any, Final

from django.db import OperationalError, ProgrammingError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from backstamp.records import migrations

_MADE: Final = "SELECT name FROM django_migrations WHERE app = 'records'"
"""Migrations of other apps may be joined by their makers; ours stay."""


REMEDY: Final = "install that one again, or restore the backup of before the upgrade"


class NewerDatabaseError(OperationalError):
    """A newer version has used the database: it has a `migration` that is not ours."""

    def __init__(self, migration: str) -> None:
        self.migration = migration
        super().__init__(f"it is of a newer version of Backstamp (it has {migration}); {REMEDY}")


def is_empty() -> bool:
    """Whether nobody has used the database yet. Raises `django.db.Error`."""
    return not MigrationRecorder(connection).has_table()


def is_older() -> bool:
    """Whether the database lacks migrations of this version. Raises `django.db.Error`."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def refuse_newer(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Close a new connection and raise `NewerDatabaseError` where it leads to a newer version's database."""
    name = max((name for name in _made(connection) if name not in _ours()), default="")
    if name:
        connection.close()
        raise NewerDatabaseError(name)


def _made(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        try:
            cursor.execute(_MADE)
        except (OperationalError, ProgrammingError):
            if MigrationRecorder(connection).has_table():
                raise
            return []
        return [name for (name,) in cursor.fetchall()]


@cache
def _ours() -> frozenset[str]:
    return frozenset(module.name for module in iter_modules(migrations.__path__))
