"""Delete what is older than the installation keeps: messages with all that hangs on them, and stray hits.

Captured mails are the capture mailbox's business: it has a size, not an age.
"""

from datetime import datetime
from typing import Final

import msgspec
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from backstamp.records import alerts
from backstamp.records.bulk import execute_many
from backstamp.records.changes import note_changed
from backstamp.records.day_counts import take_away_events, take_away_messages
from backstamp.records.instants import microseconds, month_of
from backstamp.records.models import Event, HeaderSet, ListWish, Message, ReaderReportRow
from backstamp.records.partitions import drop_before

_SLICE: Final = 200
_EVENT_SLICE: Final = 5000
"""Messages and events that one transaction deletes, so that ingest never waits long for the database."""
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
    """How many messages went, and how many hits of messages that were not there."""

    messages: int
    strays: int


def delete_before(limit: datetime) -> Deleted:
    """Delete messages queued before `limit`, and hits from before it whose message is not there.

    Alerts go by the time of what happened last, readers' reports and wishes by theirs: what older wishes came
    to stands on the suppression list, and no wish from before them arrives so late.
    """
    drop_before(limit)
    deleted = Deleted(_delete_messages(limit), _delete_strays(limit))
    alerts.delete_before(limit)
    ReaderReportRow.objects.filter(at__lt=limit).delete()
    ListWish.objects.filter(at__lt=limit).delete()
    # Sets of header fields are those of one month's hits.
    HeaderSet.objects.filter(month__lt=month_of(microseconds(limit))).delete()
    return deleted


def _delete_messages(limit: datetime) -> int:
    deleted = 0
    while True:
        old = list(Message.objects.filter(queued_at__lt=limit).values_list("pk", flat=True)[:_SLICE])
        if not old:
            return deleted
        _delete_slices(Event.objects.filter(message_id__in=old).order_by())
        with transaction.atomic():
            take_away_messages(old)
            # One statement a table: Django's own cascade would fetch every message, manifest and all.
            for statement in _DELETE:
                execute_many(statement, ((pk,) for pk in old))
            note_changed([])
        deleted += len(old)


def _delete_strays(limit: datetime) -> int:
    theirs = Message.objects.filter(pk=OuterRef("message_id"))
    return _delete_slices(Event.objects.filter(~Exists(theirs), at__lt=limit))


def _delete_slices(events: QuerySet[Event]) -> int:
    deleted = 0
    while pks := list(events.values_list("pk", flat=True)[:_EVENT_SLICE]):
        with transaction.atomic():
            take_away_events(pks)
            deleted += Event.objects.filter(pk__in=pks).delete()[0]
    return deleted
