"""Times: microseconds since 1970 UTC in the journal, aware datetimes in the database, exact both ways."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
LATEST_US: Final = (datetime(9000, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
"""A later time, or one before 1970, is a broken clock's: kept at the bound, so that no record is lost."""


def instant(at_us: int) -> datetime:
    """Return the moment that is so many microseconds after 1970-01-01 UTC."""
    return _EPOCH + min(max(at_us, 0), LATEST_US) * _MICROSECOND


def microseconds(at: datetime) -> int:
    """Return the microseconds from 1970-01-01 UTC to a moment."""
    return (at - _EPOCH) // _MICROSECOND
