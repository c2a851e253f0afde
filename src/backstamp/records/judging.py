"""Ask the verdict about stored hits, with what the records know of their messages and recipients."""

from collections.abc import Collection, Iterator
from typing import Any, Final

import msgspec

from backstamp.records.bulk import moment, select_for_keys
from backstamp.records.instants import microseconds
from backstamp.records.models import DeliveryState
from backstamp.records.stored_hits import Judgement, Neighbourhood, StoredHit
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.verdicts import SiblingHit, context_of, facts_of, verdict
from backstamp.verdicts.clients import client_of

_CLIENT_CHARS: Final = 100
_MESSAGES: Final = (
    "SELECT m.tracking_id, m.queued_at, "
    "(SELECT COUNT(*) FROM records_link l WHERE l.message_id = m.tracking_id), "
    "(SELECT MIN(r.sent_at) FROM records_recipient r WHERE r.message_id = m.tracking_id) "
    "FROM keys CROSS JOIN records_message m WHERE m.tracking_id = keys.m"
)
_RECIPIENTS: Final = (
    'SELECT r.message_id, r."index", r.sent_at, r.delivery '
    'FROM keys CROSS JOIN records_recipient r WHERE r.message_id = keys.m AND r."index" = keys.r'
)


class _MessageFacts(msgspec.Struct, frozen=True):
    queued_at_us: int | None
    total_links: int
    first_sent_at_us: int | None


class _RecipientFacts(msgspec.Struct, frozen=True):
    sent_at_us: int | None
    bounced: bool


_NOBODY: Final = _RecipientFacts(None, bounced=False)


def judge(hits: Collection[StoredHit], neighbourhood: Neighbourhood) -> Iterator[tuple[StoredHit, Judgement]]:
    """Judge hits; all their siblings must have been read into the neighbourhood.

    A hit whose message is not there, or not there any more, is left out.

    The clock starts when the next hop took the recipient's copy, and for a hit that names nobody when
    it took the first one.
    """
    messages = {
        row[0]: _MessageFacts(_us(row[1]), row[2], _us(row[3]))
        for row in select_for_keys(_MESSAGES, ("m",), ((m,) for m in {hit.message for hit in hits}))
    }
    pairs = {(hit.message, hit.recipient) for hit in hits}
    recipients = {
        (row[0], row[1]): _RecipientFacts(_us(row[2]), bounced=row[3] == DeliveryState.BOUNCED)
        for row in select_for_keys(_RECIPIENTS, ("m", "r"), pairs)
    }
    for hit in hits:
        message = messages.get(hit.message)
        if message is None:
            continue
        recipient = recipients.get((hit.message, hit.recipient or 0), _NOBODY)
        nobody = hit.recipient == NO_RECIPIENT
        delivered_at_us = message.first_sent_at_us if nobody else recipient.sent_at_us
        context = context_of(
            hit.hit,
            [SiblingHit(other.hit, _same_recipient(hit, other)) for other in neighbourhood.siblings(hit)],
            total_links=message.total_links,
            delivered_at_us=delivered_at_us,
            sent_at_us=message.queued_at_us,
            bounced=recipient.bounced,
        )
        found = verdict(facts_of(hit.hit, delivered_at_us), context)
        yield (
            hit,
            Judgement(
                found.actor,
                found.counts,
                found.score,
                found.certainty.value,
                client_of(hit.hit.headers.get("user_agent", "")).name[:_CLIENT_CHARS],
                msgspec.to_builtins(found.reasons),
            ),
        )


def _us(value: Any) -> int | None:
    at = moment(value)
    return None if at is None else microseconds(at)


def _same_recipient(hit: StoredHit, other: StoredHit) -> bool:
    """Two hits that name nobody are taken to be of one person where they come from one source."""
    if hit.message != other.message or hit.recipient != other.recipient:
        return False
    return hit.recipient != NO_RECIPIENT or hit.hit.source == other.hit.source
