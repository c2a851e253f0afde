"""What a power cut costs is what docs/journal.md says."""

import random
import threading
import time
from pathlib import Path

import pytest

from backstamp.journal import JournalWriter, Sync
from tests.journal.power import ForgetfulDisk
from tests.journal.records import hit, read_all

INTERVAL_MS = 20
SLACK_SECONDS = 1.0
"""For threads that are not run at once on a busy machine; the soak prints what it was."""


class Writing:
    """Threads that write hits and note when each was acknowledged."""

    def __init__(self, writer: JournalWriter) -> None:
        self.acknowledged: dict[int, float] = {}
        self._writer = writer
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(2)]

    def __enter__(self) -> "Writing":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _write(self, number: int) -> None:
        while not self._over.is_set():
            self._writer.append(hit(number))
            self.acknowledged[number] = time.monotonic()
            number += 2
            time.sleep(0.0005)


def cut(folder: Path, dice: random.Random, sync: Sync) -> tuple[float, float]:
    """Cut the power at a random moment; return the age of the oldest lost hit, and the longest sync."""
    disk = ForgetfulDisk(dice.choice([0.0, 0.001, 0.03]))
    writer = JournalWriter(
        folder / "journal", role="test", sync=sync, segment_bytes=dice.choice([2000, 10**6]), files=disk
    )
    with Writing(writer) as writing:
        time.sleep(dice.uniform(0.05, 0.3))
        at = time.monotonic()
        acknowledged = dict(writing.acknowledged)
        disk.lose_power(folder / "journal", folder / "after", torn=dice.choice([0.0, dice.random()]))
    writer.close()
    survived = {record.tracking_id for _, record in read_all(folder / "after")}
    lost = [when for number, when in acknowledged.items() if number not in survived]
    return at - min(lost, default=at), disk.longest_sync


def bound(longest_sync: float) -> float:
    """The seconds of docs/journal.md: the interval, the sync before it and the one under way."""
    return INTERVAL_MS / 1000 + 2 * longest_sync


@pytest.mark.parametrize("seed", range(4))
def test_a_power_cut_costs_the_interval_and_two_syncs_at_most(tmp_path: Path, seed: int) -> None:
    age, longest_sync = cut(tmp_path, random.Random(seed), INTERVAL_MS)
    assert age <= bound(longest_sync) + SLACK_SECONDS


@pytest.mark.parametrize("seed", range(4))
def test_a_power_cut_costs_nothing_where_every_hit_is_synced(tmp_path: Path, seed: int) -> None:
    age, _ = cut(tmp_path, random.Random(seed), "always")
    assert age == 0.0


def test_a_record_that_was_synced_survives_whatever_the_setting(tmp_path: Path) -> None:
    disk = ForgetfulDisk()
    writer = JournalWriter(tmp_path / "journal", role="test", sync="off", files=disk)
    writer.append(hit(1))
    writer.append_synced(hit(2))
    writer.append(hit(3))
    disk.lose_power(tmp_path / "journal", tmp_path / "after")
    writer.close()
    assert [record for _, record in read_all(tmp_path / "after")] == [hit(1), hit(2)]


@pytest.mark.soak
def test_two_hundred_power_cuts_cost_no_more_than_promised(tmp_path: Path) -> None:
    seed = int(time.time())
    dice = random.Random(seed)
    worst = 0.0
    for number in range(200):
        folder = tmp_path / str(number)
        sync: Sync = dice.choice([INTERVAL_MS, INTERVAL_MS, "always"])
        age, longest_sync = cut(folder, dice, sync)
        promised = bound(longest_sync) if sync != "always" else 0.0
        worst = max(worst, age - promised)
        assert age <= promised + (SLACK_SECONDS if promised else 0.0), f"seed {seed}, cut {number}"
    print(f"\n200 power cuts, seed {seed}: at worst {worst * 1000:+.1f} ms beside what is promised")
