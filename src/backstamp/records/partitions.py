"""Monthly partitions of the events, on PostgreSQL: made ahead by the worker, dropped by retention.

The newest month's indexes fit in memory however many months there are, and a month that is over its time
goes at once instead of row by row. An event whose month has no partition (a clock that is wrong) lies in
the default one. On SQLite nothing here does anything.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from django.db import connection, transaction

from backstamp.records.bulk import is_postgresql
from backstamp.records.day_counts import take_away_month

DEFAULT: Final = "records_event_rest"
MONTHS_AHEAD: Final = 2
_PREFIX: Final = "records_event_m"
_EXISTING: Final = (
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
    "WHERE i.inhparent = 'records_event'::regclass"
)


def make_ahead(now: datetime, oldest: datetime) -> int:
    """Make the partitions of the months from `oldest` to some months after `now`; return how many were made.

    What lies in the default partition and belongs into a new one is moved there.
    """
    if not is_postgresql():
        return 0
    wanted = range(_number(oldest), _number(now) + MONTHS_AHEAD + 1)
    missing = [month for month in wanted if _name(month) not in set(_existing())]
    for month in missing:
        _make(month)
    return len(missing)


def drop_before(limit: datetime) -> int:
    """Drop the partitions that hold only what is older than `limit`; return how many."""
    if not is_postgresql():
        return 0
    dropped = 0
    for name in sorted(_existing()):
        if name == DEFAULT or _month(name) >= _number(limit):
            continue
        start, end = _bounds(_month(name))
        with transaction.atomic(), connection.cursor() as cursor:
            take_away_month(start, end)
            cursor.execute(f'DROP TABLE "{name}"')
        dropped += 1
    return dropped


@transaction.atomic
def _make(month: int) -> None:
    name, (start, end) = _name(month), _bounds(month)
    with connection.cursor() as cursor:
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


def _existing() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(_EXISTING)
        yield from (row[0] for row in cursor.fetchall())


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
