"""`backstamp bench` of the database's side: small runs with whole tables."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from backstamp.app.bench.servers import scratch
from tests.app.in_process import Here
from tests.app.test_cli import backstamp
from tests.app.test_supervisor import until
from tests.daemons import require
from tests.database import empty_postgresql, give_database, postgres_server, start_django
from tests.processes import alive

STAGE = r"^ +[\d,]+ +[\d,]+ +[\d,]+ +\d+\.\d +\d+\.\d\d +\d+$"
PAGE = r"^(.+?) +(\d+\.\d) +(\d+\.\d) +< (\d+) +(\d+\.\d)$"


def bench(directory: Path, *arguments: str) -> str:
    # PostgreSQL runs as another user where we are root, who may not enter pytest's folders.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        done = backstamp(directory, "bench", *arguments, "--folder", str(folder))
        assert done.returncode == 0, done.stderr
        assert list(folder.iterdir()) == [], "nothing is left"
    return done.stdout.decode()


@pytest.fixture
def ready_databases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Both databases as migrations leave them, which take most of a small run; `ingest` makes its own."""
    require("pg_ctl")
    start_django()
    give_database(tmp_path / "sqlite")

    @contextmanager
    def ready(_folder: Path | None) -> Iterator[dict[str, dict[str, str]]]:
        yield {
            scratch.SQLITE: {
                "BACKSTAMP_DATA_DIR": str(tmp_path / "sqlite"),
                "BACKSTAMP_DATABASE_URL": "",
            },
            scratch.POSTGRESQL: {
                "BACKSTAMP_DATA_DIR": str(tmp_path / "postgresql"),
                "BACKSTAMP_DATABASE_URL": postgres_server().url(name),
            },
        }

    with empty_postgresql() as name:
        monkeypatch.setattr(scratch, "databases", ready)
        yield


def test_without_its_driver_postgresql_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "find_spec", lambda name: None)
    with scratch.databases(tmp_path) as found:
        assert list(found) == [scratch.SQLITE]


def test_fill_fills_the_database_of_the_settings_that_are_named(tmp_path: Path) -> None:
    named = tmp_path / "named.toml"
    named.write_text(f'data_dir = "{tmp_path}/there"\n')
    subprocess.run(
        [sys.executable, "-m", "backstamp", "--config", named, "bench", "fill", "--events", "60"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("BACKSTAMP_")},
        check=True,
        timeout=100,
    )
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"there"}


@pytest.mark.daemon
def test_ingest_shows_its_stages_and_a_bare_insert_on_both_databases(tmp_path: Path) -> None:
    require("pg_ctl")
    text = bench(tmp_path, "ingest", "--events", "2000")
    assert re.findall(r"^(\w+), 2,000 events:$", text, re.MULTILINE) == ["SQLite", "PostgreSQL"]
    assert len(re.findall(STAGE, text, re.MULTILINE)) >= 2, text
    whole = re.findall(
        r"^whole: ([\d,]+) hits/s a core; slowest stage [01]\.\d\d of the fastest$", text, re.MULTILINE
    )
    bare = re.findall(r"^bare (INSERT|COPY) of the same rows: ([\d,]+) rows/s a core$", text, re.MULTILINE)
    assert [kind for kind, _ in bare] == ["INSERT", "COPY"]
    rates = [int(rate.replace(",", "")) for rate in (*whole, *(rate for _, rate in bare))]
    assert len(rates) == 4
    assert all(rate > 0 for rate in rates)


@pytest.mark.daemon
@pytest.mark.usefixtures("ready_databases")
def test_queries_times_each_page_beside_what_is_wanted_on_both_databases(here: Here) -> None:
    code, text, errors = here("bench", "queries", "--quick", "--events", "2000")
    assert code == 0, errors
    pages = re.findall(PAGE, text, re.MULTILINE)
    names = [name.strip() for name, *_ in pages]
    assert names[: len(names) // 2] == names[len(names) // 2 :], "the same pages on both"
    wanted = {name: limit for name, _, _, limit, _ in pages}
    assert wanted["message timeline"] == "20"
    assert wanted["list, far down"] == "100"
    assert wanted["overview of 90 days"] == "150"
    assert all(float(median) <= float(p95) for _, median, p95, *_ in pages)


@pytest.mark.daemon
def test_backlog_is_worked_off_beside_a_serving_edge(tmp_path: Path) -> None:
    require("wrk")
    require("nginx")
    text = bench(tmp_path, "backlog", "--quick", "--events", "3000")
    rows = re.findall(r"^(.+?) +([\d,]+) +(\d+\.\d)$", text, re.MULTILINE)
    assert [name.strip() for name, *_ in rows[:2]] == ["the edge's peak", "at half of it"]
    assert all(int(rate.replace(",", "")) > 0 for _, rate, _ in rows)
    done = re.search(r"^3,000 events of backlog were gone after \d+ s: [\d,]+/s$", text, re.MULTILINE)
    assert done is not None, text


@pytest.mark.daemon
@pytest.mark.usefixtures("ready_databases")
def test_lookback_finds_what_is_listed_on_both_databases(here: Here) -> None:
    code, text, errors = here("bench", "lookback", "--events", "2000")
    assert code == 0, errors
    assert re.findall(r"^(\w+), 2,000 links of received mail:$", text, re.MULTILINE) == [
        "SQLite",
        "PostgreSQL",
    ]
    assert re.findall(r"; (\d+) of them found on (\d+) links", text) == [("10", "10")] * 2


def test_a_killed_bench_leaves_no_orphan(tmp_path: Path) -> None:
    parent = (
        "import sys; from backstamp.app.bench.servers.scratch import run_in; "
        f"run_in({{'BACKSTAMP_DATA_DIR': {str(tmp_path)!r}, 'BACKSTAMP_DATABASE_URL': ''}}, "
        "'ingest_run', 10_000_000, out=sys.stdout)"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.DEVNULL)
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    until(lambda: any(tmp_path.iterdir()), "the child makes its database")
    (child,) = map(int, listed.read_text().split())
    process.kill()
    process.wait()
    try:
        until(lambda: not alive(child), "the child is gone")
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
