"""Commands that need the database, from the command line, on databases of their own."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from backstamp.app import keyfile
from tests.app.in_process import Here
from tests.app.test_cli import backstamp
from tests.database import database_at, start_django


def test_a_filled_database_has_its_roll_ups_made_again(tmp_path: Path) -> None:
    filled = backstamp(tmp_path, "bench", "fill", "--events", "500")
    assert filled.returncode == 0
    assert filled.stdout.startswith(b"500 events, ")
    again = backstamp(tmp_path, "bench", "fill", "--events", "500")
    assert again.returncode == 1
    assert b"this database holds messages already; name an empty one" in again.stderr
    rebuilt = backstamp(tmp_path, "rollups", "rebuild")
    assert rebuilt.returncode == 0
    assert re.fullmatch(rb"made the roll-ups of \d+ messages again\n", rebuilt.stdout)


@pytest.fixture
def without_tables(tmp_path: Path) -> Iterator[None]:
    """Keys, and a database in which nothing is."""
    start_django()
    (tmp_path / "data").mkdir(mode=0o700)
    keyfile.ensure(tmp_path / "data" / "keys.json")
    with database_at(tmp_path / "data" / "backstamp.db"):
        yield


@pytest.mark.usefixtures("without_tables")
def test_a_database_that_was_never_made_is_told_with_what_makes_it(here: Here) -> None:
    commands = [
        ("rollups", "rebuild"),
        ("sign-in-link", "ann@example.org"),
        ("links", "list"),
        ("protect", "list"),
    ]
    for command in commands:
        done = here(*command)
        assert done.returncode == 1
        assert re.fullmatch(
            r"backstamp: the database cannot be used: no such table: \w+; "
            r"run `backstamp migrate`, or start `backstamp serve` once\n",
            done.stderr,
        ), command
    assert here("migrate").stdout == "the database is up to date\n"
    assert [here(*command).returncode for command in commands] == [0, 0, 0, 0]
