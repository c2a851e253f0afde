"""Databases for a benchmark: an SQLite file and, where it is installed, a PostgreSQL server, both gone after.

Each is measured in a process of its own, whose settings name it: Django knows one database a process.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final, TextIO

from backstamp.app.bench.servers.scratch_postgres import ScratchPostgres, programs
from backstamp.lifetime import die_with_parent, module_command

SQLITE: Final = "SQLite"
POSTGRESQL: Final = "PostgreSQL"

_SERVER: Final = {
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "maintenance_work_mem": "256MB",
}
"""What an administrator would set for a database of some gigabytes; the disk is waited for as usual."""


@contextmanager
def databases(folder: Path | None) -> Iterator[dict[str, dict[str, str]]]:
    """Give the environment in which each database is the configured one; scratch files lie in `folder`."""
    with tempfile.TemporaryDirectory(prefix="backstamp-bench-", dir=folder) as scratch:
        data_dir = Path(scratch) / "data"
        found = {SQLITE: {"BACKSTAMP_DATA_DIR": str(data_dir), "BACKSTAMP_DATABASE_URL": ""}}
        if programs() is None or find_spec("psycopg") is None:
            yield found
            return
        # The server runs as another user where we are root, who must be let through.
        Path(scratch).chmod(0o711)
        server = ScratchPostgres(_SERVER, Path(scratch))
        try:
            server.execute("CREATE DATABASE backstamp")
            found[POSTGRESQL] = {
                "BACKSTAMP_DATA_DIR": str(Path(scratch) / "data-postgresql"),
                "BACKSTAMP_DATABASE_URL": server.url("backstamp"),
            }
            yield found
        finally:
            server.remove()


def run_in(environment: dict[str, str], module: str, *arguments: object, out: TextIO) -> None:
    """Run a module of this room as a process with that environment. Raises `CalledProcessError`."""
    out.flush()
    command = module_command(f"backstamp.app.bench.{module}", *map(str, arguments))
    subprocess.run(
        command,
        env={**os.environ, **environment},
        check=True,
        stdout=out,
        preexec_fn=partial(die_with_parent, os.getpid()),
    )


def start_django() -> None:
    """Set Django up with the settings of the environment, and bring the database to this version."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "backstamp.app.django_settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)


def size() -> int:
    """Return the octets of the configured database."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
        else:
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return int(cursor.fetchone()[0])
