"""A clock that is suddenly ahead is not believed at once, whether the worker runs, or was started with it."""

import logging
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from backstamp.records.ingest.batches import ingest
from backstamp.records.models import Message
from backstamp.worker import WorkerConfig
from backstamp.worker.privacy.clock import DAY_SECONDS, DOUBT_SECONDS, Clock
from tests.records.journal_records import batch, queued
from tests.worker.running import eventually, looked_up, running

YEAR = 365 * DAY_SECONDS


class Machine:
    """A machine's two clocks, and a worker that is started on it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
        self.wall, self.uptime = 1_800_000_000.0, 5000.0
        monkeypatch.setattr(time, "time", lambda: self.wall)
        monkeypatch.setattr(time, "clock_gettime", self._clock_gettime)
        self._path = path
        self.start()

    def _clock_gettime(self, which: int) -> float:
        assert which == time.CLOCK_BOOTTIME
        return self.uptime

    def start(self) -> None:
        self.clock = Clock(self._path)

    def boot(self, off: float = 60) -> None:
        self.wall += off
        self.uptime = 30.0
        self.start()

    def run(self, seconds: float) -> None:
        self.wall += seconds
        self.uptime += seconds

    def hours_of_doubt(self) -> int:
        hours = 0
        while not self.clock.may_be_believed():
            hours += 1
            self.run(3600)
        return hours


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    return Machine(monkeypatch, tmp_path / "clock")


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage().partition(":")[0] for record in caplog.records]


def test_a_clock_that_jumps_ahead_by_a_year_is_believed_after_most_of_a_day_and_told_of_once(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    assert machine.clock.may_be_believed()
    machine.wall += YEAR
    with caplog.at_level(logging.WARNING):
        assert machine.hours_of_doubt() == DOUBT_SECONDS / 3600 < 24
    assert told(caplog) == ["the clock is 365 days ahead of when the worker last looked"]
    machine.run(600)
    assert machine.clock.may_be_believed()


@pytest.mark.parametrize("boots", [True, False])
def test_a_worker_that_is_started_with_a_clock_years_ahead_does_not_believe_it_however_often_it_is_started(
    machine: Machine, caplog: pytest.LogCaptureFixture, *, boots: bool
) -> None:
    assert machine.clock.may_be_believed()
    machine.wall += 24 * YEAR
    for _ in range(3):
        machine.boot() if boots else machine.start()
        assert not machine.clock.may_be_believed()
        machine.run(3600)
    machine.wall -= 24 * YEAR
    machine.boot()
    assert machine.clock.may_be_believed()
    assert told(caplog) == ["the clock is 8760 days ahead of when the worker last looked"] * 3


def test_after_weeks_without_the_machine_it_is_believed_after_most_of_a_day(machine: Machine) -> None:
    assert machine.clock.may_be_believed()
    machine.boot(off=21 * DAY_SECONDS)
    assert machine.hours_of_doubt() == DOUBT_SECONDS / 3600
    machine.boot(off=DAY_SECONDS / 2)
    assert machine.clock.may_be_believed()


@pytest.mark.parametrize(("hours", "days_off"), [(10, (2.6, 0.6, 0.6, 0.6, 0.6)), (8, (6.7,))])
def test_a_machine_that_is_off_each_night_or_most_of_the_week_comes_to_the_end_of_its_doubt(
    machine: Machine, hours: int, days_off: tuple[float, ...]
) -> None:
    assert machine.clock.may_be_believed()
    believed = []
    for _ in range(3):
        for off in days_off:
            machine.boot(off * DAY_SECONDS)
            for _ in range(hours):
                believed.append(machine.clock.may_be_believed())
                machine.run(3600)
    # Between the last look and the end of a piece an hour passes that nobody counted.
    assert believed.index(True) == DOUBT_SECONDS // 3600 + (DOUBT_SECONDS // 3600 - 1) // (hours - 1)


def test_a_clock_that_goes_on_by_years_once_more_is_doubted_from_the_beginning(machine: Machine) -> None:
    assert machine.clock.may_be_believed()
    machine.boot(YEAR)
    machine.run(3600)
    assert not machine.clock.may_be_believed()
    machine.run(DOUBT_SECONDS - 7200)
    assert not machine.clock.may_be_believed()
    machine.boot(YEAR)
    assert machine.hours_of_doubt() == DOUBT_SECONDS / 3600


def test_a_machine_that_begins_in_1970_each_time_until_its_time_service_answers_deletes_as_any_other(
    machine: Machine,
) -> None:
    """A Raspberry Pi has no clock of its own."""
    assert machine.clock.may_be_believed()
    for _ in range(3):
        now, machine.wall = machine.wall, 10.0
        machine.boot()
        assert machine.clock.may_be_believed(), "behind, it makes nothing old"
        machine.wall = now + 3600
        assert machine.clock.may_be_believed()


def test_one_that_is_set_right_again_is_believed_at_once(machine: Machine) -> None:
    machine.wall += YEAR
    assert not machine.clock.may_be_believed()
    machine.wall -= YEAR
    assert machine.clock.may_be_believed()


def test_one_that_was_fast_and_stays_set_back_is_what_is_gone_by(machine: Machine) -> None:
    machine.wall -= 100 * DAY_SECONDS
    assert machine.clock.may_be_believed()
    machine.wall += 99 * DAY_SECONDS
    assert machine.clock.may_be_believed(), "no more than was believed before"
    machine.wall -= 99 * DAY_SECONDS
    for _ in range(19):
        assert machine.clock.may_be_believed()
        machine.run(3600)
    machine.wall += YEAR
    assert machine.hours_of_doubt() == DOUBT_SECONDS / 3600, "which is another one"
    machine.wall -= 2 * YEAR
    for _ in range(24):
        assert machine.clock.may_be_believed()
        machine.run(3600)
    machine.wall += 2 * DAY_SECONDS
    assert not machine.clock.may_be_believed()


def test_a_machine_that_slept_or_ran_for_months_did_not_jump(machine: Machine) -> None:
    machine.run(100 * DAY_SECONDS)
    assert machine.clock.may_be_believed()
    for _ in range(50):
        machine.run(600)
        machine.wall += 3600
        assert machine.clock.may_be_believed()


@pytest.mark.parametrize("found", [b"", b"{}", b"\0" * 30, b'"2026"', b'{"believed":"1"}'])
def test_a_file_that_says_nothing_is_as_none(machine: Machine, tmp_path: Path, found: bytes) -> None:
    (tmp_path / "clock").write_bytes(found)
    machine.start()
    assert machine.clock.may_be_believed()


async def test_a_worker_that_is_started_years_later_by_its_clock_deletes_nothing_yet(
    config: WorkerConfig, caplog: pytest.LogCaptureFixture
) -> None:
    at = datetime.now(UTC).timestamp() - 5 * YEAR
    config.clock_path.write_bytes(b'{"believed":%d}' % at)
    mail = msgspec.structs.replace(queued(), at_us=int(at * 1_000_000))
    await looked_up(lambda: ingest(batch("a", [mail]), datetime.now(UTC)))
    async with running(msgspec.structs.replace(config, retention_days=90)):
        await eventually(lambda: "the clock is 1825 days ahead" in caplog.text, True)
    assert await looked_up(Message.objects.count) == 1
    assert msgspec.json.decode(config.clock_path.read_bytes())["believed"] == int(at)
