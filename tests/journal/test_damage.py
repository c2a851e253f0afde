"""Cut tails and damaged bytes cost what they touch, and nothing else."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.journal import JournalReader, JournalWriter, RecordId, framing, segment_reader
from backstamp.journal.layout import SET_ASIDE, segment_path, segments
from backstamp.journal.stream import SEGMENT_BYTES
from backstamp.vocabulary import JournalRecord
from tests.journal.records import hit, journal_records, read_all


def write(
    directory: Path, records: list[JournalRecord], segment_bytes: int = SEGMENT_BYTES
) -> list[RecordId]:
    writer = JournalWriter(directory, role="test", sync="off", segment_bytes=segment_bytes)
    ids = [writer.append(record) for record in records]
    writer.close()
    return ids


def only_segment(directory: Path) -> Path:
    (path,) = directory.glob("*/*.seg")
    return path


@given(records=st.lists(journal_records, min_size=1, max_size=10), data=st.data())
@settings(max_examples=100, deadline=None)
def test_any_cut_of_a_dead_producers_tail_loses_only_what_was_cut(
    records: list[JournalRecord], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        ids = write(Path(folder), records)
        path = only_segment(Path(folder))
        size = data.draw(st.integers(0, path.stat().st_size))
        path.write_bytes(path.read_bytes()[:size])
        ends = [after.position for after in ids[1:]] + [size + 1]
        kept = sum(end <= size for end in ends)
        if size == path.stat().st_size and size == _end_of(Path(folder), ids, records):
            kept = len(records)
        reader = JournalReader(Path(folder))
        batch = reader.read({}, 100)
        assert batch.records == list(zip(ids, records, strict=True))[:kept]
        assert batch.corrupt == 0, "a torn tail was never acknowledged, so it is no loss"
        assert batch.cursors[ids[0].producer] == size
        assert reader.retire(batch.cursors) == 1


def _end_of(directory: Path, ids: list[RecordId], records: list[JournalRecord]) -> int:
    return ids[-1].position + framing.HEADER_BYTES + len(msgspec.msgpack.encode(records[-1]))


@given(
    records=st.lists(journal_records, min_size=1, max_size=10),
    segment_bytes=st.sampled_from([1, 300, 1_000_000]),
    data=st.data(),
)
@settings(max_examples=150, deadline=None)
def test_any_damage_loses_only_the_records_it_touches(
    records: list[JournalRecord], segment_bytes: int, data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        directory = Path(folder)
        ids = write(directory, records, segment_bytes=segment_bytes)
        producer = ids[0].producer
        stream = segments(directory, producer)
        total = stream[-1].start + stream[-1].path.stat().st_size
        starts = [record_id.position for record_id in ids]
        touched = set()
        for _ in range(data.draw(st.integers(1, 3))):
            at = data.draw(st.integers(0, total - 1))
            segment = max(s for s in stream if s.start <= at)
            damaged = bytearray(segment.path.read_bytes())
            damaged[at - segment.start] ^= data.draw(st.integers(1, 255))
            segment.path.write_bytes(damaged)
            touched.add(at)
        ends = [*starts[1:], total]
        hurt = [any(start <= at < end for at in touched) for start, end in zip(starts, ends, strict=True)]
        found = read_all(directory)
        expected = [pair for pair, bad in zip(zip(ids, records, strict=True), hurt, strict=True) if not bad]
        # Two damages may cancel each other out; then the record is as it was.
        assert [pair for pair in found if pair in expected] == expected
        assert [pair for pair in found if pair not in expected] == [
            pair for pair in zip(ids, records, strict=True) if pair in found and pair not in expected
        ]


def test_a_damaged_record_is_counted_set_aside_and_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ids = write(tmp_path, [hit(number) for number in range(3)])
    path = only_segment(tmp_path)
    damaged = bytearray(path.read_bytes())
    damaged[ids[1].position + 20] ^= 1
    path.write_bytes(damaged)
    for _ in range(2):  # the second reading finds the same, and keeps no second copy
        batch = JournalReader(tmp_path).read({}, 10)
        assert [record for _, record in batch.records] == [hit(0), hit(2)]
        assert batch.corrupt == 1
    (kept,) = (tmp_path / SET_ASIDE).iterdir()
    assert kept.read_bytes() == bytes(damaged[ids[1].position : ids[2].position])
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "passed over 1 damaged record" in caplog.text


def test_a_look_at_a_damaged_journal_changes_nothing(tmp_path: Path) -> None:
    ids = write(tmp_path, [hit(number) for number in range(3)])
    path = only_segment(tmp_path)
    damaged = bytearray(path.read_bytes())
    damaged[ids[1].position + 20] ^= 1
    path.write_bytes(damaged)
    before = sorted(tmp_path.rglob("*"))
    assert JournalReader(tmp_path, set_aside=False).read({}, 10).corrupt == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_two_damaged_neighbours_count_as_two(tmp_path: Path) -> None:
    ids = write(tmp_path, [hit(number) for number in range(4)])
    path = only_segment(tmp_path)
    damaged = bytearray(path.read_bytes())
    for record_id in ids[1:3]:
        damaged[record_id.position + 20] ^= 1
    path.write_bytes(damaged)
    batch = JournalReader(tmp_path).read({}, 10)
    assert ([record for _, record in batch.records], batch.corrupt) == ([hit(0), hit(3)], 2)


@pytest.mark.parametrize("rubbish", [b"\0" * 5000, b"BJ" * 10, framing.MAGIC * 2000])
def test_rubbish_at_the_end_of_a_dead_producers_segment_is_no_stop(tmp_path: Path, rubbish: bytes) -> None:
    write(tmp_path, [hit(1)])
    path = only_segment(tmp_path)
    path.write_bytes(path.read_bytes() + rubbish)
    reader = JournalReader(tmp_path)
    batch = reader.read({}, 10)
    assert [record for _, record in batch.records] == [hit(1)]
    assert batch.corrupt >= 1
    assert reader.retire(batch.cursors) == 1


def test_a_cursor_never_passes_the_torn_tail_of_a_living_producer(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, role="test", sync="off")
    writer.append(hit(1))
    second = writer.append(hit(2))
    path = only_segment(tmp_path)
    whole = path.read_bytes()
    reader = JournalReader(tmp_path)
    for size in range(second.position, len(whole)):
        path.write_bytes(whole[:size])
        batch = reader.read({}, 10)
        assert [record for _, record in batch.records] == [hit(1)]
        assert batch.cursors == {writer.producer: second.position}
        assert batch.corrupt == 0
        assert reader.retire(batch.cursors) == 0
    path.write_bytes(whole)
    assert reader.read(batch.cursors, 10).records == [(second, hit(2))]
    writer.close()


def test_damage_before_a_whole_record_is_passed_over_while_the_producer_lives(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, role="test", sync="off")
    writer.append(hit(1))
    path = only_segment(tmp_path)
    with path.open("r+b") as file:
        file.seek(4)
        file.write(b"\x7f\xff\xff\xff")  # a length that reaches far beyond the end
    reader = JournalReader(tmp_path)
    assert reader.read({}, 10).cursors == {writer.producer: 0}
    writer.append(hit(2))
    batch = reader.read({}, 10)
    assert ([record for _, record in batch.records], batch.corrupt) == ([hit(2)], 1)
    writer.close()


def forged_by_another_seed(producer: str, position: int, payload: bytes) -> bytes:
    return framing.frame(framing.seed("0" * 16), position, payload)


def forged_for_another_place(producer: str, position: int, payload: bytes) -> bytes:
    return framing.frame(framing.seed(producer), position + 1, payload)


@pytest.mark.parametrize("forge", [forged_by_another_seed, forged_for_another_place])
def test_a_frame_hidden_in_a_value_is_not_taken_for_a_record(
    tmp_path: Path, forge: Callable[[str, int, bytes], bytes]
) -> None:
    writer = JournalWriter(tmp_path, role="test", sync="off")
    payload = msgspec.msgpack.encode(hit(666))
    outer = msgspec.structs.replace(hit(1), source=forge(writer.producer, 100, payload))
    writer.append(outer)
    writer.append(hit(2))
    writer.close()
    path = only_segment(tmp_path)
    whole = path.read_bytes()
    assert framing.MAGIC in whole[4:]
    path.write_bytes(b"\0" + whole[1:])
    assert [record for _, record in read_all(tmp_path)] == [hit(2)]


def test_a_lost_segment_in_the_middle_is_no_stop(tmp_path: Path) -> None:
    ids = write(tmp_path, [hit(number) for number in range(3)], segment_bytes=1)
    segment_path(tmp_path, ids[1].producer, ids[1].position).unlink()
    assert [record for _, record in read_all(tmp_path)] == [hit(0), hit(2)]


def test_what_is_not_there_is_told_and_counted_in_bytes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ids = write(tmp_path, [hit(number) for number in range(4)], segment_bytes=1)
    for gone in (ids[0], ids[2]):
        segment_path(tmp_path, gone.producer, gone.position).unlink()
    lost = [ids[1].position, ids[3].position - ids[2].position]
    batch = JournalReader(tmp_path).read({}, 10)
    assert (len(batch.records), batch.missing, batch.corrupt) == (2, sum(lost), 0)
    assert [r.getMessage().partition(" are not there")[0] for r in caplog.records] == [
        f"journal: {lost[0]} bytes at 0 of producer {ids[0].producer}",
        f"journal: {lost[1]} bytes at {ids[2].position} of producer {ids[0].producer}",
    ]
    # Who only looks cannot know how much was ingested and deleted.
    assert JournalReader(tmp_path, set_aside=False).read({}, 10).missing == lost[1]


def test_a_record_of_a_later_version_is_set_aside(tmp_path: Path) -> None:
    ids = write(tmp_path, [hit(1), hit(2)])
    path = only_segment(tmp_path)
    producer = ids[0].producer
    end = path.stat().st_size
    unknown = framing.frame(framing.seed(producer), end, b"\x81\xa2is\xa6future")
    path.write_bytes(path.read_bytes() + unknown)
    batch = JournalReader(tmp_path).read({}, 10)
    assert ([record for _, record in batch.records], batch.corrupt) == ([hit(1), hit(2)], 1)
    assert batch.cursors == {producer: end + len(unknown)}


def test_damage_of_any_length_is_looked_through_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records: list[JournalRecord] = [hit(number) for number in range(2_000)]
    ids = write(tmp_path, records)
    path = only_segment(tmp_path)
    data = bytearray(path.read_bytes())
    first, last = ids[3].position, ids[1_900].position
    data[first:last] = bytes(last - first)
    path.write_bytes(data)
    read_at_once: list[int] = []
    pread = os.pread

    def counting(descriptor: int, length: int, offset: int) -> bytes:
        read_at_once.append(length)
        return pread(descriptor, length, offset)

    monkeypatch.setattr(segment_reader, "DAMAGE_BYTES", 4096)
    monkeypatch.setattr(segment_reader, "CHUNK_BYTES", 8192)
    monkeypatch.setattr(os, "pread", counting)
    assert last - first > 10 * 4096
    batch = JournalReader(tmp_path).read({}, 10_000)
    assert batch.records == [*zip(ids, records, strict=True)][:3] + [*zip(ids, records, strict=True)][1_900:]
    assert max(read_at_once) <= 2 * 4096


HOLE = 1 << 30
BLOCK = 4096


@pytest.fixture
def read_octets(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many octets each reading of a file gave."""
    given: list[int] = []
    pread = os.pread

    def counting(descriptor: int, length: int, offset: int) -> bytes:
        data = pread(descriptor, length, offset)
        given.append(len(data))
        return data

    monkeypatch.setattr(os, "pread", counting)
    return given


def test_a_hole_at_the_end_of_a_file_is_damage_that_nobody_reads(
    tmp_path: Path, read_octets: list[int]
) -> None:
    ids = write(tmp_path, [hit(1)])
    path = only_segment(tmp_path)
    os.truncate(path, HOLE)
    batch = JournalReader(tmp_path).read({}, 10)
    assert batch.records == [(ids[0], hit(1))]
    assert batch.corrupt > 0
    assert batch.cursors == {ids[0].producer: HOLE}
    assert sum(read_octets) < HOLE / 10


def test_a_hole_at_the_end_waits_while_its_producer_lives(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, role="test", sync="off")
    writer.append(hit(1, "x" * 300))
    path = only_segment(tmp_path)
    filled = hit(2, "x" * (300 + BLOCK - 2 * path.stat().st_size))
    writer.append(filled)
    assert path.stat().st_size == BLOCK, "a hole begins with a block of the file system"
    last = writer.append(hit(3))
    whole = path.read_bytes()
    os.truncate(path, BLOCK)
    os.truncate(path, 3 * BLOCK)
    batch = JournalReader(tmp_path).read({}, 10)
    assert [record for _, record in batch.records] == [hit(1, "x" * 300), filled]
    assert (batch.cursors, batch.corrupt) == ({writer.producer: BLOCK}, 0)
    path.write_bytes(whole)
    assert JournalReader(tmp_path).read(batch.cursors, 10).records == [(last, hit(3))]
    writer.close()


def test_what_stands_behind_a_hole_is_found(tmp_path: Path, read_octets: list[int]) -> None:
    ids = write(tmp_path, [hit(1)])
    producer, payload = ids[0].producer, msgspec.msgpack.encode(hit(2))
    with only_segment(tmp_path).open("r+b") as file:
        file.seek(HOLE + 4321)
        file.write(framing.frame(framing.seed(producer), HOLE + 4321, payload))
    batch = JournalReader(tmp_path).read({}, 10)
    assert [id_.position for id_, _ in batch.records] == [0, HOLE + 4321]
    assert batch.corrupt > 0
    assert sum(read_octets) < HOLE / 10


def test_a_hole_at_the_end_of_a_living_producers_file_is_not_passed_over(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, role="test", sync="off")
    writer.append(hit(1))
    end = only_segment(tmp_path).stat().st_size
    os.truncate(only_segment(tmp_path), end + 100_000)
    batch = JournalReader(tmp_path).read({}, 10)
    assert (batch.cursors, batch.corrupt) == ({writer.producer: end}, 0)
    writer.close()


def test_what_only_has_the_name_of_a_producer_or_a_segment_is_passed_by(tmp_path: Path) -> None:
    ids = write(tmp_path, [hit(1)])
    (tmp_path / "0123456789abcdef").touch()
    odd = tmp_path / "0123456789abcdee"
    (odd / "0000000000000000.seg").mkdir(parents=True)
    os.mkfifo(odd / "0000000000000001.seg")
    (odd / "ffffffffffffffff.seg").write_bytes(b"a place for which no database has room")
    (odd / "0000000000000002.seg").symlink_to("/nowhere")
    reader = JournalReader(tmp_path)
    batch = reader.read({}, 10)
    assert batch.records == [(ids[0], hit(1))]
    assert batch.unreadable == {}, "they are not even opened"
    assert batch.cursors.keys() == {ids[0].producer, odd.name}
    assert reader.retire(batch.cursors) == 1
    assert reader.take_gone() == {ids[0].producer}


def test_a_producer_that_cannot_be_read_or_deleted_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (sick,) = write(tmp_path, [hit(1)])
    (well,) = write(tmp_path, [hit(2)])
    path, pread, unlink = only_segment_of(tmp_path, sick.producer), os.pread, os.unlink

    def failing(descriptor: int, length: int, offset: int) -> bytes:
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return pread(descriptor, length, offset)

    def refusing(name: Path) -> None:
        if sick.producer in str(name):
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        unlink(name)

    monkeypatch.setattr(os, "pread", failing)
    reader = JournalReader(tmp_path)
    batch = reader.read({}, 10)
    assert batch.records == [(well, hit(2))]
    assert batch.unreadable == {sick.producer: "Input/output error"}
    assert batch.cursors[sick.producer] == 0, "it is read when the disk is well again"
    reader.read(batch.cursors, 10)
    monkeypatch.setattr(os, "pread", pread)
    batch = reader.read(batch.cursors, 10)
    assert batch.records == [(sick, hit(1))]
    monkeypatch.setattr(os, "unlink", refusing)
    assert [reader.retire(batch.cursors), reader.retire(batch.cursors)] == [1, 0]
    assert [message for message in caplog.messages if sick.producer in message] == [
        f"journal: producer {sick.producer} cannot be read (Input/output error); the others go on",
        f"journal: what is ingested of producer {sick.producer} cannot be deleted (Operation not permitted)",
    ]


def only_segment_of(directory: Path, producer: str) -> Path:
    (path,) = (directory / producer).glob("*.seg")
    return path
