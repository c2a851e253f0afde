"""A database that is refused as read-only though it can be written: the worker ends, to be started again."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from backstamp.worker.ingest.database_file import DatabaseFile
from backstamp.worker.ingest.loop import STUCK_AFTER, IngestLoop


class Refusing:
    """A database that refuses whatever is asked of it."""

    def __init__(self, code: int) -> None:
        self._code = code

    async def run(self, call: Callable[..., Any], *args: Any) -> Any:
        reason = sqlite3.OperationalError("attempt to write a readonly database")
        reason.sqlite_errorcode = self._code
        raise OperationalError(str(reason)) from reason


def ended_after(tries: int, code: int, directory: Path) -> bool:
    """Whether the worker ends after so many failures."""

    async def fail() -> bool:
        stop = asyncio.Event()
        loop = IngestLoop(directory, Refusing(code))  # type: ignore[arg-type]  # it runs nothing
        for _ in range(tries):
            with pytest.raises(OperationalError):
                await loop.run(stop)
        return stop.is_set()

    return asyncio.run(fail())


@pytest.mark.parametrize(
    ("tries", "code", "writable", "ends"),
    [
        (STUCK_AFTER - 1, sqlite3.SQLITE_READONLY, True, False),
        (STUCK_AFTER, sqlite3.SQLITE_READONLY, True, True),
        (STUCK_AFTER, sqlite3.SQLITE_READONLY, False, False),
        (STUCK_AFTER, sqlite3.SQLITE_FULL, True, False),
    ],
)
def test_the_worker_ends_where_a_file_that_can_be_written_is_refused_again_and_again(
    tries: int, code: int, writable: bool, ends: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DatabaseFile, "is_writable", writable)
    assert ended_after(tries, code, tmp_path) is ends
