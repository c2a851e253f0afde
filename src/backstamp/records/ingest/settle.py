"""What time alone changes: verdicts become final, and the pseudonyms of addresses are erased.

A verdict is made again whenever a sibling arrives (`ingest`), so when the settle time is over it is
already right, and has only to be marked.
"""

from datetime import datetime, timedelta
from typing import Final

from backstamp.records.database.instants import microseconds
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.events.stored_hits import minute_of
from backstamp.records.ingest.hits import SETTLE_TIME
from backstamp.records.models import Event
from backstamp.records.rollups.changes import note_changed

WINDOW: Final = timedelta(hours=24)
"""A hit is judged again when a sibling arrives within this time."""
LATEST_ERASURE: Final = timedelta(hours=48)
"""Pseudonyms are erased by then even while the journal is not read to its end: the keys are destroyed too."""
_SLICE: Final = 2000
"""Rows that one transaction changes, so that ingest never waits long for the database."""


def mark_final(now: datetime) -> int:
    """Mark verdicts final whose settle time is over, and return how many."""
    marked = 0
    while True:
        with one_at_a_time():
            due = list(
                Event.objects.filter(final=False, at__lte=now - SETTLE_TIME)
                .order_by("at")
                .values_list("pk", "message_id")[:_SLICE]
            )
            if not due:
                return marked
            Event.objects.filter(pk__in=[pk for pk, _ in due]).update(final=True)
            note_changed({message for _, message in due})
        marked += len(due)


def erased_before(now: datetime, *, caught_up: bool) -> datetime:
    """Return the time before which hits have no pseudonyms any more.

    `caught_up` says that the journal was read to its end: until then a hit of long ago may still get
    siblings, and what is "within 24 hours" of it is not over.
    """
    return now - (WINDOW if caught_up else LATEST_ERASURE)


def erase_sources(now: datetime, *, caught_up: bool) -> int:
    """Erase the pseudonyms of hits that are not judged again, and return how many."""
    limit = microseconds(erased_before(now, caught_up=caught_up))
    # The column begins with the minute, so its index gives the oldest first.
    before = minute_of(limit).to_bytes(4, "big")
    erased = 0
    while True:
        with one_at_a_time():
            oldest = Event.objects.filter(source__lt=before).order_by("source")
            due = list(oldest.values_list("pk", flat=True)[:_SLICE])
            if not due:
                return erased
            erased += Event.objects.filter(pk__in=due).update(source=None)
