"""A journal whose folder is emptied or replaced while it is written: loud, and what comes then is kept."""

import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from backstamp.journal import JournalReader, JournalUnavailableError, JournalWriter
from backstamp.journal.layout import lock_path
from backstamp.vocabulary import Sync
from tests.journal.records import hit, read_all
from tests.journal.test_crash import HeldDisk, StuckDisk


def emptied(journal: Path, producer: str) -> None:
    shutil.rmtree(journal)


def without_the_producers_folder(journal: Path, producer: str) -> None:
    shutil.rmtree(journal / producer)


def replaced_by_a_copy(journal: Path, producer: str) -> None:
    """As another disk with what a backup had."""
    old = journal.with_name("old")
    journal.rename(old)
    shutil.copytree(old, journal)


def without_its_lock(journal: Path, producer: str) -> None:
    """As the worker leaves it, which takes the producer for dead."""
    lock_path(journal, producer).unlink()


WAYS = [emptied, without_the_producers_folder, replaced_by_a_copy, without_its_lock]


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("lose", WAYS)
def test_a_writer_notices_at_the_next_sync_says_so_and_goes_on_as_another(
    tmp_path: Path, lose: Callable[[Path, str], None], caplog: pytest.LogCaptureFixture
) -> None:
    journal = tmp_path / "journal"
    writer = JournalWriter(journal, role="edge")
    first = writer.append(hit(1))
    lose(journal, first.producer)
    writer.append(hit(2))  # in whatever is there now
    until(lambda: "journal cannot be synced" in caplog.text)
    kept = writer.append(hit(3))
    assert kept.producer != first.producer
    assert kept.producer == writer.producer
    assert "the journal's folder was emptied or replaced while it was written" in caplog.text
    assert (kept, hit(3)) in read_all(journal)
    # A reader that takes the old one for dead deletes what it has read of it, and nothing of the new one.
    reader = JournalReader(journal)
    reader.retire(reader.read({}, 100).cursors)
    again = writer.append_synced(hit(4))
    assert (again, hit(4)) in read_all(journal)
    writer.close()


@pytest.mark.parametrize("lose", WAYS)
def test_what_must_be_on_the_disk_is_refused_and_not_said_to_be_there(
    tmp_path: Path, lose: Callable[[Path, str], None]
) -> None:
    journal = tmp_path / "journal"
    writer = JournalWriter(journal, role="edge", ahead=True)
    heard: list[JournalUnavailableError | None] = []
    lose(journal, writer.append_synced(hit(1)).producer)
    writer.append_telling(hit(2), heard.append)
    until(lambda: len(heard) == 1)
    assert isinstance(heard[0], JournalUnavailableError)
    writer.append_telling(hit(3), heard.append)
    until(lambda: len(heard) == 2)
    assert heard[1] is None
    assert writer.producer.startswith("w")
    assert hit(3) in [record for _, record in read_all(journal)]
    writer.close()


@pytest.mark.parametrize("lose", WAYS)
@pytest.mark.parametrize("sync", ["always", "off"])
def test_it_is_noticed_when_a_segment_begins_however_often_the_disk_is_asked(
    tmp_path: Path, lose: Callable[[Path, str], None], sync: Sync
) -> None:
    journal = tmp_path / "journal"
    writer = JournalWriter(journal, role="gateway", sync=sync, segment_bytes=1)
    lose(journal, writer.append(hit(1)).producer)
    kept = writer.append(hit(2))  # begins a segment, and looks first
    assert (kept, hit(2)) in read_all(journal)
    writer.close()


def test_what_is_written_always_is_refused_where_it_went_nowhere(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    writer = JournalWriter(journal, role="gateway", sync="always")
    writer.append(hit(1))
    shutil.rmtree(journal)
    with pytest.raises(JournalUnavailableError):
        writer.append(hit(2))
    kept = writer.append(hit(3))
    assert read_all(journal) == [(kept, hit(3))]
    writer.close()


def test_a_producers_folder_that_went_while_no_segment_was_open_is_noticed(tmp_path: Path) -> None:
    journal, disk = tmp_path / "journal", StuckDisk()
    writer = JournalWriter(journal, role="edge", files=disk)
    first = writer.append(hit(1))
    disk.stuck = True
    with pytest.raises(JournalUnavailableError):
        writer.append(hit(2))  # torn, and not to be cut, so its segment is left
    disk.stuck = False
    shutil.rmtree(journal / first.producer)
    kept = writer.append(hit(3))
    assert kept.producer != first.producer
    assert read_all(journal) == [(kept, hit(3))]
    writer.close()


def test_who_waits_for_the_disk_while_another_writer_begins_is_not_told_that_it_is_there(
    tmp_path: Path,
) -> None:
    journal, disk = tmp_path / "journal", HeldDisk()
    writer = JournalWriter(journal, role="edge", segment_bytes=1, files=disk)
    writer.append(hit(1))
    until(lambda: disk.asked == 1)  # and its answer is waited for
    heard: list[JournalUnavailableError | None] = []
    writer.append_telling(hit(2), heard.append)
    with ThreadPoolExecutor(1) as others:
        synced = others.submit(writer.append_synced, hit(3))
        until(lambda: hit(3) in [record for _, record in read_all(journal)])
        shutil.rmtree(journal)
        kept = writer.append(hit(4))  # begins a segment, and looks first
        disk.released.set()
        assert isinstance(synced.exception(60), JournalUnavailableError)
    until(lambda: len(heard) == 1)
    assert isinstance(heard[0], JournalUnavailableError)
    assert read_all(journal) == [(kept, hit(4))]
    writer.close()
