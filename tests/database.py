"""A real SQLite file for each test: migrated once, then copied."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path


def start_django() -> None:
    """Set Django up with the program's own settings and a data directory of the tests' own."""
    if "DJANGO_SETTINGS_MODULE" not in os.environ:
        os.environ["BACKSTAMP_DATA_DIR"] = tempfile.mkdtemp(prefix="backstamp-tests-")
        os.environ["DJANGO_SETTINGS_MODULE"] = "backstamp.app.django_settings"
    import django

    django.setup()


@cache
def migrated_database() -> Path:
    """Return a database file in which all migrations were run."""
    from django.core.management import call_command

    path = Path(tempfile.mkdtemp(prefix="backstamp-tests-")) / "migrated.db"
    with database_at(path):
        call_command("migrate", interactive=False, verbosity=0)
    return path


@contextmanager
def database_at(path: Path) -> Iterator[Path]:
    """Make Django use the SQLite file at `path`, which is made where it is missing."""
    from django.db import connection

    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = str(path)
    try:
        yield path
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


@contextmanager
def empty_database(directory: Path) -> Iterator[Path]:
    """Make Django use a new, migrated, empty database in `directory`."""
    path = directory / "backstamp.db"
    shutil.copyfile(migrated_database(), path)
    with database_at(path):
        yield path
