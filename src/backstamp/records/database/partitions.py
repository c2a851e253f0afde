"""Monthly partitions of the events, on PostgreSQL: made ahead by the worker, dropped by retention.

The newest month's indexes fit in memory however many months there are, and a month that is over its time
goes at once instead of row by row. An event whose month has no partition (a clock that is wrong) lies in
the default one. On SQLite nothing here does anything.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from django.db import OperationalError, ProgrammingError, connection
from django.db.backends.utils import CursorWrapper

from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.database.vendor import is_postgresql

DEFAULT: Final = "records_event_rest"
MONTHS_AHEAD: Final = 2
_PREFIX: Final = "records_event_m"
_PATIENCE_MS: Final = 500
_LOCKED: Final = "55P03"
_FORBIDDEN: Final = "42501"
"""PostgreSQL's codes for a lock that was not to be had in time, and a right that is missing."""
_EXISTING: Final = (
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
    "WHERE i.inhparent = 'records_event'::regclass"
)


def make_ahead(now: datetime, oldest: datetime) -> int:
    """Make the partitions of the months from `oldest` to some months after `now`; return how many were made.

    What comes next goes first. What lies in the default partition and belongs into a new one is moved there.
    One that somebody is in the way of is left for the next time. Raises `django.db.Error`, also where the
    role may not make tables.
    """
    if not is_postgresql():
        return 0
    missing = _missing(_number(now), _number(now) + MONTHS_AHEAD)
    missing += _missing(_number(oldest), _number(now) - 1)
    made = 0
    for month in missing:
        try:
            _make(month)
        except OperationalError as error:
            if _state(error) != _LOCKED:
                raise
        else:
            made += 1
    return made


def missing_next(now: datetime) -> list[str]:
    """Return the names of the partitions of this month and the next that are not there.

    Raises `django.db.Error`.
    """
    return [_name(month) for month in _missing(_number(now), _number(now) + 1)] if is_postgresql() else []


def drop_before(limit: datetime, take_away: Callable[[str, str], None]) -> int:
    """Drop the partitions that hold only what is older than `limit`; return how many.

    `take_away` is told the moments from which and before which a partition's events are, just before it goes.
    One that somebody is in the way of, or that the role may not drop, stays: `retention` empties it by rows.
    """
    if not is_postgresql():
        return 0
    dropped = 0
    for name in sorted(_existing()):
        if name == DEFAULT or _month(name) >= _number(limit):
            continue
        start, end = _bounds(_month(name))
        try:
            with _with_patience() as cursor:
                take_away(start, end)
                cursor.execute(f'DROP TABLE "{name}"')
        except (OperationalError, ProgrammingError) as error:
            if _state(error) not in (_LOCKED, _FORBIDDEN):
                raise
        else:
            dropped += 1
    return dropped


@contextmanager
def _with_patience() -> Iterator[CursorWrapper]:
    """Begin a transaction that waits for no table for long.

    A backup (pg_dump) holds them all for as long as it runs, and behind one who waits for a table of its own
    everybody else waits too, who only reads it.
    """
    with one_at_a_time(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {_PATIENCE_MS}")
        yield cursor


def _make(month: int) -> None:
    name, (start, end) = _name(month), _bounds(month)
    with _with_patience() as cursor:
        cursor.execute(f'CREATE TABLE "{name}" (LIKE records_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)')
        # While rows lie in the default partition that belong here, PostgreSQL refuses to attach this one.
        cursor.execute(f"LOCK TABLE {DEFAULT} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(
            f'WITH moved AS (DELETE FROM {DEFAULT} WHERE "at" >= %s AND "at" < %s RETURNING *) '
            f'INSERT INTO "{name}" SELECT * FROM moved',
            [start, end],
        )
        cursor.execute(
            f"ALTER TABLE records_event ATTACH PARTITION \"{name}\" FOR VALUES FROM ('{start}') TO ('{end}')"
        )


def _missing(first: int, last: int) -> list[int]:
    existing = set(_existing())
    return [month for month in range(first, last + 1) if _name(month) not in existing]


def _existing() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(_EXISTING)
        yield from (row[0] for row in cursor.fetchall())


def _state(error: Exception) -> str:
    return str(getattr(error.__cause__, "sqlstate", ""))


def _number(at: datetime) -> int:
    utc = at.astimezone(UTC)
    return utc.year * 12 + utc.month - 1


def _name(month: int) -> str:
    return f"{_PREFIX}{month // 12:04d}_{month % 12 + 1:02d}"


def _month(name: str) -> int:
    year, month = name.removeprefix(_PREFIX).split("_")
    return int(year) * 12 + int(month) - 1


def _bounds(month: int) -> tuple[str, str]:
    return _first(month), _first(month + 1)


def _first(month: int) -> str:
    return f"{month // 12:04d}-{month % 12 + 1:02d}-01 00:00:00+00"
