"""`backstamp suppressions`: what it says and what it writes."""

import csv
import io
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from backstamp.spreadsheets import csv_lines
from tests.app.in_process import Done, Here
from tests.app.test_cli import backstamp

Run = Callable[..., Done]


@pytest.fixture
def suppressions(installed: Path, here: Here) -> Run:
    return partial(here, "suppressions")


def test_what_was_exported_is_imported_elsewhere(tmp_path: Path, suppressions: Run) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "address,reason,domain,since\n"
        "a@x.example,complaint,Shop.example,2026-03-01T12:00:00+01:00\n"
        "a@x.example,manual,shop.example,2026-03-02\n"
        "b@x.example,,,\n"
    )
    assert suppressions("import", str(file))[:2] == (0, "3 added, 0 were on the list already\n")
    assert suppressions("add", "b@x.example")[1] == "it was on the list already\n"
    _, exported, _ = suppressions("export")
    lines = exported.splitlines()
    assert lines[1].startswith("a@x.example,shop.example,complaint,2026-03-01T11:00:00+00:00,,")
    assert lines[2].startswith("a@x.example,shop.example,manual,2026-03-02")
    assert lines[3].startswith("b@x.example,,manual,")
    assert suppressions("remove", "a@x.example", "--reason", "complaint")[0] == 0
    assert suppressions("remove", "a@x.example", "--reason", "complaint")[0] == 1
    assert suppressions("remove", "a@x.example")[0] == 0
    assert suppressions("remove", "a@x.example")[2] == "backstamp: the address is not on the list\n"
    (left,) = suppressions("list")[1].splitlines()
    assert left.endswith("UTC  manual        b@x.example  every domain")
    file.write_text(exported)
    assert suppressions("import", str(file))[1] == "2 added, 1 were on the list already\n"


def test_an_address_that_a_stranger_chose_drives_no_terminal(tmp_path: Path, suppressions: Run) -> None:
    """A server takes any octet in one, and says that it does not exist."""
    suppressions("add", "b@x.example")
    with closing(sqlite3.connect(tmp_path / "data" / "backstamp.db")) as database, database:
        database.execute("UPDATE records_suppression SET address = 'b\x1b]0;\x9b2J@x.example'")
    (line,) = suppressions("list")[1].splitlines()
    assert line.endswith(r"UTC  manual        b\x1b]0;\x9b2J@x.example  every domain")


def test_addresses_that_servers_take_and_people_seldom_write_are_imported_too(
    tmp_path: Path, suppressions: Run
) -> None:
    file = tmp_path / "list.csv"
    file.write_text('address\n"""ann, bob""@x.example"\nmüller@bücher.example\n', encoding="utf-8")
    assert suppressions("import", str(file))[1] == "2 added, 0 were on the list already\n"
    file.write_text(suppressions("export")[1], encoding="utf-8")
    assert suppressions("import", str(file))[1] == "0 added, 2 were on the list already\n"


def test_an_export_is_harmless_in_a_spreadsheet_and_comes_back_exactly(
    tmp_path: Path, suppressions: Run
) -> None:
    """Whoever has a mailbox writes evidence: a server's refusal, words on a page of ours."""
    said = ["=HYPERLINK(A1)", "'=1", "+1; -1", "@x", "\tindented", "two\r\n-lines", "Grüße, 안녕", "plain"]
    addresses = ["=cmd@x.example", "'+x@x.example", "-x@x.example", *(f"p{n}@x.example" for n in range(5))]
    times = [f"2026-03-01T12:00:00.00000{n}+00:00" for n in range(1, 9)]
    lines = csv_lines([["address", "evidence", "since"], *zip(addresses, said, times, strict=True)])
    suppressions("import", "-", stdin=lines.encode())
    rows = "SELECT address, evidence, since, domain, recipient_key, reason FROM records_suppression"
    with closing(sqlite3.connect(tmp_path / "data" / "backstamp.db")) as database:
        before = set(database.execute(rows))
        assert {row[:2] for row in before} == set(zip(addresses, said, strict=True))
        done = backstamp(tmp_path, "suppressions", "export", settings={"PYTHONIOENCODING": "latin-1"})
        exported = done.stdout.decode()
        cells = [cell for row in csv.reader(io.StringIO(exported, newline="")) for cell in row]
        assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
        assert "'=HYPERLINK(A1)" in cells
        with database:
            database.execute("DELETE FROM records_suppression")
        imported = suppressions("import", "-", stdin=done.stdout)
        assert imported == (0, "8 added, 0 were on the list already\n", "")
        assert set(database.execute(rows)) == before


def test_somebody_of_whom_only_the_pseudonym_is_known_is_kept_over_export_and_import(
    tmp_path: Path, suppressions: Run
) -> None:
    file = tmp_path / "list.csv"
    file.write_text("address,recipient_key,reason\n,00112233445566aa,unsubscribed\n")
    assert suppressions("import", str(file))[1] == "1 added, 0 were on the list already\n"
    _, exported, _ = suppressions("export")
    assert exported.splitlines()[1].endswith(",00112233445566aa")
    file.write_text(exported)
    assert suppressions("import", str(file))[1] == "0 added, 1 were on the list already\n"
    assert "recipient 00112233445566aa" in suppressions("list")[1]


def test_what_is_typed_and_is_no_text_is_refused_in_one_line(suppressions: Run) -> None:
    done = suppressions("add", "a@x.example", "--evidence", os.fsdecode(b"\xff"))
    assert done == (2, "", "backstamp: '\\udcff' is not UTF-8 text\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"mail\na@x.example\n", "the file's first line names no column `address`"),
        (b"address\na@x.example\nnobody\n", "line 3: that is no mail address"),
        (
            b"address,reason\na@x.example,whim\n",
            "line 2: the reason must be one of unsubscribed, hard_bounce, complaint, manual",
        ),
        (
            b"address,since\na@x.example,soon\n",
            "line 2: `since` is no time like 2026-03-01T12:00:00+00:00",
        ),
        (b"address\n\xff@x.example\n", "the file is not UTF-8"),
        (b"address\na@x.example\n" + b"\0" * 70_000, "line 3 of the file is longer than 65536 characters"),
    ],
)
def test_a_file_with_a_fault_changes_nothing_and_is_refused_in_one_line(
    tmp_path: Path, suppressions: Run, text: bytes, said: str
) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(text)
    assert suppressions("import", str(file)) == (2, "", f"backstamp: {said}\n")
    assert suppressions("list")[1] == ""


def test_a_list_may_come_by_standard_input(suppressions: Run) -> None:
    done = suppressions("import", "-", stdin="\ufeffaddress\na@x.example\n".encode())
    assert done == (0, "1 added, 0 were on the list already\n", "")


def test_a_device_that_never_ends_is_refused_at_once(suppressions: Run) -> None:
    assert suppressions("import", "/dev/zero") == (
        2,
        "",
        "backstamp: line 1 of the file is longer than 65536 characters\n",
    )
