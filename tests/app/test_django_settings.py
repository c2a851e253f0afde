import os
import subprocess
import sys
from pathlib import Path

import pytest

ASK = """
from django.http.request import split_domain_port, validate_host
from backstamp.app.django_settings import ALLOWED_HOSTS
print(validate_host(split_domain_port({host!r})[0], ALLOWED_HOSTS))
"""


def test_what_is_committed_to_sqlite_is_on_the_disk(tmp_path: Path) -> None:
    # The journal is deleted after a commit; only FULL (2) syncs the write-ahead log at each commit.
    ask = (
        "import django; django.setup(); from django.db import connection as c; "
        "print(*(c.cursor().execute(f'PRAGMA {p}').fetchone()[0] for p in ('journal_mode', 'synchronous')))"
    )
    environment = os.environ | {
        "BACKSTAMP_DATA_DIR": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "backstamp.app.django_settings",
    }
    done = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["wal", "2"], done.stderr


def test_the_sqlite_file_and_its_log_are_for_their_owner_alone(tmp_path: Path) -> None:
    ask = (
        "import os; os.umask(0o022); import django; django.setup(); from django.db import connection as c; "
        "c.cursor().execute('CREATE TABLE t (x)'); from pathlib import Path; "
        f"print(*(oct(p.stat().st_mode)[-3:] for p in Path({str(tmp_path)!r}).glob('data/*.db*')))"
    )
    environment = os.environ | {
        "BACKSTAMP_DATA_DIR": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "backstamp.app.django_settings",
    }
    done = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["600"] * 3, done.stderr


@pytest.mark.parametrize(
    ("settings", "url", "engine"),
    [
        ("console_settings", "postgresql://u:p@db.example/backstamp", "backstamp.console.serving.postgresql"),
        ("django_settings", "postgresql://u:p@db.example/backstamp", "django.db.backends.postgresql"),
        ("console_settings", "", "backstamp.records.database.sqlite"),
    ],
)
def test_only_the_console_keeps_its_connections_and_only_with_postgresql(
    tmp_path: Path, settings: str, url: str, engine: str
) -> None:
    ask = f"from backstamp.app.{settings} import DATABASES as d; print(d['default']['ENGINE'])"
    environment = os.environ | {"BACKSTAMP_DATA_DIR": str(tmp_path / "data"), "BACKSTAMP_DATABASE_URL": url}
    done = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == engine, done.stderr


@pytest.mark.parametrize(
    ("url", "host", "answered"),
    [
        ("http://127.0.0.1:8026", "127.0.0.1:8026", True),
        ("http://127.0.0.1:8026", "evil.example", False),
        ("http://[::1]:8026", "[::1]:8026", True),
        ("https://Console.Example.org", "console.example.org", True),
    ],
)
def test_the_console_answers_to_the_host_of_its_url_alone(
    tmp_path: Path, url: str, host: str, answered: bool
) -> None:
    environment = os.environ | {"BACKSTAMP_DATA_DIR": str(tmp_path / "data"), "BACKSTAMP_CONSOLE_URL": url}
    done = subprocess.run(
        [sys.executable, "-c", ASK.format(host=host)], env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == str(answered), done.stderr
