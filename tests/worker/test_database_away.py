"""The database locked, read-only, full or stopped: the worker waits, says so once, and loses nothing."""

import asyncio
import json
import logging
import random
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.db import OperationalError, ProgrammingError, connection, connections

from backstamp.app.bench.servers.scratch_postgres import ScratchPostgres
from backstamp.journal import JournalWriter
from backstamp.journal.layout import SET_ASIDE
from backstamp.records.database.partitions import missing_next
from backstamp.records.ingest.journal_cursors import cursors
from backstamp.records.models import Event, HeaderSet, JournalCursor
from backstamp.worker import WorkerConfig
from backstamp.worker.ingest import loop as ingest_loop
from backstamp.worker.privacy import housekeeping
from tests.database import empty_postgresql, postgres_server
from tests.records.journal_records import SECOND, click, delivery, pixel, queued
from tests.worker.cutting_proxy import Moment, cutting_proxy
from tests.worker.running import eventually, looked_up, running

PATIENCE = 0.3
"""Seconds that a statement waits for a lock; 20 otherwise."""


@contextmanager
def settings(**changes: Any) -> Iterator[None]:
    """Make connections that are opened from now on with other settings."""
    before = dict(connection.settings_dict)
    connection.settings_dict.update(changes)
    try:
        yield
    finally:
        connection.settings_dict.update(before)


def hits() -> list[tuple[str, str, bool]]:
    return list(Event.objects.order_by("at").values_list("type", "actor", "counts"))


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


async def until_told(caplog: pytest.LogCaptureFixture, words: str) -> None:
    await eventually(lambda: any(words in line for line in warnings(caplog)), True)


def write(config: WorkerConfig) -> JournalWriter:
    writer = JournalWriter(config.journal_dir, role="edge")
    for record in (queued(), delivery(1), pixel(600), click(700)):
        writer.append(record)
    return writer


IN_THE_END = [
    ("queued", "unknown", True),
    ("sent", "unknown", True),
    ("opened", "human", True),
    ("clicked", "human", True),
]


async def test_while_another_locks_the_database_the_worker_waits(
    config: WorkerConfig, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with settings(OPTIONS={**connection.settings_dict["OPTIONS"], "timeout": PATIENCE}):
        other = sqlite3.connect(database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        writer = write(config)
        async with running(config):
            await until_told(caplog, "cannot be used")
            await asyncio.sleep(6 * PATIENCE)  # in which it would fail once more, and tell of it
            assert other.execute("SELECT COUNT(*) FROM records_event").fetchone() == (0,)
            other.execute("ROLLBACK")
            await eventually(hits, IN_THE_END)
    other.close()
    writer.close()
    told = [line for line in warnings(caplog) if "cannot be used" in line]
    assert len(told) == 1
    assert "database is locked" in told[0]


async def test_while_the_database_cannot_be_written_the_worker_waits(
    config: WorkerConfig, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    options = connection.settings_dict["OPTIONS"]
    writer = write(config)
    read_only = settings(NAME=f"file:{database}?mode=ro", OPTIONS={**options, "uri": True})
    with read_only:
        async with running(config):
            await until_told(caplog, "cannot be used")
            await asyncio.sleep(0.5)
            assert await looked_up(Event.objects.count) == 0
            connection.settings_dict.update(NAME=str(database), OPTIONS=options)
            await eventually(hits, IN_THE_END)
    writer.close()
    told = [line for line in warnings(caplog) if "cannot be used" in line]
    assert len(told) == 1
    assert "readonly database" in told[0]


async def test_while_the_disk_is_full_the_worker_waits(
    config: WorkerConfig, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    options = connection.settings_dict["OPTIONS"]
    with sqlite3.connect(database) as beside:
        pages = beside.execute("PRAGMA page_count").fetchone()[0]
    beside.close()
    full = f"{options['init_command']} PRAGMA max_page_count={pages};"
    writer = JournalWriter(config.journal_dir, role="edge")
    for number in range(1, 200):
        writer.append(queued(message=number))
    with settings(OPTIONS={**options, "init_command": full}):
        async with running(config):
            await until_told(caplog, "cannot be used")
            await asyncio.sleep(0.5)
            connection.settings_dict["OPTIONS"] = options
            await eventually(Event.objects.count, 199)
    writer.close()
    told = [line for line in warnings(caplog) if "cannot be used" in line]
    assert len(told) == 1
    assert "full" in told[0]


async def test_while_the_database_is_of_a_newer_version_the_worker_waits(
    config: WorkerConfig, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It would set aside what the newer one's columns refuse."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('records', '9000', '2030')")
        await looked_up(connections.close_all)
        writer = write(config)
        async with running(config):
            await until_told(caplog, "newer version")
            await asyncio.sleep(0.5)
            assert other.execute("SELECT COUNT(*) FROM records_event").fetchone() == (0,)
            other.execute("DELETE FROM django_migrations WHERE name = '9000'")
            await eventually(hits, IN_THE_END)
    writer.close()
    assert warnings(caplog) == [
        "the database cannot be used, and the worker waits: it is of a newer version of Backstamp "
        "(it has 9000); install that one again, or restore the backup of before the upgrade"
    ]


@pytest.fixture
def server() -> Iterator[ScratchPostgres]:
    with empty_postgresql():
        yield postgres_server()


async def test_after_a_failover_to_an_older_copy_what_the_journal_still_has_is_ingested_again(
    config: WorkerConfig, database: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writer = JournalWriter(config.journal_dir, role="edge")
    writer.append(queued())
    with (
        closing(sqlite3.connect(database, check_same_thread=False)) as live,
        closing(sqlite3.connect(tmp_path / "older", check_same_thread=False)) as older,
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setattr(ingest_loop, "RETIRE_SECONDS", 0.2)
        async with running(config):
            await eventually(Event.objects.count, 1)
            await asyncio.to_thread(live.backup, older)
            for record in (delivery(1), pixel(600)):
                writer.append(record)
            await eventually(hits, IN_THE_END[:3])
            await asyncio.to_thread(older.backup, live)
            await eventually(hits, IN_THE_END[:3])
            writer.append(click(700))
            await eventually(hits, IN_THE_END)
    writer.close()
    told = [line for line in warnings(caplog) if "older copy" in line]
    assert len(told) == 1


async def test_a_worker_that_is_started_with_the_same_database_says_nothing(
    config: WorkerConfig, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_loop, "RETIRE_SECONDS", 0.05)
    with closing(JournalWriter(config.journal_dir, role="edge")) as writer:
        writer.append(queued())
    async with running(config):
        await eventually(lambda: JournalCursor.objects.filter(gone_at__isnull=False).count(), 1)
        assert list(_noted(config)) == [writer.producer]
        await looked_up(JournalCursor.objects.all().delete)  # as `forget_producers` does
        await eventually(lambda: _noted(config), {})
    with closing(JournalWriter(config.journal_dir, role="edge")) as writer:
        writer.append(delivery(1))
    async with running(config):
        await eventually(Event.objects.count, 2)
    assert warnings(caplog) == []


def _noted(config: WorkerConfig) -> dict[str, int]:
    try:
        found: dict[str, int] = json.loads((config.journal_dir / "ingested").read_bytes())
    except FileNotFoundError:
        return {}
    return found


class Copied:
    """A copy of the database, taken at one time and put in its place at another."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def take(self) -> None:
        name = connection.settings_dict["NAME"]
        with closing(sqlite3.connect(name)) as live, closing(sqlite3.connect(self._path)) as copy:
            live.backup(copy)

    def put(self) -> None:
        connections.close_all()
        connection.settings_dict["NAME"] = str(self._path)


class CopiedOnServer(Copied):
    """The same on PostgreSQL."""

    def take(self) -> None:
        name, server = connection.settings_dict["NAME"], postgres_server()
        server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        server.execute(f"CREATE DATABASE {self._path.name} TEMPLATE {name}")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.daemon)])
def copied(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Copied]:
    if request.param == "sqlite":
        with settings():
            yield Copied(tmp_path / "older")
        return
    with empty_postgresql():
        with settings():
            yield CopiedOnServer(Path("older"))
            connections.close_all()
        postgres_server().execute("DROP DATABASE older WITH (FORCE)")


async def test_a_worker_that_is_started_with_an_older_copy_says_what_is_lost_and_ingests_what_is_there(
    config: WorkerConfig, copied: Copied, caplog: pytest.LogCaptureFixture
) -> None:
    """A backup that was restored, or another `database.url`, which leads to a standby that was promoted."""
    gone = JournalWriter(config.journal_dir, role="gateway")
    living = JournalWriter(config.journal_dir, role="edge")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ingest_loop, "RETIRE_SECONDS", 0.05)
        living.append(queued())
        async with running(config):
            await eventually(Event.objects.count, 1)
        await looked_up(copied.take)
        async with running(config):
            gone.append(delivery(1))
            gone.close()
            living.append(pixel(600))
            await eventually(hits, IN_THE_END[:3])
            await eventually(lambda: JournalCursor.objects.filter(gone_at__isnull=False).count(), 1)
        lost = sum(at for name, at in (await looked_up(cursors)).items() if name == gone.producer)
        again = (await looked_up(cursors))[living.producer]
        await looked_up(copied.put)
        again -= (await looked_up(cursors))[living.producer]
        async with running(config):
            await eventually(hits, [IN_THE_END[0], IN_THE_END[2]])
            await eventually(lambda: list(_noted(config)), [living.producer])
        living.append(click(700))
        async with running(config):  # which says nothing more
            await eventually(hits, [IN_THE_END[0], *IN_THE_END[2:]])
    living.close()
    assert lost > 0
    assert warnings(caplog) == [
        f"the database is an older copy: {lost + again} bytes of the journal that were committed are not in "
        f"it; {lost} of them are not in the journal any more, and the rest is ingested again"
    ]


async def test_after_a_server_that_was_away_an_older_copy_answers_of_which_nothing_was_known(
    config: WorkerConfig, database: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever asks next meets that it was away; what ingest remembers may be no rows of this one."""
    away = threading.Event()

    def asked() -> dict[str, int]:
        if away.is_set():
            raise OperationalError("the server is away")
        return cursors()

    writer = JournalWriter(config.journal_dir, role="edge")
    writer.append(queued())
    with (
        closing(sqlite3.connect(database, check_same_thread=False)) as live,
        closing(sqlite3.connect(tmp_path / "older", check_same_thread=False)) as older,
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setattr(ingest_loop, "RETIRE_SECONDS", 0.2)
        patched.setattr(ingest_loop, "cursors", asked)
        async with running(config):
            await eventually(Event.objects.count, 1)
            await asyncio.to_thread(live.backup, older)
            for record in (delivery(1), pixel(600)):
                writer.append(record)
            await eventually(hits, IN_THE_END[:3])
            away.set()
            await until_told(caplog, "cannot be used")
            await asyncio.to_thread(older.backup, live)
            away.clear()
            await eventually(hits, IN_THE_END[:3])
            headers = await looked_up(lambda: set(HeaderSet.objects.values_list("pk", flat=True)))
            used = await looked_up(
                lambda: set(Event.objects.filter(headers_id__gt=0).values_list("headers_id", flat=True))
            )
    writer.close()
    assert used <= headers
    assert used
    assert len([line for line in warnings(caplog) if "older copy" in line]) == 1


async def test_a_database_that_forgot_journals_long_gone_is_no_older_copy(
    config: WorkerConfig, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_loop, "RETIRE_SECONDS", 0.05)
    away = threading.Event()

    def asked() -> dict[str, int]:
        if away.is_set():
            raise OperationalError("the server is away")
        return cursors()

    monkeypatch.setattr(ingest_loop, "cursors", asked)
    with closing(JournalWriter(config.journal_dir, role="edge")) as writer:
        writer.append(queued())
    async with running(config):
        await eventually(lambda: JournalCursor.objects.filter(gone_at__isnull=False).count(), 1)
        await looked_up(JournalCursor.objects.all().delete)
        await eventually(lambda: _noted(config), {})
        away.set()
        await until_told(caplog, "cannot be used")
        away.clear()
        with closing(JournalWriter(config.journal_dir, role="edge")) as writer:
            writer.append(delivery(1))
        await eventually(Event.objects.count, 2)
    assert [line for line in warnings(caplog) if "older copy" in line] == []


async def test_a_worker_ends_where_another_file_takes_the_place_of_the_database(
    config: WorkerConfig, database: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(database)) as live, closing(sqlite3.connect(tmp_path / "backup")) as backup:
        live.backup(backup)
    writer = JournalWriter(config.journal_dir, role="edge")
    writer.append(queued())
    later = tmp_path / "later"
    for record in (delivery(1), pixel(600)):
        with closing(JournalWriter(later, role="edge")) as another:
            another.append(record)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ingest_loop, "RETIRE_SECONDS", 0.0)
        patched.setattr("backstamp.journal.reader.is_alive", lambda *_: False)  # it would be deleted at once
        async with running(config) as stop:
            await eventually(lambda: list(config.journal_dir.glob("*/*.seg")), [])
            (tmp_path / "backup").replace(database)
            # At once with their segments: a folder without any would be taken away from its writer.
            for each in later.iterdir():
                each.rename(config.journal_dir / each.name)
            async with asyncio.timeout(60):
                await stop.wait()
    assert len(list(config.journal_dir.glob("*/*.seg"))) == 2, "nothing that came later was deleted"
    told = [line for line in warnings(caplog) if "another file was put" in line]
    assert len(told) == 1


async def test_while_the_file_of_the_database_is_gone_the_worker_waits(
    config: WorkerConfig, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writer = JournalWriter(config.journal_dir, role="edge")
    writer.append(queued())
    async with running(config):
        await eventually(Event.objects.count, 1)
        away = database.with_name("away")
        database.rename(away)
        await asyncio.sleep(0.3)
        for record in (delivery(1), pixel(600), click(700)):
            writer.append(record)
        await until_told(caplog, "is gone: put it back")
        await asyncio.sleep(0.5)
        with pytest.raises(OperationalError):
            await looked_up(Event.objects.count)  # by a new connection, as housekeeping may have one
        assert not database.exists(), "nobody puts an empty file in its place"
        away.rename(database)
        await eventually(hits, IN_THE_END)
    writer.close()
    told = [line for line in warnings(caplog) if "is gone: put it back" in line]
    assert len(told) == 1


@pytest.mark.daemon
async def test_while_postgresql_is_stopped_the_worker_waits(
    config: WorkerConfig, server: ScratchPostgres, caplog: pytest.LogCaptureFixture
) -> None:
    writer = JournalWriter(config.journal_dir, role="edge")
    writer.append(queued())
    async with running(config):
        await eventually(Event.objects.count, 1)
        server.stop()
        try:
            for record in (delivery(1), pixel(600), click(700)):
                writer.append(record)
            await until_told(caplog, "cannot be used")
            await asyncio.sleep(1)
        finally:
            server.start()
        await eventually(hits, IN_THE_END)
    writer.close()
    assert len([line for line in warnings(caplog) if "cannot be used" in line]) == 1


@pytest.mark.daemon
@pytest.mark.parametrize("moment", Moment)
async def test_a_connection_with_postgresql_that_is_cut_loses_nothing_and_doubles_nothing(
    config: WorkerConfig, server: ScratchPostgres, moment: Moment
) -> None:
    """Whether a COMMIT was done whose answer never came, the cursor in the same transaction says."""
    writer = JournalWriter(config.journal_dir, role="edge")
    writer.append(queued())
    for number in range(2000):
        writer.append(pixel(600 + number, source=b"%08d" % number))
    with (
        cutting_proxy(f"{server.folder}/.s.PGSQL.5432", moment, 4) as proxy,
        settings(HOST="127.0.0.1", PORT=str(proxy.port)),
    ):
        async with running(config):
            # It waits 3 s between the tries alone.
            await eventually(
                lambda: (proxy.left, Event.objects.filter(type="opened").count()), (0, 2000), seconds=120
            )
    writer.close()
    places = await looked_up(lambda: list(Event.objects.values_list("producer", "position")))
    assert len(places) == len(set(places)) == 2001


@pytest.mark.daemon
@pytest.mark.usefixtures("server")
async def test_the_months_of_postgresql_are_made_whatever_fails_beside_them(
    config: WorkerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise ProgrammingError("permission denied for table records_message")

    monkeypatch.setattr(housekeeping, "delete_before", fail)
    async with running(msgspec.structs.replace(config, retention_days=1)):
        await eventually(lambda: missing_next(datetime.now(UTC)), [])


@pytest.mark.daemon
@pytest.mark.usefixtures("server")
async def test_a_record_that_postgresql_refuses_among_many_stops_no_other(config: WorkerConfig) -> None:
    """Many rows go by COPY, whose errors are the driver's own."""
    writer = JournalWriter(config.journal_dir, role="edge")
    writer.append(queued())
    for number in range(20):
        writer.append(msgspec.structs.replace(pixel(600 + number), network="x" * (65 if number == 7 else 4)))
    async with running(config):
        await eventually(lambda: Event.objects.filter(type="opened").count(), 19)
    writer.close()
    assert len(list((config.journal_dir / SET_ASIDE).iterdir())) == 1


@pytest.mark.daemon
@pytest.mark.usefixtures("server")
async def test_a_record_too_large_for_an_index_of_postgresql_stops_no_other(
    config: WorkerConfig, caplog: pytest.LogCaptureFixture
) -> None:
    def index() -> None:
        with connection.cursor() as cursor:
            cursor.execute("CREATE INDEX own ON records_message (subject)")

    await looked_up(index)
    some = random.Random(1)
    letters = "".join(chr(some.randrange(0x20000, 0x2A6D0)) for _ in range(900))
    writer = JournalWriter(config.journal_dir, role="gateway")
    writer.append(msgspec.structs.replace(queued(), subject=letters))
    writer.append(queued(message=SECOND))
    async with running(config):
        await eventually(lambda: list(Event.objects.values_list("type", flat=True)), ["queued"])
    writer.close()
    assert len(list((config.journal_dir / SET_ASIDE).iterdir())) == 1
    assert "it is set aside" in warnings(caplog)[-1]
