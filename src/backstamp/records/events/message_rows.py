"""Rows made from what the gateway says: messages with their recipients and links, and deliveries."""

from collections.abc import Iterable
from itertools import islice
from operator import attrgetter
from typing import Any, Final

import msgspec

from backstamp.journal import RecordId
from backstamp.records.database.bulk import append, insert_new
from backstamp.records.database.instants import stored, within, written, zone
from backstamp.records.database.texts import clean
from backstamp.records.database.tracking_ids import to_database
from backstamp.records.events.link_hosts import host_in
from backstamp.records.models import LONGEST_ADDRESS, LONGEST_MESSAGE_ID, DeliveryState
from backstamp.vocabulary import (
    Actor,
    Delivery,
    Direction,
    EventType,
    Queued,
    Report,
)

_encode: Final = msgspec.json.Encoder().encode
_LONGEST_LINE: Final = 998
"""Of a header field (RFC 5322 §2.1.1); also what the columns hold."""

_MESSAGE: Final = (
    *("tracking_id", "direction", "origin", "domain_id", "queued_at", "trace_id", "reverse_path"),
    *("message_id", "subject", "sender", "size", "opens_tracked", "links_tracked", "untracked_reason"),
    *("manifest", "protection", "unprotected"),
)
_ROLLUP: Final = (
    *("message_id", "queued_at", "opens_tracked", "untracked", "opened", "clicked", "troubled"),
    *("version", "tally"),
)
_TEXT: Final = ("message_id", "text")
_RECIPIENT: Final = (
    *("message_id", "index", "address", "received", "recipient_key", "delivery", "enhanced_status"),
    *("reply_text", "human_opens", "human_clicks", "machine_hits", "unknown_hits"),
    *("open_is_implied", "open_is_measurable"),
)
_LINK: Final = ("message_id", "number", "url", "text", "part")
_EVENT: Final = (
    *("producer", "position", "message_id", "recipient_index", "type", "at", "actor", "counts", "score"),
    *("certainty", "reasons", "final", "client", "detail", "method", "network"),
)
_TYPES: Final = {type_: type_.value for type_ in EventType}
_HUMAN: Final = Actor.HUMAN.value
_UNKNOWN: Final = Actor.UNKNOWN.value
_QUEUED: Final = DeliveryState.QUEUED.value

_INDEX: Final = attrgetter("index")
_NUMBER: Final = attrgetter("number")

MOST_HOSTS: Final = 100
"""Of a message's links so many hosts are searched for; each costs its letters in the index of trigrams."""

BY_PEOPLE: Final = frozenset({EventType.DISPLAYED, EventType.REPLIED})
"""What only a person causes: who answers or lets a receipt go has opened the mail."""


def insert_messages(queued: Iterable[tuple[RecordId, Queued]]) -> None:
    """Insert messages with recipients, links and the event that they were queued."""
    # In the order of their keys: what lies together in the indexes by message is changed together.
    records = sorted(queued, key=lambda each: to_database(each[1].tracking_id))
    if not records:
        return
    insert_new("records_message", _MESSAGE, (_message_row(record) for _, record in records))
    sent = (record for _, record in records if record.direction is Direction.OUTBOUND)
    insert_new("records_messagerollup", _ROLLUP, map(_rollup_row, sent))
    insert_new("records_messagetext", _TEXT, (_text_row(record) for _, record in records))
    insert_new(
        "records_recipient",
        _RECIPIENT,
        (
            recipient_row(
                to_database(record.tracking_id),
                r.index,
                r.address,
                r.recipient_key,
                measurable=record.opens,
                received=record.direction is Direction.INBOUND,
            )
            for _, record in records
            for r in record.recipients
        ),
    )
    insert_new(
        "records_link",
        _LINK,
        (
            (
                to_database(record.tracking_id),
                link.number,
                clean(link.url),
                clean(link.text, 200),
                clean(link.part, 64),
            )
            for _, record in records
            for link in record.tracked_links
        ),
    )
    behind = zone()
    append(
        "records_event",
        _EVENT,
        (_event_row(id_, record, EventType.QUEUED, None, {}, behind) for id_, record in records),
    )


def insert_nobodies(messages: Iterable[tuple[int, int]]) -> None:
    """Make sure that these recipients (message, index), which are nobody in particular, are there."""
    rows = (recipient_row(m, r, "", b"", measurable=True, received=False) for m, r in messages)
    insert_new("records_recipient", _RECIPIENT, rows)


def insert_deliveries(
    deliveries: Iterable[tuple[RecordId, Delivery | Report]], replies: Iterable[dict[str, Any]]
) -> None:
    """Insert what the next hop said, and what came back later; each with its reply (`reply_of`)."""
    behind = zone()
    append(
        "records_event",
        _EVENT,
        (
            _event_row(id_, record, record.type, record.recipient_index, reply, behind)
            for (id_, record), reply in zip(deliveries, replies, strict=True)
        ),
    )


def reply_of(record: Delivery | Report) -> dict[str, Any]:
    """Return what the next hop or a report said, as the event keeps it."""
    said = {
        "code": record.code,
        "enhanced_status": clean(record.enhanced_status, 16),
        "text": clean(record.text, 1000),
    }
    if isinstance(record, Delivery):
        return said | {"next_hop": clean(record.next_hop, 300), "stage": clean(record.stage, 64)}
    told: dict[str, Any] = {
        "reporter": clean(record.reporter, 300),
        "sealed": record.sealed,
        "happened_us": record.happened_us,
        "permanent": record.permanent,
    }
    if record.cause:
        told["cause"] = clean(record.cause, 32)
    if record.final_recipient:
        told["final_recipient"] = clean(record.final_recipient, LONGEST_ADDRESS)
    if record.mail:
        told["mail"] = clean(record.mail, 32)
    return said | told


def _message_row(record: Queued) -> tuple[Any, ...]:
    return (
        to_database(record.tracking_id),
        record.direction.value,
        record.origin.value,
        record.domain_id,
        stored(record.at_us),
        clean(record.trace_id, 64),
        clean(record.reverse_path, LONGEST_ADDRESS),
        clean(record.message_id, LONGEST_MESSAGE_ID),
        clean(record.subject, _LONGEST_LINE),
        clean(record.sender, LONGEST_ADDRESS),
        record.size,
        record.opens,
        record.links,
        clean(record.untracked_reason, 400),
        clean(record.manifest),
        clean(record.protection, 16),
        clean(" ".join(record.unprotected), 1000),
    )


def _rollup_row(record: Queued) -> tuple[Any, ...]:
    untracked = not record.opens and not record.links
    at = stored(record.at_us)
    return to_database(record.tracking_id), at, record.opens, untracked, 0, 0, 0, 0, "{}"


def _text_row(record: Queued) -> tuple[Any, ...]:
    sent = record.direction is Direction.OUTBOUND
    links = sorted(record.tracked_links, key=_NUMBER) if sent else ()
    return to_database(record.tracking_id), search_text(
        clean(record.subject, _LONGEST_LINE),
        clean(record.sender, LONGEST_ADDRESS),
        clean(record.message_id, LONGEST_MESSAGE_ID),
        (clean(r.address, LONGEST_ADDRESS) for r in sorted(record.recipients, key=_INDEX) if r.address),
        (clean(link.url) for link in links),
    )


def search_text(
    subject: str, sender: str, message_id: str, addresses: Iterable[str], urls: Iterable[str]
) -> str:
    """Return what a search looks at: subject, sender, Message-ID, recipients and the hosts of URLs.

    `urls` are those of sent mail in the order of their numbers; where received mail leads is found by
    expressions.
    """
    hosts = islice(dict.fromkeys(host for url in urls if (host := host_in(url).lower())), MOST_HOSTS)
    return "\n".join((subject, sender, message_id, *addresses, *hosts)).lower()


def recipient_row(
    message: int, index: int, address: str, key: bytes, *, measurable: bool, received: bool
) -> tuple[Any, ...]:
    """Return the row of a recipient of whom nothing is known yet."""
    return (
        *(message, index, clean(address, LONGEST_ADDRESS), received, key, _QUEUED, "", ""),
        *(0, 0, 0, 0, False, measurable),
    )


def _event_row(
    id_: RecordId,
    record: Queued | Delivery | Report,
    type_: EventType,
    recipient: int | None,
    detail: dict[str, Any],
    behind: str,
) -> tuple[Any, ...]:
    # Without starred parts, which are collected in a list first.
    return (
        id_.producer,
        id_.position,
        to_database(record.tracking_id),
        recipient,
        _TYPES[type_],
        written(within(record.at_us), behind),
        _HUMAN if type_ in BY_PEOPLE else _UNKNOWN,
        1,
        0.0,
        "",
        "[]",
        1,
        "",
        _encode(detail).decode(),
        "",
        "",
    )
