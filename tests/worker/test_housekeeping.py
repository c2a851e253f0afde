"""What is too old is deleted by the clock, and a clock that jumps ahead is not believed at once."""

import logging
import time

import pytest

from backstamp.worker.housekeeping import DAY_SECONDS, Clock


class Machine:
    """A machine's two clocks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.uptime = 1_800_000_000.0, 5000.0
        monkeypatch.setattr(time, "time", lambda: self.wall)
        monkeypatch.setattr(time, "clock_gettime", self._clock_gettime)

    def _clock_gettime(self, which: int) -> float:
        assert which == time.CLOCK_BOOTTIME
        return self.uptime

    def run(self, seconds: float) -> None:
        self.wall += seconds
        self.uptime += seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_a_clock_that_jumps_ahead_by_a_year_is_believed_after_a_day_and_told_of_once(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    assert clock.may_be_believed()
    machine.wall += 365 * DAY_SECONDS
    with caplog.at_level(logging.ERROR):
        for _ in range(24):
            assert not clock.may_be_believed()
            machine.run(3600)
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "the clock has jumped ahead by 365 days"
    ]
    assert clock.may_be_believed()
    machine.run(600)
    assert clock.may_be_believed()


def test_one_that_is_set_right_again_is_believed_at_once(machine: Machine) -> None:
    clock = Clock()
    machine.wall += 365 * DAY_SECONDS
    assert not clock.may_be_believed()
    machine.wall -= 365 * DAY_SECONDS
    assert clock.may_be_believed()
    machine.wall -= 100 * DAY_SECONDS
    assert clock.may_be_believed()
    machine.wall += 2 * DAY_SECONDS
    assert not clock.may_be_believed()


def test_a_machine_that_slept_or_ran_for_months_did_not_jump(machine: Machine) -> None:
    clock = Clock()
    machine.run(100 * DAY_SECONDS)
    assert clock.may_be_believed()
    for _ in range(50):
        machine.run(600)
        machine.wall += 3600
        assert clock.may_be_believed()
