"""The verdicts of the hits on some messages, as the records have them; Django must be started."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from backstamp.app.simulator.scoring import Judged
from backstamp.records.database.tracking_ids import from_database, to_database
from backstamp.records.models import Event
from backstamp.vocabulary import Actor, EventType

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE: Final = 500
"""Messages in one query."""


def verdicts_of(tracking_ids: Iterable[int]) -> list[Judged]:
    """Return all judged hits on these messages (ids as tokens have them)."""
    stored = [to_database(each) for each in sorted(set(tracking_ids))]
    return [
        judged
        for start in range(0, len(stored), _AT_ONCE)
        for judged in _some(stored[start : start + _AT_ONCE])
    ]


def _some(stored: list[int]) -> Iterable[Judged]:
    events = Event.objects.filter(
        message_id__in=stored, type__in=(EventType.OPENED, EventType.CLICKED), headers__isnull=False
    )
    for event in events.select_related("headers").iterator():
        headers = json.loads(event.headers.headers) if event.headers is not None else {}
        yield Judged(
            from_database(event.message_id),
            event.link_number,
            headers.get("user_agent", ""),
            (event.at - _EPOCH) // timedelta(microseconds=1),
            Actor(event.actor),
            event.final,
        )
