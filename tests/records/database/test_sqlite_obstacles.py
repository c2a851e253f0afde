"""SQLite's "unable to open database file" says what is in the way."""

import os
import re
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, OperationalError, connection

from backstamp.records.database.sqlite.obstacles import explain


@pytest.fixture
def vendor() -> str:
    return "sqlite"


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What the system says of the disk on which the database lies."""
    disk = SimpleNamespace(f_flag=0, f_bavail=1)
    monkeypatch.setattr(os, "statvfs", lambda _: disk)
    return disk


def failed(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error


def told(path: Path, code: int) -> str:
    error = failed(code)
    explain(error, path)
    return str(error)


def test_a_disk_that_is_read_only_or_full_is_named(database: Path, disk: SimpleNamespace) -> None:
    disk.f_bavail, named = 0, f"disk I/O error: the disk of {database.parent}"
    assert told(database, sqlite3.SQLITE_IOERR_SHMSIZE) == f"{named} is full"
    disk.f_flag = os.ST_RDONLY
    assert told(database, sqlite3.SQLITE_CANTOPEN) == f"{named} is mounted read-only"


def test_of_a_link_the_disk_of_what_it_leads_to_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted, link = tmp_path / "mounted", tmp_path / "linked.db"
    mounted.mkdir()
    (mounted / "real.db").touch()
    link.symlink_to(mounted / "real.db")
    flags = {mounted: os.ST_RDONLY, mounted / "real.db": os.ST_RDONLY}
    monkeypatch.setattr(os, "statvfs", lambda at: SimpleNamespace(f_flag=flags.get(Path(at), 0), f_bavail=1))
    monkeypatch.setattr(os, "access", lambda at, _: Path(at) not in flags)
    assert told(link, sqlite3.SQLITE_READONLY) == (
        f"disk I/O error: the disk of {mounted} is mounted read-only"
    )
    link.unlink()
    link.symlink_to(link)
    assert told(link, sqlite3.SQLITE_CANTOPEN) == "disk I/O error", "it leads nowhere"
    link.unlink()
    link.symlink_to(mounted / "real.db")
    del flags[mounted]  # a single file can be mounted, too
    assert told(link, sqlite3.SQLITE_READONLY) == (
        f"disk I/O error: the disk of {mounted / 'real.db'} is mounted read-only"
    )


@pytest.mark.usefixtures("disk")
def test_a_file_that_is_another_users_or_closed_to_its_own_is_named_with_what_to_do(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Path(f"{database}-wal")
    log.touch()
    monkeypatch.setattr(os, "access", lambda path, _: path != log)
    owner = log.owner()
    assert told(database, sqlite3.SQLITE_READONLY) == (
        f"disk I/O error: {owner} may not read and write {log}; run: chmod u+rwX {log}"
    )
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000_000)
    assert told(database, sqlite3.SQLITE_CANTOPEN) == (
        f"disk I/O error: {log} belongs to {owner}; run: chown 4000000000 {log}"
    )


@pytest.mark.usefixtures("disk")
def test_a_file_system_without_shared_memory_is_named_and_any_other_fault_is_left_as_it_is(
    database: Path,
) -> None:
    assert "shares no memory" in told(database, sqlite3.SQLITE_IOERR_SHMMAP)
    for code in (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CORRUPT):
        assert told(database, code) == "disk I/O error"


def test_who_connects_and_who_writes_hears_of_it(database: Path, disk: SimpleNamespace) -> None:
    disk.f_flag, why = os.ST_RDONLY, re.escape(f"the disk of {database.parent} is mounted read-only")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")
        with pytest.raises(OperationalError, match=f"readonly database: {why}"):
            cursor.execute("DELETE FROM records_message")
    connection.close()
    database.unlink()
    with pytest.raises(OperationalError, match=f"unable to open database file: {why}"):
        connection.ensure_connection()


def is_open(file: Path) -> bool:
    """Whether this process has the file open."""
    return str(file.resolve()) in {os.path.realpath(each) for each in Path("/proc/self/fd").iterdir()}


def test_a_connection_whose_first_statements_fail_is_closed_though_the_error_is_kept(database: Path) -> None:
    """SQLite remembers for all of a process what the first one found, until the last one is closed."""
    connection.close()
    database.write_bytes(b"no database" * 1000)
    with pytest.raises(DatabaseError, match="not a database") as kept:
        connection.ensure_connection()
    assert not is_open(database), kept


def test_a_connection_is_closed_though_the_error_of_a_statement_is_kept(database: Path) -> None:
    cursor = connection.cursor()
    with pytest.raises(OperationalError, match="integer overflow"):
        cursor.execute("SELECT abs(-9223372036854775807 - 1)")
    assert is_open(database)
    connection.close()
    assert not is_open(database), cursor
