"""A connection with PostgreSQL serves the next request, and never one that has left something behind."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from backstamp.console.serving.postgresql import base
from tests.database import empty_postgresql


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time by which connections grow old: a stalled machine, or one whose clock is set, moves it not."""
    now = [0.0]
    monkeypatch.setattr(base, "monotonic", lambda: now[0])
    return now


@pytest.fixture(autouse=True)
def _console_on_postgresql() -> Iterator[None]:
    with empty_postgresql():
        connections.close_all()
        connections.settings["default"]["ENGINE"] = "backstamp.console.serving.postgresql"
        with suppress(AttributeError):
            del connections["default"]
        yield
        connections.close_all()
        while base._waiting:
            base._waiting.pop()[1].close()


def request(work: Any = lambda: None) -> int:
    """Do something as a request does it, in a thread of its own; return who served it on the server."""

    def served() -> int:
        with closing(connection):
            connection.ensure_connection()
            process = connection.connection.info.backend_pid
            work()
        return int(process)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(served).result()


def sql(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [] if cursor.description is None else cursor.fetchall()


def test_the_next_request_goes_on_with_the_connection_of_the_last() -> None:
    assert len({request(lambda: sql("SELECT 1")) for _ in range(5)}) == 1


def test_two_at_once_have_one_each() -> None:
    other = []
    first = request(lambda: other.append(request()))
    assert first != other[0]
    assert {request(), request()} <= {first, other[0]}


def test_one_that_the_server_has_closed_is_not_used() -> None:
    connection.ensure_connection()  # this thread's own, to ask with
    others: list[int] = []
    first = request(lambda: others.append(request()))
    for process in (first, *others):
        sql(f"SELECT pg_terminate_backend({process}, 5000)")
    assert request(lambda: sql("SELECT 1")) not in {first, *others}
    assert len(base._waiting) == 1


def test_one_with_a_transaction_open_or_failed_is_closed() -> None:
    def leave_open() -> None:
        connection.set_autocommit(False)
        sql("CREATE TABLE left_behind (a int)")

    def fail() -> None:
        with suppress(DatabaseError), transaction.atomic():
            sql("SELECT 1 / 0")

    first = request(leave_open)
    assert request() != first
    assert sql("SELECT to_regclass('left_behind')") == [(None,)]
    second = request(fail)
    assert request(lambda: sql("SELECT 1")) == second


def test_no_more_than_some_wait() -> None:
    def nested(depth: int) -> None:
        request(lambda: nested(depth - 1) if depth else None)

    nested(base.MOST_WAITING + 2)
    assert len(base._waiting) == base.MOST_WAITING


def test_one_that_waited_too_long_is_closed(clock: list[float]) -> None:
    others: list[int] = []
    first = request(lambda: others.append(request()))
    clock[0] = base.SECONDS
    second = request()
    assert second not in {first, *others}
    clock[0] += base.SECONDS - 1
    assert request() == second
    assert len(base._waiting) == 1, "the other has gone, too"
