"""Who waits for SQLite's file asks again soon, and no statement is done twice."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection

from backstamp.records.database import taking_turns
from backstamp.records.database.sqlite import base
from backstamp.records.database.taking_turns import be_patient, one_at_a_time
from backstamp.records.models import SenderPolicy


@pytest.fixture
def vendor() -> str:
    return "sqlite"


@pytest.fixture
def other(database: Path) -> Iterator[sqlite3.Connection]:
    """Another process's connection, in the middle of a transaction."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def at_look(number: int, act: Callable[[], object]) -> Callable[[], float]:
    """Return a clock that stands still, and does something when it is looked at for the nth time."""
    looks = 0

    def clock() -> float:
        nonlocal looks
        looks += 1
        if looks == number:
            act()
        return 0.0

    return clock


def addresses() -> list[str]:
    return list(SenderPolicy.objects.order_by("address").values_list("address", flat=True))


def test_a_statement_is_asked_anew_until_the_file_is_free_and_done_once(
    other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "monotonic", at_look(3, lambda: other.execute("COMMIT")))
    SenderPolicy.objects.create(address="a@x")
    assert addresses() == ["a@x"]


def test_who_waited_long_enough_is_told(other: sqlite3.Connection) -> None:
    connection.ensure_connection()
    connection.patience = 0.0  # type: ignore[attr-defined]
    with pytest.raises(OperationalError, match="database is locked"):
        SenderPolicy.objects.create(address="a@x")


def test_connections_wait_as_long_as_the_settings_say_and_some_commands_longer() -> None:
    connection.ensure_connection()
    assert connection.patience == connection.settings_dict["OPTIONS"]["timeout"]  # type: ignore[attr-defined]
    be_patient()
    with connection.cursor() as cursor:
        assert cursor.cursor.patience == 600.0


def test_many_rows_in_no_transaction_wait_too_and_are_there_once(other: sqlite3.Connection) -> None:
    waits: list[Any] = []
    connection.ensure_connection()

    def heard(statement: str) -> None:
        waits.append(statement)
        if statement == "PRAGMA busy_timeout = 20000":
            other.execute("COMMIT")

    connection.connection.set_trace_callback(heard)
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO records_senderpolicy (address, opens, links) VALUES (%s, NULL, NULL)",
            [("a@x",), ("b@x",)],
        )
    assert addresses() == ["a@x", "b@x"]
    assert [each for each in waits if "busy" in each] == [
        "PRAGMA busy_timeout = 20000",
        "PRAGMA busy_timeout = 20",
    ]


def test_who_had_the_file_leaves_it_to_others_before_the_next_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    with one_at_a_time():
        pass
    pauses: list[float] = []
    monkeypatch.setattr(taking_turns, "_GAP_SECONDS", 0.025)
    monkeypatch.setattr(taking_turns, "sleep", pauses.append)
    monkeypatch.setattr(taking_turns, "monotonic", lambda: 100.0)
    monkeypatch.setattr(taking_turns._last, "ended", 99.0)
    for _ in range(3):
        with one_at_a_time(), one_at_a_time():
            pass
    assert pauses == [0.0, pytest.approx(0.025), pytest.approx(0.025)]
