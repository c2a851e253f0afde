"""Rows of events made from hits, and their later revisions."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from backstamp.records.bulk import execute_many, insert_new, stored
from backstamp.records.instants import instant
from backstamp.records.stored_hits import Judgement, StoredHit
from backstamp.vocabulary import Actor, ClickAction, EventType, Hit, HitKind

_LINK_EVENTS: Final = {ClickAction.BLOCK: EventType.BLOCKED, ClickAction.WARN: EventType.WARNED}
UNJUDGED: Final = Judgement(Actor.UNKNOWN, counts=False, score=0.0, certainty="", client="", reasons=[])
"""Of a hit whose message is unknown."""

_COLUMNS: Final = (
    *("producer", "position", "message_id", "recipient_index", "type", "at", "link_number", "source", "hit"),
    *("detail", "actor", "counts", "score", "certainty", "client", "reasons", "final"),
)
_UPDATE: Final = (
    "UPDATE records_event SET recipient_index = %s, actor = %s, counts = %s, score = %s, certainty = %s, "
    "client = %s, reasons = %s, final = %s, revised_at = %s WHERE id = %s"
)


def event_type(hit: Hit) -> EventType:
    """Return what happened when this was asked for; a link that did not lead on is no click."""
    if hit.kind is HitKind.PIXEL:
        return EventType.OPENED
    return EventType.CLICKED if hit.action is None else _LINK_EVENTS.get(hit.action, EventType.CLICKED)


def insert_hits(hits: Iterable[tuple[StoredHit, Judgement, bool]]) -> None:
    """Insert hits with their verdicts and whether these are final."""
    insert_new("records_event", _COLUMNS, (_row(*each) for each in hits))


def update_hits(hits: Iterable[tuple[StoredHit, Judgement, bool]], now: datetime) -> None:
    """Write new verdicts of stored hits."""
    execute_many(
        _UPDATE,
        (
            (hit.recipient, *_judgement_values(found), final, stored(now), hit.pk)
            for hit, found, final in hits
        ),
    )


def _row(hit: StoredHit, found: Judgement, final: bool) -> tuple[Any, ...]:
    observed = hit.hit
    kept = msgspec.json.encode(msgspec.structs.replace(observed, source=b"")).decode()
    return (
        *(hit.producer, hit.position, hit.message, hit.recipient, event_type(observed).value),
        *(stored(instant(observed.at_us)), observed.link_number, observed.source),
        *(kept, "{}"),
        *_judgement_values(found),
        final,
    )


def _judgement_values(found: Judgement) -> Iterator[Any]:
    yield from (found.actor.value, found.counts, found.score, found.certainty, found.client)
    yield msgspec.json.encode(found.reasons).decode()
