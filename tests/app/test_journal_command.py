"""`backstamp journal` shows the journal, and changes nothing."""

import json
import os
from pathlib import Path

import pytest

from backstamp.journal import JournalWriter, RecordId
from backstamp.journal.layout import segment_path
from backstamp.vocabulary import Delivery, EventType
from tests.app.in_process import Here
from tests.journal.records import hit


@pytest.fixture
def written(tmp_path: Path) -> list[RecordId]:
    writer = JournalWriter(tmp_path / "data" / "journal", role="edge", sync="off")
    ids = [writer.append(hit(number)) for number in range(3)]
    ids.append(
        writer.append(Delivery(at_us=1, tracking_id=2, type=EventType.SENT, recipient_index=0, text="250 ok"))
    )
    writer.close()
    return ids


def damage(folder: Path, record_id: RecordId) -> None:
    (path,) = (folder / "data" / "journal").glob("*/*.seg")
    data = bytearray(path.read_bytes())
    data[record_id.position + 30] ^= 1
    path.write_bytes(data)


def everything_in(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_ls_says_who_wrote(tmp_path: Path, here: Here, written: list[RecordId]) -> None:
    shown = here("journal", "ls")
    assert shown.returncode == 0
    (line,) = shown.stdout.splitlines()
    assert line.split()[:3] == [written[0].producer, "ended", "1"]
    assert " edge " in line


def test_cat_prints_every_record_with_its_place(tmp_path: Path, here: Here, written: list[RecordId]) -> None:
    before = everything_in(tmp_path)
    lines = [json.loads(line) for line in here("journal", "cat").stdout.splitlines()]
    assert [RecordId(line["producer"], line["position"]) for line in lines] == written
    assert [line["is"] for line in lines] == ["hit", "hit", "hit", "delivery"]
    assert lines[0]["headers"]["user_agent"] == "Mozilla/5.0"
    third = here("journal", "cat", "--from", str(written[2].position), "--producer", written[0].producer)
    assert [json.loads(line) for line in third.stdout.splitlines()] == lines[2:]
    assert everything_in(tmp_path) == before


def test_cat_of_a_producer_that_is_not_there_says_so(
    tmp_path: Path, here: Here, written: list[RecordId]
) -> None:
    shown = here("journal", "cat", "--producer", "nobody")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr.startswith("backstamp: no producer 'nobody'; `backstamp journal ls` shows all")
    assert shown.stderr.count("\n") == 1


def test_verify_tells_a_whole_journal_from_a_damaged_one(
    tmp_path: Path, here: Here, written: list[RecordId]
) -> None:
    whole = here("journal", "verify")
    assert (whole.returncode, whole.stdout) == (0, "whole records: 4 (1 delivery, 3 hit)\n")
    damage(tmp_path, written[1])
    before = everything_in(tmp_path)
    shown = here("journal", "verify")
    assert (shown.returncode, shown.stdout) == (1, "whole records: 3 (1 delivery, 2 hit)\n")
    assert "backstamp: 1 records are damaged" in shown.stderr
    assert here("journal", "cat").returncode == 1
    assert everything_in(tmp_path) == before


def test_cat_of_one_producer_looks_at_no_other(tmp_path: Path, here: Here, written: list[RecordId]) -> None:
    writer = JournalWriter(tmp_path / "data" / "journal", role="gateway", sync="off")
    other = [writer.append(hit(number)) for number in range(10, 13)]
    writer.close()
    shown = here("journal", "cat", "--producer", writer.producer, "--from", str(other[1].position))
    assert (shown.returncode, shown.stderr) == (0, "")
    assert [json.loads(line)["position"] for line in shown.stdout.splitlines()] == [
        other[1].position,
        other[2].position,
    ]
    refused = here("journal", "cat", "--from", str(other[1].position))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--from needs --producer" in refused.stderr


def test_verify_tells_of_a_file_that_is_not_there(tmp_path: Path, here: Here) -> None:
    writer = JournalWriter(tmp_path / "data" / "journal", role="edge", sync="off", segment_bytes=1)
    ids = [writer.append(hit(number)) for number in range(3)]
    writer.close()
    segment_path(tmp_path / "data" / "journal", writer.producer, ids[1].position).unlink()
    shown = here("journal", "verify")
    assert (shown.returncode, shown.stdout) == (1, "whole records: 2 (2 hit)\n")
    missing = ids[2].position - ids[1].position
    assert f"backstamp: {missing} bytes are not there" in shown.stderr


def test_whatever_lies_in_place_of_a_lock_file_hides_nothing(
    tmp_path: Path, here: Here, written: list[RecordId]
) -> None:
    lock = tmp_path / "data" / "journal" / f"{written[0].producer}.lock"
    lock.write_bytes(b"\xff\0\x1b[31m\nedge 1")
    shown = here("journal", "ls")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.split()[-1] == "?"
    lock.unlink()
    os.mkfifo(lock)
    for command in ("ls", "cat", "verify"):
        shown = here("journal", command)
        assert (shown.returncode, shown.stderr) == (0, ""), command


def test_without_a_journal_there_is_nothing_to_show(tmp_path: Path, here: Here) -> None:
    assert here("journal", "ls").stdout == ""
    assert here("journal", "cat").stdout == ""
    assert here("journal", "verify").stdout == "whole records: 0 (none)\n"


def test_what_is_foreign_in_the_journal_is_no_fault(
    tmp_path: Path, here: Here, written: list[RecordId]
) -> None:
    (tmp_path / "data" / "journal" / "0123456789abcdef").touch()
    (tmp_path / "data" / "journal" / "0123456789abcdee" / "0000000000000000.seg").mkdir(parents=True)
    for command in ("ls", "cat", "verify"):
        shown = here("journal", command)
        assert (shown.returncode, shown.stderr) == (0, ""), command
