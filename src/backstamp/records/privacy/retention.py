"""Delete what is older than the installation keeps: messages with all that hangs on them, and strays: what
is told of messages that are not there, hits and reports.

Captured mails are the capture mailbox's business: it has a size, not an age.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from backstamp.records.alerting import alerts
from backstamp.records.database.bulk import execute_many
from backstamp.records.database.instants import microseconds, month_of
from backstamp.records.database.partitions import drop_before
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.database.tracking_ids import numbered_before
from backstamp.records.database.vendor import is_postgresql
from backstamp.records.models import ErasedCopy, Event, HeaderSet, ListWish, Message, ReaderReportRow
from backstamp.records.rollups.changes import note_changed
from backstamp.records.rollups.day_counts import take_away_events, take_away_messages, take_away_month

_SLICE: Final = 200
_EVENT_SLICE: Final = 5000
"""Messages and events that one transaction deletes, so that ingest never waits long for the database."""
_WAIT_MS: Final = 500
"""Writers wait so long at most while readers keep SQLite's log from being cut."""
_AHEAD: Final = timedelta(days=1)
"""A clock may be fast, or set back."""
_DELETE: Final = (
    "DELETE FROM records_event WHERE message_id = %s",  # what came since the slices
    "DELETE FROM records_linkexpression WHERE message_id = %s",
    "DELETE FROM records_linkfinding WHERE message_id = %s",
    "DELETE FROM records_alertperson WHERE message_id = %s",
    "DELETE FROM records_clickedhostperson WHERE message_id = %s",
    "DELETE FROM records_link WHERE message_id = %s",
    "DELETE FROM records_recipient WHERE message_id = %s",
    "DELETE FROM records_messagerollup WHERE message_id = %s",
    "DELETE FROM records_messagetext WHERE message_id = %s",
    "DELETE FROM records_message WHERE tracking_id = %s",
)


class Deleted(msgspec.Struct, frozen=True):
    """How many messages went, and how many events of messages that were not there."""

    messages: int
    strays: int


def delete_before(limit: datetime) -> Deleted:
    """Delete messages queued before `limit`, and what is told of those that are gone, however late it came.

    Alerts go by the time of what happened last, readers' reports and wishes by theirs: what older wishes came
    to stands on the suppression list, and no wish from before them arrives so late.
    """
    drop_before(limit, take_away_month)
    deleted = Deleted(_delete_messages(limit), _delete_strays(limit))
    alerts.delete_before(limit)
    ReaderReportRow.objects.filter(at__lt=limit).delete()
    ListWish.objects.filter(at__lt=limit).delete()
    ErasedCopy.objects.filter(erased_at__lt=limit).delete()
    # Sets of header fields are those of one month's hits.
    HeaderSet.objects.filter(month__lt=month_of(microseconds(limit))).delete()
    return deleted


def write_back() -> None:
    """See that nothing deleted can be read in SQLite's files any more. PostgreSQL sees to its own.

    The log is written back every 64 MiB by itself; until then a quiet installation keeps rows that were
    deleted weeks ago, and its log those of before. Who is in the way of it is waited for a moment, as are we.
    """
    if is_postgresql():
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        (usual,) = cursor.fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {_WAIT_MS}")
        try:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {usual}")


def _delete_messages(limit: datetime) -> int:
    deleted = 0
    while True:
        old = list(Message.objects.filter(queued_at__lt=limit).values_list("pk", flat=True)[:_SLICE])
        if not old:
            return deleted
        _delete_slices(Event.objects.filter(message_id__in=old).order_by())
        delete_messages(old)
        deleted += len(old)


@one_at_a_time()
def delete_messages(keys: Sequence[int]) -> None:
    """Delete messages with all that hangs on them."""
    take_away_messages(keys)
    # One statement a table: Django's own cascade would fetch every message, manifest and all.
    for statement in _DELETE:
        execute_many(statement, ((pk,) for pk in keys))
    note_changed([])


def _delete_strays(limit: datetime) -> int:
    """Delete events whose message is not there, and would be deleted if it were.

    The number of a message says of which hour it is, so what comes years later (a bounce names its recipient)
    is not kept anew. Numbers from before their order of time say any hour: of those of a coming one the
    event's own time decides.
    """
    strays = Event.objects.filter(~Exists(Message.objects.filter(pk=OuterRef("message_id")))).order_by()
    coming = ~numbered_before(datetime.now(UTC) + _AHEAD)
    return _delete_slices(strays.filter(numbered_before(limit))) + _delete_slices(
        strays.filter(coming, at__lt=limit)
    )


def _delete_slices(events: QuerySet[Event]) -> int:
    deleted = 0
    while found := delete_slice(events):
        deleted += found
    return deleted


@one_at_a_time()
def delete_slice(events: QuerySet[Event]) -> int:
    """Delete the first of these events, and what they count for; return how many."""
    pks = list(events.values_list("pk", flat=True)[:_EVENT_SLICE])
    if not pks:
        return 0
    take_away_events(pks)
    return Event.objects.filter(pk__in=pks).delete()[0]
