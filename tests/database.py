"""A real database for each test: migrated once, then copied. SQLite, and PostgreSQL where a test says so."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final

from backstamp.app import keyfile
from backstamp.app.bench.servers.scratch_postgres import USER, ScratchPostgres
from tests.daemons import require

_TEMPLATE: Final = "migrated"
_numbers = count(1)


def start_django() -> None:
    """Set Django up with the program's own settings and a data directory of the tests' own."""
    if "DJANGO_SETTINGS_MODULE" not in os.environ:
        os.environ["BACKSTAMP_DATA_DIR"] = str(_folder_of_this_run())
        os.environ["DJANGO_SETTINGS_MODULE"] = "backstamp.app.django_settings"
    import django

    django.setup()


def _folder_of_this_run() -> Path:
    """Return a new folder that goes when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="backstamp-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def migrated_database() -> Path:
    """Return a database file in which all migrations were run."""
    from django.core.management import call_command

    path = _folder_of_this_run() / "migrated.db"
    with database_at(path):
        call_command("migrate", interactive=False, verbosity=0)
    return path


@cache
def _first_start() -> Path:
    """Return the database file that `backstamp migrate` makes."""
    folder = _folder_of_this_run()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BACKSTAMP_")}
    environment["BACKSTAMP_DATA_DIR"] = str(folder / "data")
    command = [sys.executable, "-m", "backstamp", "migrate"]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    return folder / "data" / "backstamp.db"


def give_database(data: Path) -> None:
    """Put database and keys into a data directory that has none, as `backstamp migrate` does.

    All migrations take 2 s of a processor, in each of some hundred tests that start our processes.
    """
    data.mkdir(mode=0o700, exist_ok=True)
    if not (data / "backstamp.db").exists():
        shutil.copyfile(_first_start(), data / "backstamp.db")
    keyfile.ensure(data / "keys.json")


@contextmanager
def database_at(path: Path) -> Iterator[Path]:
    """Make Django use the SQLite file at `path`, which is made where it is missing."""
    from django.db import connection

    path.touch()
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = str(path)
    try:
        yield path
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


@contextmanager
def turns_at_once() -> Iterator[None]:
    """Leave SQLite's file to nobody between two turns, where nobody else waits for it.

    A turn waits 25 ms for the one before it: those of all tests were two minutes.
    """
    from backstamp.records.database import taking_turns

    before, taking_turns._GAP_SECONDS = taking_turns._GAP_SECONDS, 0.0  # type: ignore[misc]
    try:
        yield
    finally:
        taking_turns._GAP_SECONDS = before  # type: ignore[misc]


@contextmanager
def empty_database(directory: Path, vendor: str = "sqlite") -> Iterator[Path]:
    """Make Django use a new, migrated, empty database: a file in `directory`, or one of the tests' server."""
    if vendor == "postgresql":
        with empty_postgresql():
            yield directory
        return
    path = directory / "backstamp.db"
    shutil.copyfile(migrated_database(), path)
    with database_at(path):
        yield path


@cache
def postgres_server() -> ScratchPostgres:
    """Return the server of this run, with a database in which all migrations were run."""
    from django.core.management import call_command

    require("pg_ctl")
    server = ScratchPostgres({"fsync": "off", "max_wal_size": "64MB"})
    atexit.register(server.remove)
    server.execute(f"CREATE DATABASE {_TEMPLATE}")
    with _connected_to(_settings(server, _TEMPLATE)):
        call_command("migrate", interactive=False, verbosity=0)
    return server


@contextmanager
def empty_postgresql() -> Iterator[str]:
    """Make Django use a new, migrated, empty database of the tests' server; give its name."""
    server = postgres_server()
    name = f"empty{next(_numbers)}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY")
    with _connected_to(_settings(server, name)):
        yield name
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _settings(server: ScratchPostgres, name: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": USER,
        "HOST": str(server.folder),
        "OPTIONS": {"connect_timeout": 5},
    }


@contextmanager
def _connected_to(settings: dict[str, Any]) -> Iterator[None]:
    from django.db import connections

    default = connections.settings["default"]
    before = dict(default)
    _forget_connection()
    default.clear()
    default.update({**before, **settings})
    try:
        yield
    finally:
        _forget_connection()
        default.clear()
        default.update(before)


def _forget_connection() -> None:
    from django.db import connections

    connections.close_all()
    with suppress(AttributeError):  # there was none
        del connections["default"]
