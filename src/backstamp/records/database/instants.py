"""Times: microseconds since 1970 UTC in the journal, aware datetimes in the database, exact both ways."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

from django.db import connection

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * _SECOND_US
DAY_US: Final = 86_400 * _SECOND_US
_CLOCK: Final = tuple(f" {minute // 60:02d}:{minute % 60:02d}:" for minute in range(24 * 60))
LATEST_US: Final = (datetime(9000, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
"""A later time, or one before 1970, is a broken clock's: kept at the bound, so that no record is lost."""


def within(at_us: int) -> int:
    """Return a time as the database can keep it."""
    if 0 <= at_us <= LATEST_US:
        return at_us
    return 0 if at_us < 0 else LATEST_US


def instant(at_us: int) -> datetime:
    """Return the moment that is so many microseconds after 1970-01-01 UTC."""
    return _EPOCH + within(at_us) * _MICROSECOND


def microseconds(at: datetime) -> int:
    """Return the microseconds from 1970-01-01 UTC to a moment."""
    return (at - _EPOCH) // _MICROSECOND


def stored(at_us: int) -> str:
    """Return a time in the form in which a statement gives it to this database.

    For SQLite that is what Django writes for moments in UTC; a text sorts as its moment does.
    """
    return written(within(at_us), zone())


def zone() -> str:
    """Return what this database wants behind a time."""
    return "" if connection.vendor == "sqlite" else "+00"


def written(at_us: int, behind: str) -> str:
    """Return a time that is `within` bounds as `stored` does; `behind` is the `zone`."""
    minute = at_us // MINUTE_US
    # 100 is put before the seconds so that they keep their zeros: formats took half as long again.
    second = str(at_us - minute * MINUTE_US + 100 * _SECOND_US)
    if (fraction := second[3:]) != "000000":
        return f"{_minute_text(minute)}{second[1:3]}.{fraction}{behind}"
    return f"{_minute_text(minute)}{second[1:3]}{behind}"


def read(value: Any) -> int:
    """Return a time as a row of a plain SELECT gives it: a text from SQLite, a datetime from PostgreSQL."""
    if isinstance(value, str):
        second = _minute_us(value[:16]) + int(value[17:19]) * _SECOND_US
        return second + int(value[20:26].ljust(6, "0")) if len(value) > 19 else second
    return microseconds(value if value.tzinfo is not None else value.replace(tzinfo=UTC))


def day_of(at_us: int) -> str:
    """Return the day (UTC) of a time, as 2026-03-02."""
    return _day_at((at_us if 0 <= at_us <= LATEST_US else within(at_us)) // DAY_US).text


def month_of(at_us: int) -> int:
    """Return the month (UTC) of a time, in months since the year 0."""
    return _day_at((at_us if 0 <= at_us <= LATEST_US else within(at_us)) // DAY_US).month


class _Day(NamedTuple):
    """A day as text, and its month in months since the year 0; both in UTC."""

    text: str
    month: int


@lru_cache(maxsize=1 << 12)
def _day_at(day: int) -> _Day:
    """Return what is to be known of a day since 1970."""
    at = _EPOCH + timedelta(days=day)
    return _Day(str(at.date()), at.year * 12 + at.month - 1)


@lru_cache(maxsize=1 << 14)
def _minute_text(minute: int) -> str:
    """Return a minute since 1970 as text, with the colon before its seconds."""
    day, minute = divmod(minute, 24 * 60)
    return f"{_day_at(day).text}{_CLOCK[minute]}"


@lru_cache(maxsize=1 << 16)
def _minute_us(text: str) -> int:
    return microseconds(datetime.fromisoformat(text).replace(tzinfo=UTC))
