"""Whether a newer version of Backstamp has used the database."""

from typing import Final

import click
from django.db import connection
from django.db.migrations.loader import MigrationLoader

_APP: Final = "records"
"""Migrations of other apps may be joined by their makers; ours stay."""


def newer_migration() -> str:
    """Return the last migration that is not of this version, or "". Raises `django.db.Error`."""
    loader = MigrationLoader(connection)
    made = (name for app, name in loader.applied_migrations if app == _APP)
    return max((name for name in made if (_APP, name) not in loader.disk_migrations), default="")


def refuse_newer() -> None:
    """Raise where a newer version has used the database: it may mean its columns otherwise."""
    if name := newer_migration():
        raise click.ClickException(
            f"the database is of a newer version of Backstamp (it has {name}): install that one again, or "
            "restore the backup of before the upgrade"
        )
