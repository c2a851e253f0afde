"""Threads beside the event loop that use the database."""

import asyncio
import os
import threading
from collections.abc import Callable

import pytest
from django.db import DataError, IntegrityError, InterfaceError, OperationalError

from backstamp.worker.parts.database import _THREADS, _THREADS_AHEAD, Database


async def threads_after(error: Exception) -> tuple[set[threading.Thread], set[threading.Thread]]:
    """Return which threads ran before and after a call that raises this."""
    database = Database()
    try:
        before = await _threads(database)
        with pytest.raises(type(error)):
            await database.run(_raising(error))
        return before, await _threads(database)
    finally:
        database.close()


async def _threads(database: Database) -> set[threading.Thread]:
    meeting = threading.Barrier(_THREADS + 1 + _THREADS_AHEAD, timeout=60)

    def current() -> threading.Thread:
        meeting.wait()
        return threading.current_thread()

    calls = [database.run(current) for _ in range(_THREADS)]
    ahead = [database.run_ahead(current) for _ in range(_THREADS_AHEAD)]
    return set(await asyncio.gather(*calls, database.run_ingest(current), *ahead))


def _raising(error: Exception) -> Callable[[], None]:
    def call() -> None:
        raise error

    return call


@pytest.mark.parametrize("error", [DataError("out of range"), IntegrityError("not null"), ValueError("bad")])
def test_a_refused_row_leaves_the_threads_and_their_connections(error: Exception) -> None:
    before, after = asyncio.run(threads_after(error))
    assert before == after


@pytest.mark.parametrize("error", [OperationalError("read-only"), InterfaceError("closed")])
def test_after_a_failure_of_the_database_all_threads_are_new_ones(error: Exception) -> None:
    before, after = asyncio.run(threads_after(error))
    assert before.isdisjoint(after)


async def test_what_runs_ahead_steps_back_for_nobody() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    database = Database()
    try:
        others = await database.run(niceness)
        assert (
            await database.run_ingest(niceness) == others > await database.run_ahead(niceness) == niceness()
        )
    finally:
        database.close()


def test_a_worker_that_was_started_with_nice_steps_back_from_there() -> None:
    """It did not for root, and for others no thread began: they must not be less nice than they are."""
    found: list[int] = []

    async def look() -> None:
        database = Database()
        try:
            found.append(
                await database.run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
            )
        finally:
            database.close()

    def nice() -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
        asyncio.run(look())

    thread = threading.Thread(target=nice)
    thread.start()
    thread.join()
    assert found == [15]


async def test_after_a_failure_no_thread_begins_before_the_last_of_the_old_ones_has_ended() -> None:
    """A connection of SQLite's that is made beside an old one is no better than that."""
    database, order = Database(), list[str]()
    begun, go_on = threading.Event(), threading.Event()

    def old() -> None:
        begun.set()
        go_on.wait(10)
        order.append("old")

    last = asyncio.create_task(database.run(old))
    await asyncio.to_thread(begun.wait, 10)
    with pytest.raises(OperationalError):
        await database.run(_raising(OperationalError("readonly")))
    new = asyncio.create_task(database.run(order.append, "new"))
    await asyncio.sleep(0.05)
    go_on.set()
    await asyncio.gather(last, new)
    database.close()
    assert order == ["old", "new"]
