"""`backstamp erase`: one line of counts, or one line that says why not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.in_process import run
from tests.database import empty_database, start_django

start_django()


@pytest.fixture(autouse=True)
def database(tmp_path: Path) -> Iterator[None]:
    with empty_database(tmp_path):
        yield


def test_a_person_is_erased_and_stays_suppressed_by_a_pseudonym() -> None:
    assert run("suppressions", "add", "kim@example.net", "--evidence", "kim@example.net asked")[0] == 0
    assert run("erase", "Kim@Example.net") == (
        0,
        "erased: 0 messages, a copy of each of 0 more, 0 events, 0 alerts, 1 entry, 0 mentions; "
        "nothing is recorded any more of mail that is out\n",
        "looking for mentions\n",
    )
    listed = run("suppressions", "list")[1]
    assert ("kim" in listed, "manual        recipient " in listed) == (False, True)
    said = "looking for mentions\nError: nothing is on record of that address\n"
    assert run("erase", "kim@example.net") == (1, "", said)


@pytest.mark.parametrize(
    "address", ["kim", "", "kim@", "a b@example.net", "kim@example.net\n", "<kim@example.net>"]
)
def test_what_is_no_address_is_said_in_one_line(address: str) -> None:
    code, output, said = run("erase", address)
    assert (code, output) == (2, "")
    assert said.endswith("Error: Invalid value for 'ADDRESS': that is no mail address, LOCAL@DOMAIN\n")
