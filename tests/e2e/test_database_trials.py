"""The database locked, read-only, full or stopped, under load: no answer fails, and nothing is lost."""

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from backstamp.app.bench.servers.scratch_postgres import ScratchPostgres
from tests.daemons import require
from tests.e2e.disks import Disk, small_disk
from tests.e2e.hit_load import HitLoad, Outages
from tests.e2e.reckoning import reckon
from tests.e2e.server import Server, until

SOAK_TRIALS = 10
"""Of each of the five kinds."""
AWAY_SECONDS = 0.8

LOCKED = "database locked"
"""The only one that the worker need not notice: it waits."""

Trial = Callable[[Server], None]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = small_disk(tmp_path / "disk", 64)
    yield made
    made.remove()


@pytest.fixture
def postgres() -> Iterator[ScratchPostgres]:
    require("pg_ctl")
    server = ScratchPostgres({"fsync": "off"})
    server.execute("CREATE DATABASE backstamp")
    yield server
    server.remove()


def trials(server: Server, trial: Trial, times: int, what: str) -> None:
    """Let a thing happen so many times under load; no answer may fail, no hit be lost or counted twice."""
    seed = int(time.time())
    dice = random.Random(seed)
    with HitLoad(server, what) as load:
        for _ in range(times):
            time.sleep(dice.uniform(0.1, 0.5))
            before = len(load.acknowledged)
            trial(server)
            assert len(load.acknowledged) > before, "hits are answered meanwhile"
        time.sleep(0.2)
    assert load.unexcused(Outages()) == []
    assert what == LOCKED or told_failures(server), "the worker met it"
    reckon(server, load.acknowledged)
    print(f"\n{what}: {times} times; {len(load.acknowledged):,} hits acknowledged and recorded once")


def test_while_the_database_is_locked(backstamp: Callable[..., Server]) -> None:
    trials(backstamp(), locked, 1, LOCKED)


@pytest.mark.soak
def test_ten_times_locked(backstamp: Callable[..., Server]) -> None:
    trials(backstamp(), locked, SOAK_TRIALS, LOCKED)


def stay_away(server: Server) -> None:
    """Wait so long, and until the worker has met it, which it tells when it does and now and then."""
    time.sleep(AWAY_SECONDS)
    until("the worker met it", lambda: told_failures(server))


def told_failures(server: Server) -> int:
    return server.log.read_text().count("the database cannot be used")


def locked(server: Server) -> None:
    other = sqlite3.connect(server.data / "backstamp.db", isolation_level=None, timeout=20)
    other.execute("BEGIN EXCLUSIVE")
    time.sleep(AWAY_SECONDS)
    other.execute("ROLLBACK")
    other.close()


def on(disk: Disk) -> Callable[[Path], None]:
    """Put the database, and nothing else, on that disk."""

    def prepare(data: Path) -> None:
        (data / "backstamp.db").symlink_to(disk.place / "backstamp.db")

    return prepare


def test_while_the_disk_of_the_database_is_full(disk: Disk, backstamp: Callable[..., Server]) -> None:
    trials(backstamp(prepare=on(disk)), filled(disk), 1, "disk of the database full")


@pytest.mark.soak
def test_ten_times_full(disk: Disk, backstamp: Callable[..., Server]) -> None:
    trials(backstamp(prepare=on(disk)), filled(disk), SOAK_TRIALS, "disk of the database full")


def filled(disk: Disk) -> Trial:
    def trial(server: Server) -> None:
        with disk.full():
            stay_away(server)

    return trial


def test_while_the_disk_of_the_database_is_read_only(disk: Disk, backstamp: Callable[..., Server]) -> None:
    trials(backstamp(prepare=on(disk)), read_only(disk), 1, "disk of the database read-only")


@pytest.mark.soak
def test_ten_times_read_only(disk: Disk, backstamp: Callable[..., Server]) -> None:
    trials(backstamp(prepare=on(disk)), read_only(disk), SOAK_TRIALS, "disk of the database read-only")


def read_only(disk: Disk) -> Trial:
    def trial(server: Server) -> None:
        # A disk with files that are open for writing stays writable: those who hold them die first.
        def killed_and_read_only() -> bool:
            for pid in (*server.family()["worker"], *server.family()["console"]):
                with suppress(ProcessLookupError):  # it died with its parent, or of the kill before
                    os.kill(pid, signal.SIGKILL)
            return disk.try_read_only(True)

        until("the disk is read-only", killed_and_read_only)
        before = told_failures(server)
        try:
            until("the new worker met it", lambda: told_failures(server) > before)
        finally:
            assert disk.try_read_only(False)

    return trial


def on_postgres(postgres: ScratchPostgres, backstamp: Callable[..., Server]) -> Server:
    return backstamp(DATABASE_URL=postgres.url("backstamp"))


@pytest.mark.daemon
def test_while_postgresql_is_stopped(postgres: ScratchPostgres, backstamp: Callable[..., Server]) -> None:
    trials(on_postgres(postgres, backstamp), stopped(postgres), 1, "PostgreSQL stopped")


@pytest.mark.soak
@pytest.mark.daemon
def test_ten_times_stopped(postgres: ScratchPostgres, backstamp: Callable[..., Server]) -> None:
    trials(on_postgres(postgres, backstamp), stopped(postgres), SOAK_TRIALS, "PostgreSQL stopped")


def stopped(postgres: ScratchPostgres) -> Trial:
    def trial(server: Server) -> None:
        postgres.stop()
        try:
            stay_away(server)
        finally:
            postgres.start()

    return trial


@pytest.mark.daemon
def test_while_postgresql_takes_no_writes(
    postgres: ScratchPostgres, backstamp: Callable[..., Server]
) -> None:
    trials(on_postgres(postgres, backstamp), write_protected(postgres), 1, "PostgreSQL read-only")


@pytest.mark.soak
@pytest.mark.daemon
def test_ten_times_without_writes(postgres: ScratchPostgres, backstamp: Callable[..., Server]) -> None:
    trials(on_postgres(postgres, backstamp), write_protected(postgres), SOAK_TRIALS, "PostgreSQL read-only")


def write_protected(postgres: ScratchPostgres) -> Trial:
    def trial(server: Server) -> None:
        postgres.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        postgres.execute("SELECT pg_reload_conf()")
        try:
            stay_away(server)
        finally:
            postgres.execute("ALTER SYSTEM RESET default_transaction_read_only")
            postgres.execute("SELECT pg_reload_conf()")

    return trial


def test_where_the_journals_own_disk_is_full_each_lost_hit_is_counted(
    disk: Disk, backstamp: Callable[..., Server]
) -> None:
    def prepare(data: Path) -> None:
        (data / "journal").symlink_to(disk.place)

    server = backstamp(prepare=prepare)
    with HitLoad(server, "journal full") as load:
        time.sleep(0.3)
        with disk.full():
            time.sleep(AWAY_SECONDS)
        time.sleep(0.3)
    assert load.failures == []
    log = until("the end of the loss is told", lambda: told_loss(server))
    lost = sum(log)
    assert lost > 0
    reckon(server, load.acknowledged, lost=lost)


def told_loss(server: Server) -> list[int]:
    lines = server.log.read_text().split("hits are recorded again; ")[1:]
    return [int(line.split(" ", 1)[0]) for line in lines]
