"""Messages that are new to the records, with what ingest then knows of them without reading."""

from collections.abc import Collection
from typing import Final

from backstamp.journal import RecordId
from backstamp.records.database.instants import day_of, within
from backstamp.records.database.tracking_ids import to_database
from backstamp.records.events.message_rows import insert_messages
from backstamp.records.events.stored_hits import Pair
from backstamp.records.memory.cards import Card, RecipientCard
from backstamp.records.memory.today import Memory
from backstamp.records.models import DeliveryState
from backstamp.records.rollups.rollup import Rollup
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import Direction, EventType, Queued

_QUEUED: Final = DeliveryState.QUEUED.value


def insert_new_messages(
    queued: Collection[tuple[RecordId, Queued]], memory: Memory, rollup: Rollup
) -> tuple[set[int], set[Pair]]:
    """Insert messages, and count what is new; return the messages and recipients that were not there before.

    A message that comes twice stays as it was first; a recipient that it did not have is added.
    """
    if not queued:
        return set(), set()
    records = [(to_database(record.tracking_id), record) for _, record in queued]
    known = memory.cards(message for message, _ in records)
    memory.recipients((), {(m, r.index) for m, record in records if m in known for r in record.recipients})
    new: dict[int, Card] = {}
    new_pairs: set[Pair] = set()
    for message, record in records:
        card = known.get(message) or new.get(message)
        if card is None:
            card = new[message] = _card(message, record)
            rollup.message(card)
        for recipient in record.recipients:
            if card.by_index.get(recipient.index) is None:
                made = RecipientCard(
                    recipient.index, recipient.recipient_key, None, _QUEUED, opened=False, clicked=False
                )
                card.by_index[recipient.index] = made
                key_index = card.by_key.get(made.key, NO_RECIPIENT)
                card.by_key[made.key] = min(key_index, recipient.index)
                rollup.recipient(card, made)
                new_pairs.add((message, recipient.index))
        rollup.event(card, record.at_us, EventType.QUEUED)
    insert_messages(queued)
    for card in new.values():
        memory.know_new(card)
    return set(new), new_pairs


def _card(message: int, record: Queued) -> Card:
    at_us = within(record.at_us)
    return Card(
        message,
        record.domain_id,
        day_of(at_us),
        at_us,
        record.opens,
        len({link.number for link in record.tracked_links}),
        None,
        0,
        0,
        0,
        {},
        record.direction is Direction.INBOUND,
    )
