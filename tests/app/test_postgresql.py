"""A PostgreSQL server as somebody else has set it up."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backstamp.app.bench.servers.scratch_postgres import ScratchPostgres
from tests.daemons import require

pytestmark = pytest.mark.daemon

READS = """
import django; django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT '\\\\x61'::bytea, '2026-02-01 00:00:00+00'::timestamptz")
    octets, at = cursor.fetchone()
print(bytes(octets), at.isoformat())
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ScratchPostgres]:
    require("pg_ctl")
    server = ScratchPostgres({"fsync": "off"})
    yield server
    server.remove()


def run(*command: str, url: str, data: Path) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BACKSTAMP_")}
    environment |= {
        "BACKSTAMP_DATA_DIR": str(data),
        "BACKSTAMP_DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "backstamp.app.django_settings",
    }
    return subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, timeout=120
    )


def test_a_server_with_ways_of_its_own_is_spoken_to_as_any_other(
    server: ScratchPostgres, tmp_path: Path
) -> None:
    """Dates as in Germany, backslashes as before PostgreSQL 9.1, which turned octets into others; and clocks
    that end every statement.
    """
    server.execute("CREATE DATABASE ways")
    server.execute("ALTER DATABASE ways SET datestyle TO 'German'")
    server.execute("ALTER DATABASE ways SET standard_conforming_strings TO off")
    for clock in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        server.execute(f"ALTER DATABASE ways SET {clock} TO '1ms'")
    url = server.url("ways")
    for _ in range(2):
        done = run("-m", "backstamp", "migrate", url=url, data=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
    for module in ("django_settings", "console_settings"):
        code = f'import os; os.environ["DJANGO_SETTINGS_MODULE"] = "backstamp.app.{module}"\n{READS}'
        done = run("-c", code, url=url, data=tmp_path)
        assert done.stdout == "b'a' 2026-02-01T00:00:00+00:00\n", done.stderr


def test_a_server_whose_machine_is_gone_is_noticed_within_a_minute(
    server: ScratchPostgres, tmp_path: Path
) -> None:
    """The system's own clocks take two hours; that these take 50 s was measured by cutting a network."""
    code = """
import django; django.setup()
from django.db import connection
connection.ensure_connection()
said = {each.keyword.decode(): (each.val or b"").decode() for each in connection.connection.pgconn.info}
idle, interval, count = (int(said[f"keepalives_{name}"]) for name in ("idle", "interval", "count"))
print(idle + interval * count, int(said["tcp_user_timeout"]) // 1000)
"""
    done = run("-c", code, url=server.url("postgres"), data=tmp_path)
    assert done.stdout == "50 50\n", done.stderr


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_hold_all_letters_is_refused(
    server: ScratchPostgres, tmp_path: Path, encoding: str
) -> None:
    """Each message whose subject has others would be set aside."""
    name = encoding.lower()
    server.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    done = run("-m", "backstamp", "migrate", url=server.url(name), data=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"backstamp: the database cannot be used: its encoding is {encoding}, and mail is written in all "
        "letters; make another one with: createdb --encoding UTF8 --template template0\n"
    )
