"""What the log and the figures say of parts that fail."""

import asyncio
import logging
import time

import pytest
from django.db import DataError, InterfaceError, InternalError, OperationalError, ProgrammingError

from backstamp.worker.parts import running, troubles
from backstamp.worker.parts.running import keep_running
from backstamp.worker.parts.troubles import STEADY_SECONDS, Troubles

FULL = OperationalError("database or disk is full")


class Passing:
    """Time that passes when a test says so."""

    now = 1000.0

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Passing:
    return Passing(monkeypatch)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_database_that_is_away_for_an_hour_is_told_of_when_it_goes_now_and_then_and_when_it_is_back(
    clock: Passing, caplog: pytest.LogCaptureFixture
) -> None:
    of_all = Troubles(["ingest", "settling", "alerts"])
    gone = [OperationalError("server closed the connection\n\tunexpectedly"), InterfaceError("closed"), FULL]
    for second in range(0, 3600, 10):
        clock.now = 1000.0 + second
        of_all.failed("ingest", gone[min(second // 10, 2)], 10)
        of_all.failed("settling", InternalError("read-only transaction"), 10)
    clock.now = 4600.0 + STEADY_SECONDS
    of_all.lasted("alerts")
    of_all.lasted("ingest")
    of_all.lasted("settling")
    away, back = "the database cannot be used", "the database can be used again"
    full = "these wait: ingest, settling (OperationalError: 'database or disk is full')"
    assert told(caplog) == [
        f"{away}, and the worker waits: OperationalError: 'server closed the connection'",
        *(
            f"{away} for {minutes} now; {full}"
            for minutes in ("60 s", *(f"{n} min" for n in range(11, 60, 10)))
        ),
        f"{back}, after 60 min",
    ]


def test_it_is_back_once_nothing_waits_for_it_any_more(
    clock: Passing, caplog: pytest.LogCaptureFixture
) -> None:
    of_all = Troubles(["ingest", "settling"])
    of_all.failed("ingest", FULL, 1)
    of_all.failed("settling", FULL, 1)
    clock.now += 30 + STEADY_SECONDS
    of_all.lasted("settling")
    assert len(told(caplog)) == 1
    of_all.lasted("ingest")
    assert told(caplog)[1:] == ["the database can be used again, after 30 s"]
    of_all.failed("ingest", FULL, 1)
    assert len(told(caplog)) == 3


@pytest.mark.parametrize(
    "error", [ProgrammingError("permission denied"), DataError("too long"), OSError(98, "")]
)
def test_what_only_one_part_fails_of_is_told_as_its_own_and_ever_less_often(
    error: Exception, clock: Passing, caplog: pytest.LogCaptureFixture
) -> None:
    of_all = Troubles(["ingest", "housekeeping"])
    for second in range(0, 1300, 10):
        clock.now = 1000.0 + second
        of_all.failed("housekeeping", error, 10)
    assert len(told(caplog)) == len((0, 60, 660, 1260))
    of_all.lasted("housekeeping")
    of_all.failed("housekeeping", error, 10)
    assert len(told(caplog)) == 5
    assert all(line.startswith("housekeeping failed and starts again in 10.0 s: ") for line in told(caplog))


def test_words_that_are_others_each_time_are_no_news(
    clock: Passing, caplog: pytest.LogCaptureFixture
) -> None:
    of_all = Troubles(["ingest"])
    for number in range(50):
        of_all.failed("ingest", ProgrammingError(f"row {number}"), 1)
    of_all.failed("ingest", OSError(98, "taken"), 1)
    assert len(told(caplog)) == 2


def test_a_part_fails_from_the_first_time_until_it_has_lasted(clock: Passing) -> None:
    of_all = Troubles(["ingest", "settling"])
    assert of_all.failing_seconds() == {"ingest": 0, "settling": 0}
    of_all.failed("ingest", FULL, 1)
    clock.now += 5
    of_all.failed("ingest", ValueError("another"), 1)
    clock.now += 10
    assert of_all.failing_seconds() == {"ingest": 15, "settling": 0}
    of_all.lasted("ingest")
    assert of_all.failing_seconds() == {"ingest": 0, "settling": 0}


async def test_a_part_that_goes_on_after_it_failed_has_lasted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for module in (running, troubles):
        monkeypatch.setattr(module, "STEADY_SECONDS", 0.05)
    runs = 0
    of_all, stop = Troubles(["part"]), asyncio.Event()

    async def part(stop: asyncio.Event) -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise FULL
        await stop.wait()

    task = asyncio.create_task(keep_running("part", part, stop, of_all))
    async with asyncio.timeout(30):
        while len(told(caplog)) < 2:
            await asyncio.sleep(0.02)
    assert (runs, of_all.failing_seconds()) == (3, {"part": 0}), "a pause is no time in which it goes well"
    stop.set()
    await task
    assert [line.partition(",")[0] for line in told(caplog)] == [
        "the database cannot be used",
        "the database can be used again",
    ]
