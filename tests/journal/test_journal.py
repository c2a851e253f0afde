"""What is appended is read: in order, whole, once."""

import threading
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.journal import (
    JournalReader,
    JournalUnavailableError,
    JournalWriter,
    RecordTooLargeError,
    segment_reader,
)
from backstamp.journal.framing import MAX_PAYLOAD_BYTES
from backstamp.journal.layout import lock_path, producers, segments
from backstamp.vocabulary import JournalRecord
from tests.journal.records import hit, journal_records, read_all


@given(
    records=st.lists(journal_records, max_size=30),
    segment_bytes=st.integers(1, 3000),
    limit=st.integers(1, 40),
)
@settings(max_examples=100, deadline=None)
def test_any_records_come_back_in_order_whatever_the_segmentation(
    records: list[JournalRecord], segment_bytes: int, limit: int
) -> None:
    with TemporaryDirectory() as folder:
        writer = JournalWriter(Path(folder), role="test", sync="off", segment_bytes=segment_bytes)
        ids = [writer.append(record) for record in records]
        assert read_all(Path(folder), limit) == list(zip(ids, records, strict=True))
        writer.close()
        assert read_all(Path(folder), limit) == list(zip(ids, records, strict=True))
        assert ids == sorted(ids)


def test_each_producer_has_its_share_of_a_reading_and_what_others_leave(tmp_path: Path) -> None:
    writers = [JournalWriter(tmp_path, role="test", sync="off") for _ in range(3)]
    for writer, number in zip(writers, (30, 30, 2), strict=True):
        for each in range(number):
            writer.append(hit(each))
    reader = JournalReader(tmp_path)
    for _ in range(3):  # whosever turn it is
        given = Counter(id_.producer for id_, _ in reader.read({}, 30).records)
        assert given[writers[2].producer] == 2
        assert sum(given.values()) == 30
        assert min(given[writer.producer] for writer in writers[:2]) >= 10
    for writer in writers:
        writer.close()


@pytest.mark.parametrize("sync", ["always", "off", 1])
def test_a_record_can_be_read_as_soon_as_append_has_returned(tmp_path: Path, sync: int) -> None:
    writer = JournalWriter(tmp_path, role="test", sync=sync)
    first = writer.append(hit(1))
    assert read_all(tmp_path) == [(first, hit(1))]
    second = writer.append_synced(hit(2))
    assert read_all(tmp_path) == [(first, hit(1)), (second, hit(2))]
    writer.close()


def test_reading_goes_on_at_the_cursor(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, role="test")
    writer.append(hit(1))
    reader = JournalReader(tmp_path)
    cursors = reader.read({}, 10).cursors
    writer.append(hit(2))
    assert [record for _, record in reader.read(cursors, 10).records] == [hit(2)]
    writer.close()


def test_a_batch_ends_when_it_is_large_and_the_next_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_reader, "CHUNK_BYTES", 500)
    monkeypatch.setattr(segment_reader, "BATCH_BYTES", 1000)
    writer = JournalWriter(tmp_path, role="test", sync="off", segment_bytes=3000)
    written = [(writer.append(hit(number)), hit(number)) for number in range(100)]
    reader, cursors, seen = JournalReader(tmp_path), dict[str, int](), []
    while (batch := reader.read(cursors, 10_000)).records:
        assert batch.size < 1000 + 500
        seen += batch.records
        cursors = batch.cursors
    assert seen == written
    writer.close()


def test_two_writers_in_two_threads_lose_and_mix_nothing(tmp_path: Path) -> None:
    writers = [JournalWriter(tmp_path, role="test", sync=1, segment_bytes=5000) for _ in range(2)]

    def write(writer: JournalWriter, base: int) -> None:
        for number in range(300):
            writer.append(hit(base + number))

    # Each writer is used by two threads, as gateway and worker do.
    threads = [
        threading.Thread(target=write, args=(writer, 1000 * (2 * index + half)))
        for index, writer in enumerate(writers)
        for half in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = read_all(tmp_path, limit=70)
    for index, writer in enumerate(writers):
        stream = [record for record_id, record in found if record_id.producer == writer.producer]
        for half in range(2):
            base = 1000 * (2 * index + half)
            assert [r for r in stream if base <= r.tracking_id < base + 1000] == [
                hit(base + number) for number in range(300)
            ]
        writer.close()
    assert len(found) == 1200


def test_a_busy_producer_does_not_starve_another(tmp_path: Path) -> None:
    writers = [JournalWriter(tmp_path, role="test", sync="off") for _ in range(3)]
    for writer in writers:
        for number in range(10):
            writer.append(hit(number))
    reader = JournalReader(tmp_path)
    seen = set()
    for _ in range(3):
        seen |= {record_id.producer for record_id, _ in reader.read({}, 10).records}
    assert seen == {writer.producer for writer in writers}
    for writer in writers:
        writer.close()


def test_what_goes_ahead_is_read_by_itself_and_with_all_else(tmp_path: Path) -> None:
    edge = JournalWriter(tmp_path, role="edge", sync="off")
    ahead = JournalWriter(tmp_path, role="edge", ahead=True, sync="off")
    hits = [edge.append(hit(number)) for number in range(3)]
    wish = ahead.append(hit(9))
    reader = JournalReader(tmp_path)
    first = reader.read_ahead({}, 10)
    assert first.records == [(wish, hit(9))]
    assert list(first.cursors) == [ahead.producer]
    assert reader.read_ahead(first.cursors, 10).records == []
    assert [id_ for id_, _ in reader.read(first.cursors, 10).records] == hits
    assert {id_ for id_, _ in reader.read({}, 10).records} == {wish, *hits}
    edge.close()
    ahead.close()


def test_a_record_that_is_too_large_is_refused_and_nothing_of_it_is_left(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, role="test", sync="off")
    with pytest.raises(RecordTooLargeError):
        writer.append(hit(1, user_agent="x" * MAX_PAYLOAD_BYTES))
    large = hit(2, user_agent="x" * (MAX_PAYLOAD_BYTES - 1000))
    writer.append(large)
    writer.append(hit(3))
    assert [record for _, record in read_all(tmp_path)] == [large, hit(3)]
    writer.close()


def test_a_closed_writer_refuses(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, role="test")
    writer.append(hit(1))
    writer.close()
    writer.close()
    with pytest.raises(JournalUnavailableError, match="closed"):
        writer.append(hit(2))


def test_a_journal_that_does_not_exist_yet_is_empty(tmp_path: Path) -> None:
    reader = JournalReader(tmp_path / "journal")
    batch = reader.read({}, 10)
    assert (batch.records, batch.cursors, batch.corrupt) == ([], {}, 0)
    assert reader.retire({}) == 0


def test_a_writer_that_wrote_nothing_leaves_nothing(tmp_path: Path) -> None:
    JournalWriter(tmp_path / "journal", role="test").close()
    assert list(tmp_path.iterdir()) == []


def test_only_what_is_ingested_and_no_longer_written_is_deleted(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, role="test", sync="off", segment_bytes=1)
    for number in range(4):
        writer.append(hit(number))
    reader = JournalReader(tmp_path)
    two = reader.read({}, 2).cursors
    assert reader.retire({}) == 0
    assert reader.retire(two) == 2
    everything = reader.read(two, 10).cursors
    assert reader.retire(everything) == 1
    assert len(segments(tmp_path, writer.producer)) == 1, "the segment being written stays"
    writer.append(hit(4))
    assert [record for _, record in reader.read(everything, 10).records] == [hit(4)]
    writer.close()
    assert reader.retire(everything) == 1, "the fourth has a successor now, the fifth is not ingested"
    everything = reader.read(everything, 10).cursors
    assert reader.retire(everything) == 1
    assert producers(tmp_path) == []
    assert not lock_path(tmp_path, writer.producer).exists()


def test_an_idle_producer_lets_go_of_its_segment_when_that_is_old(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, role="test", sync=1, segment_seconds=0.05)
    writer.append(hit(1))
    until = time.monotonic() + 60
    while len(segments(tmp_path, writer.producer)) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    reader = JournalReader(tmp_path)
    cursors = reader.read({}, 10).cursors
    assert reader.retire(cursors) == 1
    time.sleep(0.2)
    assert len(segments(tmp_path, writer.producer)) == 1, "an empty segment is not followed by more"
    writer.append(hit(2))
    assert [record for _, record in reader.read(cursors, 10).records] == [hit(2)]
    writer.close()
