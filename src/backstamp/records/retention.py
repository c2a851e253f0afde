"""Delete what is older than the installation keeps: messages with all that hangs on them, and stray hits.

Captured mails are the capture mailbox's business: it has a size, not an age.
"""

from datetime import datetime
from typing import Final

import msgspec
from django.db import transaction
from django.db.models import Exists, OuterRef

from backstamp.records.changes import note_changed
from backstamp.records.models import Event, Link, Message, Recipient

_SLICE: Final = 200
"""Messages that one transaction deletes, so that ingest never waits long for the database."""
_STRAY_SLICE: Final = 2000


class Deleted(msgspec.Struct, frozen=True):
    """How many messages went, and how many hits of messages that were not there."""

    messages: int
    strays: int


def delete_before(limit: datetime) -> Deleted:
    """Delete messages queued before `limit`, and hits from before it whose message is not there."""
    return Deleted(_delete_messages(limit), _delete_strays(limit))


def _delete_messages(limit: datetime) -> int:
    deleted = 0
    while True:
        with transaction.atomic():
            old = list(Message.objects.filter(queued_at__lt=limit).values_list("pk", flat=True)[:_SLICE])
            if not old:
                return deleted
            # One statement a table: Django's own cascade would fetch every row first.
            for model in (Event, Link, Recipient):
                rows = model._default_manager.filter(message_id__in=old)
                rows._raw_delete(rows.db)
            Message.objects.filter(pk__in=old).delete()
            note_changed([])
        deleted += len(old)


def _delete_strays(limit: datetime) -> int:
    deleted = 0
    theirs = Message.objects.filter(pk=OuterRef("message_id"))
    while True:
        strays = list(
            Event.objects.filter(~Exists(theirs), at__lt=limit).values_list("pk", flat=True)[:_STRAY_SLICE]
        )
        if not strays:
            return deleted
        deleted += Event.objects.filter(pk__in=strays).delete()[0]
