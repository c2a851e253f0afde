"""From the journal to the records: one transaction for each batch.

The rows made from a batch and the cursors that say how far the journal is read are committed together,
so that after any crash the same records come again or not at all, and nothing is counted twice. The
order in which producers' records meet does not matter: a hit may come before its message, a delivery
after its hits.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec
from django.db import transaction

from backstamp.journal import Batch, RecordId
from backstamp.records import hit_rows, message_rows, rollup
from backstamp.records.bulk import execute_many
from backstamp.records.changes import note_changed
from backstamp.records.instants import microseconds
from backstamp.records.judging import judge
from backstamp.records.models import JournalCursor
from backstamp.records.recipients import known, resolve
from backstamp.records.stored_hits import Judgement, Neighbourhood, StoredHit, unresolved
from backstamp.records.tracking_ids import to_database
from backstamp.records.withdrawal import withdrawn
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import Delivery, Hit, JournalRecord, Queued

SETTLE_TIME: Final = timedelta(minutes=15)
"""A verdict is provisional for so long: scanners that look again do so 30 s to 5 min after the person,
and retries are over by then (research: Trend Micro, Litmus on Yahoo)."""

_ADVANCE: Final = (
    "INSERT INTO records_journalcursor (producer, position) VALUES (%s, %s) "
    "ON CONFLICT (producer) DO UPDATE SET position = excluded.position "
    "WHERE records_journalcursor.position < excluded.position"
)

_DELETE: Final = "DELETE FROM records_event WHERE id = %s"

Record = TypeVar("Record", Hit, Queued, Delivery)


class Ingested(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch came to, in numbers of records.

    `dropped` are hits of recipients who withdrew consent, `replayed` records that were known already,
    `unmatched` hits whose message is not known yet. `revised` are older verdicts that these records
    changed. `version` is the change's number (`records.changes`), None where nothing changed.
    """

    messages: int = 0
    deliveries: int = 0
    hits: int = 0
    dropped: int = 0
    replayed: int = 0
    unmatched: int = 0
    revised: int = 0
    version: int | None = None


def cursors() -> dict[str, int]:
    """Return how far every producer's journal is ingested."""
    return dict(JournalCursor.objects.values_list("producer", "position"))


def forget_producers(remaining: Collection[str]) -> None:
    """Delete the cursors of producers whose journal is gone; their names are never used again."""
    gone = set(cursors()) - set(remaining)
    JournalCursor.objects.filter(producer__in=gone).delete()


@transaction.atomic
def ingest(batch: Batch, now: datetime) -> Ingested:
    """Put a batch into the records. `now` decides which verdicts are final at once.

    Raises `django.db.Error`; nothing is changed then.
    """
    fresh = _fresh(batch)
    queued = _of_type(fresh, Queued)
    deliveries = _of_type(fresh, Delivery)
    arrived = [_arrived(id_, hit) for id_, hit in _of_type(fresh, Hit)]

    message_rows.insert_messages(queued)
    message_rows.insert_deliveries(deliveries)
    new_messages = {to_database(record.tracking_id) for _, record in queued}
    waiting = list(unresolved(new_messages))
    messages = known(
        [*new_messages, *(h.message for h in arrived), *(to_database(d.tracking_id) for _, d in deliveries)]
    )

    dropped = _give_recipients(arrived, waiting, messages)
    delivered = _delivered(queued, deliveries, messages)
    rollup.deliveries(delivered)

    kept = [hit for hit in (*waiting, *arrived) if hit.id not in dropped]
    unmatched = [hit for hit in kept if hit.recipient is None]
    judged = _judged([hit for hit in kept if hit.recipient is not None], delivered)
    settled_us = microseconds(now - SETTLE_TIME)
    found = [(hit, judgement, hit.final or hit.hit.at_us <= settled_us) for hit, judgement in judged]
    revised = [each for each in found if each[0].pk is not None]
    hit_rows.insert_hits(each for each in found if each[0].pk is None)
    hit_rows.insert_hits((hit, hit_rows.UNJUDGED, False) for hit in unmatched)
    hit_rows.update_hits(revised, now)
    touched = {(hit.message, hit.recipient) for hit, _, _ in found if hit.recipient is not None}
    rollup.hits(touched)

    changed = new_messages | {message for message, _ in (*touched, *delivered)}
    version = note_changed(changed) if changed else None
    execute_many(_ADVANCE, batch.cursors.items())
    return Ingested(
        messages=len(queued),
        deliveries=len(deliveries),
        hits=len(arrived),
        dropped=len(dropped),
        replayed=len(batch.records) - len(fresh),
        unmatched=len(unmatched),
        revised=len({hit.id for hit, _, _ in revised} - {hit.id for hit in waiting}),
        version=version,
    )


def _fresh(batch: Batch) -> list[tuple[RecordId, JournalRecord]]:
    """Leave out what was ingested before: records before their producer's cursor, and repeated ones."""
    producers = {id_.producer for id_, _ in batch.records}
    done = dict(
        JournalCursor.objects.select_for_update()
        .filter(producer__in=producers)
        .values_list("producer", "position")
    )
    once = {id_: record for id_, record in batch.records if id_.position >= done.get(id_.producer, 0)}
    return list(once.items())


def _of_type(
    records: Iterable[tuple[RecordId, JournalRecord]], type_: type[Record]
) -> list[tuple[RecordId, Record]]:
    return [(id_, record) for id_, record in records if isinstance(record, type_)]


def _arrived(id_: RecordId, hit: Hit) -> StoredHit:
    storable = msgspec.structs.replace(
        hit,
        method=message_rows.clean(hit.method),
        headers={message_rows.clean(name): message_rows.clean(value) for name, value in hit.headers.items()},
    )
    return StoredHit(id_.producer, id_.position, to_database(hit.tracking_id), None, storable)


def _give_recipients(
    arrived: Collection[StoredHit], waiting: Collection[StoredHit], messages: Collection[int]
) -> set[tuple[str, int]]:
    """Find out whose the hits are, and return the ids of those that must not be kept."""
    matched = [*waiting, *(hit for hit in arrived if hit.message in messages)]
    recipient_keys = resolve(matched)
    dropped = withdrawn([*waiting, *arrived], recipient_keys)
    execute_many(_DELETE, ((hit.pk,) for hit in waiting if hit.id in dropped))
    nobodies = {
        (h.message, NO_RECIPIENT) for h in matched if h.recipient == NO_RECIPIENT and h.id not in dropped
    }
    message_rows.insert_nobodies(nobodies)
    return dropped


def _delivered(
    queued: Iterable[tuple[RecordId, Queued]],
    deliveries: Iterable[tuple[RecordId, Delivery]],
    messages: Collection[int],
) -> set[rollup.Pair]:
    """Return the recipients of known messages of whom the next hop may have said something new."""
    pairs = {(to_database(record.tracking_id), record.recipient_index) for _, record in deliveries}
    pairs.update(
        (to_database(q.tracking_id), recipient.index) for _, q in queued for recipient in q.recipients
    )
    return {pair for pair in pairs if pair[0] in messages}


def _judged(
    new: Collection[StoredHit], delivered: Collection[rollup.Pair]
) -> list[tuple[StoredHit, Judgement]]:
    """Judge the new hits, and again those whose siblings they are or whose clock has changed.

    Returns only what differs from what the records hold.
    """
    neighbourhood = Neighbourhood()
    for hit in new:
        neighbourhood.add(hit)
    nobodies = {(message, NO_RECIPIENT) for message, _ in delivered}
    again = {hit.id: hit for hit in neighbourhood.load_recipients([*delivered, *nobodies])}
    neighbourhood.load_around(new)
    for hit in new:
        again.update((other.id, other) for other in neighbourhood.judged_by(hit))
    fresh_ids = {hit.id for hit in new}
    older = [
        hit
        for hit in again.values()
        if hit.id not in fresh_ids and not hit.closed and hit.recipient is not None
    ]
    neighbourhood.load_around(older)
    return [
        (hit, judgement)
        for hit, judgement in judge([*new, *older], neighbourhood)
        if hit.id in fresh_ids or judgement != hit.judgement
    ]
