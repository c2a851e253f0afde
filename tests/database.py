"""A real database for each test: migrated once, then copied. SQLite, and PostgreSQL where a test says so."""

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final

from tests.daemons import require

_TEMPLATE: Final = "migrated"
_numbers = count(1)


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


class PostgresServer:
    """A PostgreSQL of the tests' own, on a socket in a folder of its own; it is gone when they end."""

    def __init__(self) -> None:
        import pwd

        self._programs = require("pg_ctl").parent
        self.folder = Path(tempfile.mkdtemp(prefix="backstamp-pg-"))
        self.data = self.folder / "data"
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:  # the server does not run as root
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self._as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self._run(
            "initdb", "-D", self.data, "-U", "backstamp", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"
        )
        self.start()
        atexit.register(self.remove)

    def start(self) -> None:
        """Start it, without fsync and without a port."""
        options = f"-k {self.folder} -c listen_addresses= -c fsync=off -c max_connections=50"
        log = self.folder / "log"
        self._run("pg_ctl", "-D", self.data, "-w", "-l", log, "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it; clients are cut off."""
        self._run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def remove(self) -> None:
        """Stop it for good."""
        if (self.data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def settings(self, name: str) -> dict[str, Any]:
        """Return Django's settings of one of its databases."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": name,
            "USER": "backstamp",
            "HOST": str(self.folder),
            "OPTIONS": {"connect_timeout": 5},
        }

    def url(self, name: str) -> str:
        """Return the URL of one of its databases, as a setting takes it."""
        return f"postgresql://backstamp@/{name}?host={self.folder}"

    def execute(self, statement: str) -> None:
        """Run a statement beside Django."""
        import psycopg

        with psycopg.connect(
            host=str(self.folder), user="backstamp", dbname="postgres", autocommit=True
        ) as beside:
            beside.execute(statement)

    def _run(self, program: str, *arguments: object) -> None:
        subprocess.run(
            [self._programs / program, *map(str, arguments)],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
            **self._as_user,
        )


@cache
def postgres_server() -> PostgresServer:
    """Return the server of this run, with a database in which all migrations were run."""
    from django.core.management import call_command

    server = PostgresServer()
    server.execute(f"CREATE DATABASE {_TEMPLATE}")
    with _connected_to(server.settings(_TEMPLATE)):
        call_command("migrate", interactive=False, verbosity=0)
    return server


@contextmanager
def empty_postgresql() -> Iterator[str]:
    """Make Django use a new, migrated, empty database of the tests' server; give its name."""
    server = postgres_server()
    name = f"empty{next(_numbers)}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY")
    with _connected_to(server.settings(name)):
        yield name
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")


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
