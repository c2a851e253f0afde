"""A PostgreSQL server as somebody else has set it up."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from backstamp.app.bench.servers.scratch_postgres import ScratchPostgres
from backstamp.app.settings import SettingsError
from backstamp.app.wiring.postgresql import connection_settings
from tests.daemons import require

pytestmark = pytest.mark.daemon

CLOCKS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
READS = """
import django; django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT '\\\\x61'::bytea, '2026-02-01 00:00:00+00'::timestamptz")
    octets, at = cursor.fetchone()
    cursor.execute("SELECT current_setting('default_transaction_isolation'), current_setting('jit')")
    ways = cursor.fetchone()
print(bytes(octets), at.isoformat(), *ways)
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
    server: ScratchPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dates as in Germany, backslashes as before PostgreSQL 9.1, which turned octets into others; and clocks
    that end every statement. Also where a service file names it. The search's index, which it could not make
    at first, comes at the next start.
    """
    server.execute("CREATE DATABASE ways")
    server.execute("ALTER DATABASE ways SET datestyle TO 'German'")
    server.execute("ALTER DATABASE ways SET standard_conforming_strings TO off")
    server.execute("ALTER DATABASE ways SET default_transaction_isolation TO serializable")
    server.execute("ALTER DATABASE ways SET jit TO on")
    for clock in CLOCKS:
        server.execute(f"ALTER DATABASE ways SET {clock} TO '1ms'")
    url = server.url("ways")
    for _ in range(2):
        done = run("-m", "backstamp", "migrate", url=url, data=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        with psycopg.connect(url, options=" ".join(f"-c {clock}=0" for clock in CLOCKS)) as unhurried:
            unhurried.execute("DROP INDEX messagetext_trigrams")
    (tmp_path / "services").write_text(f"[mail]\nhost={server.folder}\nuser=backstamp\ndbname=ways\n")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    for module, url in (
        ("django_settings", server.url("ways")),
        ("console_settings", "postgresql://?service=mail"),
    ):
        code = f'import os; os.environ["DJANGO_SETTINGS_MODULE"] = "backstamp.app.{module}"\n{READS}'
        done = run("-c", code, url=url, data=tmp_path)
        assert done.stdout == "b'a' 2026-02-01T00:00:00+00:00 read committed off\n", done.stderr


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


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("", "guest may make no tables in the schema public"),
        ("?options=-csearch_path%3Dnowhere", "the search_path of guest names no schema that is there"),
    ],
)
def test_a_user_who_may_make_no_tables_is_told_who_may(
    server: ScratchPostgres, tmp_path: Path, how: str, why: str
) -> None:
    """As in every database since PostgreSQL 15 that is another user's."""
    name = f"others{len(how)}"
    server.execute(f"CREATE DATABASE {name}")
    server.execute("DROP ROLE IF EXISTS guest")
    server.execute("CREATE ROLE guest LOGIN")
    url = f"postgresql://guest@{quote(str(server.folder), safe='')}/{name}{how}"
    done = run("-m", "backstamp", "migrate", url=url, data=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        f"backstamp: the database cannot be used: {why}; let it own database and tables, as docs/database.md "
        "does (createdb --owner)\n",
    )


def test_a_database_in_turkish_is_refused(server: ScratchPostgres, tmp_path: Path) -> None:
    """Nobody whose address has an i would be found by it in capitals, to be erased say."""
    like = "TEMPLATE template0 ENCODING UTF8 LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR'"
    server.execute(f"CREATE DATABASE turkish {like}")
    done = run("-m", "backstamp", "migrate", url=server.url("turkish"), data=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "I and i are no pair of letters for it" in done.stderr


def test_all_parameters_of_the_url_count_as_they_do_for_postgresqls_own_programs() -> None:
    found = connection_settings(
        "postgresql://me:p%40s%2Fs@one.example:5433,two.example/mail?sslmode=verify-full&sslrootcert=/etc/ca.pem"
        "&target_session_attrs=read-write&connect_timeout=3&options=-csearch_path%3Dours"
    )
    options = found.pop("OPTIONS")
    assert found == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "mail",
        "USER": "me",
        "PASSWORD": "p@s/s",
        "HOST": "one.example,two.example",
        "PORT": "5433,",
    }
    assert (options["sslmode"], options["sslrootcert"]) == ("verify-full", "/etc/ca.pem")
    assert (options["target_session_attrs"], options["connect_timeout"]) == ("read-write", "3")
    assert options["options"].endswith(" -c jit=off -csearch_path=ours")


UNREADABLE = [
    "postgresql://me:hunter2@db:54x/mail",
    "postgresql://me:hunter2@db/mail?sslmodus=require",
    "postgresql://me:hunter2%ZZ@db/mail",
    "postgresql://me:hunter2@db/",
]


@pytest.mark.parametrize("url", UNREADABLE)
def test_a_url_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^database.url [a-z ]+; write") as caught:
        connection_settings(url)
    assert "hunter2" not in str(caught.value)


def test_a_name_that_the_server_would_cut_is_refused() -> None:
    """Django does so by a traceback, and counts letters."""
    assert connection_settings(f"postgresql://db/{'n' * 63}")["NAME"] == "n" * 63
    with pytest.raises(SettingsError, match=r"^database.url names a database by more than 63 octets, "):
        connection_settings(f"postgresql://db/{'n' * 62}%C3%BC")


@pytest.mark.parametrize("command", ["check-config", "migrate"])
def test_it_is_refused_in_one_line(command: str, tmp_path: Path) -> None:
    done = run("-m", "backstamp", command, url=UNREADABLE[1], data=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("backstamp: database.url cannot be read; ")
