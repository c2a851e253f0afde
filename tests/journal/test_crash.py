"""Processes that are killed, and disks that are full."""

import errno
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from backstamp.journal import (
    JournalReader,
    JournalUnavailableError,
    JournalWriter,
    RecordId,
    RecordTooLargeError,
    framing,
)
from backstamp.journal.files import Files
from backstamp.journal.layout import is_alive, producers, segments
from backstamp.vocabulary import Hit, JournalRecord, Sync
from tests.journal.records import hit, read_all

WRITER = """
import os, sys
from pathlib import Path
from backstamp.journal import JournalWriter
from tests.journal.records import hit
writer = JournalWriter(Path(sys.argv[1]), role="victim", sync=5, segment_bytes=int(sys.argv[2]))
number = 0
while True:
    writer.append(hit(number, user_agent="x" * (number * 7919 % 9000)))
    os.write(1, b".")
    number += 1
"""


@pytest.mark.parametrize("round_number", range(4))
def test_no_acknowledged_record_is_lost_when_the_writer_is_killed(tmp_path: Path, round_number: int) -> None:
    victim = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path), str(10 ** (3 + round_number))],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert victim.stdout is not None
    wanted = random.Random(round_number).randint(50, 500)
    acknowledged = 0
    while acknowledged < wanted:
        acknowledged += len(victim.stdout.read(1))
    (producer,) = producers(tmp_path)
    assert is_alive(tmp_path, producer)
    victim.send_signal(signal.SIGKILL)
    acknowledged += len(victim.stdout.read())
    victim.wait()
    victim.stdout.close()

    assert not is_alive(tmp_path, producer)
    records = [record for _, record in read_all(tmp_path)]
    # The last one may be there without its acknowledgement, never the other way round.
    assert len(records) in {acknowledged, acknowledged + 1}
    assert records == [hit(n, user_agent="x" * (n * 7919 % 9000)) for n in range(len(records))]
    reader = JournalReader(tmp_path)
    cursors = reader.read({}, 10_000).cursors
    assert reader.retire(cursors) >= 1
    assert producers(tmp_path) == []


FULL_DISK = """
import resource, sys
from pathlib import Path
from backstamp.journal import JournalUnavailableError, JournalWriter
from tests.journal.records import hit
writer = JournalWriter(Path(sys.argv[1]), role="victim", sync="off")
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
for number in range(40):
    if number == 20:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    try:
        writer.append(hit(number))
        print(number, flush=True)
    except JournalUnavailableError as error:
        print(error, file=sys.stderr)
"""


def test_a_write_that_was_cut_short_leaves_no_half_record_and_writing_goes_on(tmp_path: Path) -> None:
    # A file size limit cuts a write in the middle of a record, as a full disk does (setrlimit(2)).
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=True,
    )
    acknowledged = [int(line) for line in done.stdout.split()]
    assert acknowledged[-20:] == list(range(20, 40))
    assert 0 < len(acknowledged) < 40
    assert set(done.stderr.splitlines()) == {"journal cannot be written: File too large"}
    batch = JournalReader(tmp_path).read({}, 100)
    assert [record for _, record in batch.records] == [hit(number) for number in acknowledged]
    assert batch.corrupt == 0


def fill(directory: Path) -> Path:
    filler = directory / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65_536, 4096, 512, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return filler


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "backstamp-test", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("mounting a small tmpfs needs root")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_is_reported_and_overcome(small_disk: Path) -> None:
    journal = small_disk / "journal"
    writer = JournalWriter(journal, role="test", sync=1, segment_bytes=3000)
    written: list[tuple[RecordId, Hit]] = []
    refusals: set[str] = set()
    for round_number in range(6):
        filler = fill(small_disk) if round_number % 2 else None
        for number in range(60):
            record = hit(100 * round_number + number, user_agent="x" * 400)
            try:
                written.append((writer.append(record), record))
            except JournalUnavailableError as error:
                refusals.add(str(error))
        if filler:
            filler.unlink()
    assert refusals == {"journal cannot be written: No space left on device"}
    assert read_all(journal) == written
    assert {record.tracking_id for _, record in written} >= set(range(400, 460)), "it recovered"
    writer.close()
    assert JournalReader(journal).read({}, 10_000).corrupt == 0


def test_a_role_starts_on_a_full_disk_and_writes_when_there_is_space(small_disk: Path) -> None:
    filler = fill(small_disk)
    for number in range(2000):  # tmpfs also counts names
        try:
            (small_disk / f"name{number}").mkdir()
        except OSError:
            break
    writer = JournalWriter(small_disk / "journal", role="test")
    with pytest.raises(JournalUnavailableError):
        writer.append(hit(1))
    filler.unlink()
    for path in small_disk.glob("name*"):
        path.rmdir()
    writer.append(hit(2))
    assert [record for _, record in read_all(small_disk / "journal")] == [hit(2)]
    writer.close()


class StuckDisk(Files):
    """Tears writes and cannot cut them, as long as it is told to."""

    stuck = False

    def write(self, descriptor: int, data: bytes) -> int:  # type: ignore[override]
        if not self.stuck:
            return os.write(descriptor, data)
        os.write(descriptor, data[:30])
        raise OSError(5, "Input/output error")

    def truncate(self, descriptor: int, size: int) -> None:
        if self.stuck:
            raise OSError(5, "Input/output error")
        os.ftruncate(descriptor, size)


def test_a_tail_that_cannot_be_cut_is_left_behind(tmp_path: Path) -> None:
    disk = StuckDisk()
    writer = JournalWriter(tmp_path, role="test", sync="off", files=disk)
    writer.append(hit(1))
    disk.stuck = True
    with pytest.raises(JournalUnavailableError):
        writer.append(hit(2))
    disk.stuck = False
    reader = JournalReader(tmp_path)
    cursors = reader.read({}, 10).cursors
    writer.append(hit(3))
    assert len(segments(tmp_path, writer.producer)) == 2
    assert [record for _, record in reader.read(cursors, 10).records] == [hit(3)]
    assert [record for _, record in read_all(tmp_path)] == [hit(1), hit(3)]
    writer.close()


class SickDisk(Files):
    """Refuses to sync while told to, and lets somebody look at the journal just then."""

    def __init__(self) -> None:
        self.sick = False
        self.asked = 0
        self.look: Callable[[], None] = lambda: None

    def fdatasync(self, descriptor: int) -> None:  # type: ignore[override]
        self.asked += 1
        if self.sick:
            self.look()
            raise OSError(5, "Input/output error")


@pytest.mark.parametrize("winding_down", [False, True])
def test_a_record_that_could_not_be_synced_costs_no_later_one_its_place(
    tmp_path: Path, winding_down: bool
) -> None:
    disk = SickDisk()
    writer = JournalWriter(tmp_path, role="test", sync="off" if winding_down else "always", files=disk)
    reader = JournalReader(tmp_path)
    found: list[JournalRecord] = []
    cursors: dict[str, int] = {}

    def look() -> None:
        nonlocal cursors
        batch = reader.read(cursors, 10)
        assert batch.corrupt == 0
        cursors = batch.cursors
        found.extend(record for _, record in batch.records)

    disk.look = look
    writer.append(hit(1))
    if winding_down:
        writer.wind_down()
    disk.sick = True
    with pytest.raises(JournalUnavailableError, match="cannot be synced"):
        writer.append(hit(2))
    disk.sick = False
    writer.append(hit(3, user_agent="y" * 300))
    writer.append(hit(4))
    look()
    # The second may be there, for it was written; the third began another segment.
    assert found == [hit(1), hit(2), hit(3, user_agent="y" * 300), hit(4)]
    assert len(segments(tmp_path, writer.producer)) == 2
    assert writer.sync_times.failures == 1
    writer.close()


class HalfSickDisk(Files):
    """Refuses to sync the first segment that it opened, and notes which others it was asked for."""

    def __init__(self) -> None:
        self.opened: list[int] = []
        self.synced: list[int] = []

    def open_segment(self, path: Path) -> int:
        descriptor = super().open_segment(path)
        self.opened.append(descriptor)
        return descriptor

    def fdatasync(self, descriptor: int) -> None:  # type: ignore[override]
        if descriptor == self.opened[0]:
            raise OSError(5, "Input/output error")
        self.synced.append(descriptor)


class SlowDisk(Files):
    """Takes its time, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def fdatasync(self, descriptor: int) -> None:  # type: ignore[override]
        self.asked += 1
        time.sleep(0.1)


def test_records_that_wait_for_the_disk_at_the_same_time_wait_together(tmp_path: Path) -> None:
    disk = HeldDisk()
    writer = JournalWriter(tmp_path, role="test", sync=600_000, files=disk)
    with ThreadPoolExecutor(10) as threads:
        waiting = [threads.submit(writer.append_synced, hit(number)) for number in range(10)]
        until = time.monotonic() + 60
        while len(read_all(tmp_path)) < 10:
            assert time.monotonic() < until
            time.sleep(0.01)
        disk.released.set()
        ids = [each.result(60) for each in waiting]
    assert len(set(ids)) == 10
    # The first waits for itself, the others for the one that came after them.
    assert disk.asked <= 3
    writer.close()
    assert len(read_all(tmp_path)) == 10


class HeldDisk(Files):
    """Answers nobody until it is released."""

    def __init__(self) -> None:
        self.asked = 0
        self.released = threading.Event()

    def fdatasync(self, descriptor: int) -> None:  # type: ignore[override]
        self.asked += 1
        assert self.released.wait(60)


@pytest.mark.parametrize("sync", ["always", "off", 600_000])
def test_who_is_told_of_the_disk_waits_for_nothing_meanwhile(tmp_path: Path, sync: Sync) -> None:
    disk = HeldDisk()
    writer = JournalWriter(tmp_path, role="test", sync=sync, files=disk)
    told: queue.SimpleQueue[JournalUnavailableError | None] = queue.SimpleQueue()
    for number in range(20):
        writer.append_telling(hit(number), told.put)
    assert told.empty()
    disk.released.set()
    assert [told.get(timeout=60) for _ in range(20)] == [None] * 20
    assert disk.asked <= 3
    assert len(read_all(tmp_path)) == 20
    writer.close()


def test_one_segment_that_cannot_be_synced_keeps_no_other_from_the_disk(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk = HalfSickDisk()
    writer = JournalWriter(tmp_path, role="test", sync=600_000, segment_bytes=1, files=disk)
    for number in range(3):
        writer.append(hit(number))
    writer.close()
    assert disk.synced == disk.opened[1:]
    assert writer.sync_times.failures == 1
    assert caplog.text.count("journal cannot be synced (Input/output error)") == 1


@pytest.mark.parametrize("sick", [False, True])
def test_the_disk_is_not_asked_again_for_what_it_has_answered(tmp_path: Path, sick: bool) -> None:
    disk = SickDisk()
    disk.sick = sick
    writer = JournalWriter(tmp_path, role="test", sync=1, files=disk)
    for number in range(3):
        before = disk.asked
        writer.append(hit(number))
        while disk.asked == before:
            time.sleep(0.001)
        time.sleep(0.1)
        writer._wake.set()  # as a segment that ends while a record is written does
        time.sleep(0.1)
        # What could not be synced is tried once more, when its segment is closed.
        assert disk.asked - before <= (2 if sick else 1)
    writer.close()


def test_after_a_failed_sync_records_go_to_another_segment(tmp_path: Path) -> None:
    disk = SickDisk()
    writer = JournalWriter(tmp_path, role="test", sync=600_000, files=disk)
    writer.append(hit(1))
    disk.sick = True
    with pytest.raises(JournalUnavailableError, match="cannot be synced"):
        writer.append_synced(hit(2))
    disk.sick = False
    writer.append_synced(hit(3))
    assert len(segments(tmp_path, writer.producer)) == 2, "what failed once is trusted no more"
    writer.close()


def test_an_error_that_the_disk_told_somebody_else_is_told_to_who_waits_too(tmp_path: Path) -> None:
    """The kernel reports an error once, here to who appends; whoever asks next hears that all is well."""
    asked, answer = threading.Event(), threading.Event()

    class OnceToldDisk(Files):
        def fdatasync(self, descriptor: int) -> None:  # type: ignore[override]
            if threading.current_thread().name != "journal-sync":
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            asked.set()
            assert answer.wait(60)

    told: queue.SimpleQueue[JournalUnavailableError | None] = queue.SimpleQueue()
    writer = JournalWriter(tmp_path, role="test", sync="always", files=OnceToldDisk())
    writer.append_telling(hit(1), told.put)
    assert asked.wait(60)
    with pytest.raises(JournalUnavailableError, match="cannot be synced"):
        writer.append(hit(2))
    answer.set()
    assert isinstance(told.get(timeout=60), JournalUnavailableError)
    writer.close()


def test_who_waits_for_the_disk_is_told_the_fate_of_their_own_record(tmp_path: Path) -> None:
    told: queue.SimpleQueue[JournalUnavailableError | None] = queue.SimpleQueue()
    writer = JournalWriter(tmp_path, role="test", sync=600_000)
    with pytest.raises(RecordTooLargeError):
        writer.append_telling(hit(2, user_agent="x" * (framing.MAX_PAYLOAD_BYTES + 1)), told.put)
    writer.close()
    # Each record has a segment of its own, and the first of these is on a bad block.
    failing = JournalWriter(tmp_path, role="sick", sync=600_000, segment_bytes=1, files=HalfSickDisk())
    failing.append(hit(1))
    failing.append(hit(2))
    failing.append_telling(hit(3), told.put)
    assert told.get(timeout=60) is None
    failing.close()
    disk = SickDisk()
    sick = JournalWriter(tmp_path, role="sick", sync=600_000, files=disk)
    sick.append(hit(1))
    disk.sick = True
    sick.append_telling(hit(2), told.put)
    assert isinstance(told.get(timeout=60), JournalUnavailableError)
    disk.sick = False
    sick.append_telling(hit(3), told.put)
    assert told.get(timeout=60) is None
    sick.close()


class UnwillingDisk(Files):
    """Lets go of no segment without a word."""

    def close(self, descriptor: int) -> None:
        super().close(descriptor)
        raise OSError(5, "Input/output error")


def test_who_waits_is_told_where_a_segment_does_not_close_well(tmp_path: Path) -> None:
    told: queue.SimpleQueue[JournalUnavailableError | None] = queue.SimpleQueue()
    writer = JournalWriter(tmp_path, role="test", segment_bytes=1, files=UnwillingDisk())
    for number in range(3):
        writer.append_telling(hit(number), told.put)
        assert told.get(timeout=60) is None
    writer.close()


def test_nobody_waits_where_no_thread_can_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: queue.SimpleQueue[JournalUnavailableError | None] = queue.SimpleQueue()
    writer = JournalWriter(tmp_path, role="test")

    def no_more(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as system:
        system.setattr(threading.Thread, "start", no_more)
        with pytest.raises(JournalUnavailableError, match="cannot be written"):
            writer.append_telling(hit(1), told.put)
    writer.append_telling(hit(2), told.put)
    assert told.get(timeout=60) is None
    writer.close()
    assert [record for _, record in read_all(tmp_path)] == [hit(2)]


def test_who_waits_when_the_journal_is_closed_is_told_before_it_is(tmp_path: Path) -> None:
    told: list[JournalUnavailableError | None] = []
    writer = JournalWriter(tmp_path, role="test", sync=600_000, files=SlowDisk())
    for number in range(3):
        writer.append_telling(hit(number), told.append)
    writer.close()
    assert told == [None] * 3


@pytest.mark.parametrize("sync", [1, "off"])
def test_while_the_disk_syncs_nothing_at_all_not_one_record_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sync: Sync
) -> None:
    """Names of files are not synced either: a segment that was begun then is no other than its successors."""
    disk, fsync = SickDisk(), os.fsync

    def failing(descriptor: int) -> None:
        if disk.sick:
            raise OSError(5, "Input/output error")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    writer = JournalWriter(tmp_path, role="test", sync=sync, segment_bytes=2_000, files=disk)
    records: list[JournalRecord] = [hit(number) for number in range(150)]
    for number, record in enumerate(records):
        disk.sick = 50 <= number < 100
        writer.append(record)
        time.sleep(0.002)
    found = [record for _, record in read_all(tmp_path)]
    writer.close()
    assert found == records


def test_a_record_is_synced_only_when_the_name_of_its_segment_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []

    def noting(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        if len(synced) > 2:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", noting)
    writer = JournalWriter(tmp_path / "journal", role="test", sync=600_000)
    for number in (1, 2):
        with pytest.raises(JournalUnavailableError, match="cannot be synced"):
            writer.append_synced(hit(number))
    assert synced == [tmp_path.name, "journal", writer.producer, writer.producer]
    monkeypatch.undo()
    writer.append_synced(hit(3))
    writer.close()
    assert [record for _, record in read_all(tmp_path / "journal")] == [hit(1), hit(2), hit(3)]


def test_a_folder_whose_name_cannot_be_synced_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, synced = os.fsync, []

    def failing(_: int) -> None:
        raise OSError(5, "Input/output error")

    def noting(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    writer = JournalWriter(tmp_path / "journal", role="test")
    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(JournalUnavailableError, match="Input/output error"):
        writer.append(hit(1))
    monkeypatch.setattr(os, "fsync", noting)
    writer.append(hit(2))
    writer.close()
    assert synced == [tmp_path.name, "journal", writer.producer]
