"""What is too old is deleted by the clock, and a clock that jumps ahead is not believed at once."""

import logging
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from django.db import connection

from backstamp.records.ingest.batches import ingest
from backstamp.records.models import Message
from backstamp.worker import WorkerConfig
from backstamp.worker.privacy.housekeeping import DAY_SECONDS, Clock
from tests.records.journal_records import batch, queued
from tests.worker.running import eventually, looked_up, running


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


async def test_what_is_deleted_as_too_old_goes_from_the_index_of_the_search_too(
    config: WorkerConfig, database: Path
) -> None:
    """FTS5 by itself keeps the trigrams, with their places."""
    old = msgspec.structs.replace(queued(), subject="x\u0166\u014b", at_us=0, tracking_id=1)

    def known() -> tuple[bool, int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT block FROM records_messagesearch_data")
            blocks = b"".join(bytes(block) for (block,) in cursor.fetchall())
        return "\u0167\u014b".encode() in blocks, Message.objects.count()

    await looked_up(lambda: ingest(batch("a", [old]), datetime.now(UTC)))
    assert await looked_up(known) == (True, 1)
    async with running(config):
        await eventually(known, (False, 0))
