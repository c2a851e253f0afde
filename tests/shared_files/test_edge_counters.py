"""What edge workers count, and who reads it."""

import errno
import fcntl
import logging
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.journal.durations import BUCKETS, Durations, upper_bound_seconds
from backstamp.shared_files import Answer, Drop, EdgeCounters
from backstamp.shared_files.edge_counters import TIME_NS, TIMES, read_edge_counters


def close(counters: EdgeCounters) -> None:
    """Let go of the slot, as the end of a process does."""
    assert counters._file is not None
    os.close(counters._file)


def test_what_was_counted_is_read(tmp_path: Path) -> None:
    syncs = Durations()
    counters = EdgeCounters(tmp_path / "metrics", syncs)
    counters.counts[Answer.PIXEL] += 3
    counters.counts[Drop.WITHDRAWN] += 1
    counters.counts[TIME_NS] += 20_000
    counters.counts[TIMES + 5] += 1
    syncs.add(5_000_000)
    syncs.failures += 2
    counters.published_at_us = 77
    counters.flush()
    (values,) = read_edge_counters(tmp_path / "metrics")
    assert (values.slot, values.alive, values.published_at_us) == (0, True, 77)
    assert values.answers == dict.fromkeys(Answer, 0) | {Answer.PIXEL: 3}
    assert values.drops == dict.fromkeys(Drop, 0) | {Drop.WITHDRAWN: 1}
    assert values.answer_times == [0] * 5 + [1] + [0] * (BUCKETS - 6) + [20_000]
    assert (values.sync_times[-1], sum(values.sync_times[:-1])) == (5_000_000, 1)
    assert values.sync_failures == 2


def test_two_workers_have_a_slot_each_and_a_successor_counts_on(tmp_path: Path) -> None:
    workers = [EdgeCounters(tmp_path, Durations()) for _ in range(2)]
    for number, worker in enumerate(workers):
        worker.counts[Answer.REDIRECT] = number + 1
        worker.flush()
    assert [values.answers[Answer.REDIRECT] for values in read_edge_counters(tmp_path)] == [1, 2]
    close(workers[0])
    assert [values.alive for values in read_edge_counters(tmp_path)] == [False, True]
    successor = EdgeCounters(tmp_path, Durations())
    successor.counts[Answer.REDIRECT] += 10
    successor.flush()
    successor.flush()
    assert [values.answers[Answer.REDIRECT] for values in read_edge_counters(tmp_path)] == [11, 2]


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 10_000, b"BSedge1\n" + b"\xff" * 500])
def test_a_damaged_file_counts_from_nothing(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "edge-0.counters").write_bytes(damage)
    assert read_edge_counters(tmp_path)[0].answers[Answer.PIXEL] == 0
    counters = EdgeCounters(tmp_path, Durations())
    counters.counts[Answer.PIXEL] += 1
    counters.flush()
    assert read_edge_counters(tmp_path)[0].answers[Answer.PIXEL] == 1


def test_a_folder_that_cannot_be_written_costs_the_figures_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "metrics").write_text("no folder")
    counters = EdgeCounters(tmp_path / "metrics", Durations())
    counters.counts[Answer.PIXEL] += 1
    counters.flush()
    counters.flush()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    (tmp_path / "metrics").unlink()
    counters.flush()
    assert read_edge_counters(tmp_path / "metrics")[0].answers[Answer.PIXEL] == 1


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "edge-0.counters")
    EdgeCounters(tmp_path, Durations()).flush()
    with pytest.raises(OSError, match="Illegal seek"):
        read_edge_counters(tmp_path)


def test_no_workers_no_figures(tmp_path: Path) -> None:
    assert read_edge_counters(tmp_path / "metrics") == []


@given(ns=st.integers(0, 2**62))
def test_a_duration_lies_in_the_bucket_below_whose_bound_it_is(ns: int) -> None:
    durations = Durations()
    durations.add(ns)
    bucket = durations.values()[:-1].index(1)
    assert ns / 1e9 < upper_bound_seconds(bucket)
    assert bucket == 0 or ns / 1e9 >= upper_bound_seconds(bucket - 1) * (1 - 1e-9)
    assert len(durations.values()) == BUCKETS + 1


def test_where_nothing_can_be_locked_no_file_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    counters = EdgeCounters(tmp_path, Durations())
    counters.flush()
    before = set(Path("/proc/self/fd").iterdir())
    for _ in range(20):
        counters.flush()
    # The collector may close what earlier tests left open.
    assert set(Path("/proc/self/fd").iterdir()) <= before
