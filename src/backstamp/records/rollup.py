"""What a recipient's events come to: where the copy stands, whether it was opened, how often and by whom.

Always made from the events as a whole, so it can be made again at any time and never drifts.
"""

from collections.abc import Collection, Iterable
from typing import Any, Final, Literal

import msgspec

from backstamp.records.bulk import execute_many, moment, select_for_keys, stored
from backstamp.records.instants import instant, microseconds
from backstamp.records.models import DeliveryState, Recipient
from backstamp.verdicts import SignalName
from backstamp.verdicts.opened import JudgedHit, OpenState, RecipientSummary, client_signature, summary_of
from backstamp.vocabulary import Actor, EventType, Hit

Pair = tuple[int, int]
"""A recipient: stored tracking id of the message, and index."""

_STATES: Final = {
    EventType.DEFERRED: DeliveryState.DEFERRED,
    EventType.SENT: DeliveryState.SENT,
    EventType.REJECTED: DeliveryState.REJECTED,
    EventType.DELIVERED: DeliveryState.DELIVERED,
    EventType.BOUNCED: DeliveryState.BOUNCED,
}
_RANK: Final = {type_: rank for rank, type_ in enumerate(_STATES)}
"""Of two reports of the same moment, the later in this list stands."""

_SIGNS: Final[dict[EventType, Literal["open", "click", "displayed", "replied"]]] = {
    EventType.OPENED: "open",
    EventType.CLICKED: "click",
    EventType.DISPLAYED: "displayed",
    EventType.REPLIED: "replied",
}
"""What may show that a mail was opened."""

_DELIVERIES: Final = (
    "SELECT e.message_id, e.recipient_index, e.type, e.at, e.detail, e.producer, e.position "
    "FROM keys CROSS JOIN records_event e WHERE e.message_id = keys.m AND e.recipient_index = keys.r "
    f"AND e.type IN ({', '.join(repr(type_.value) for type_ in _STATES)})"
)
_DELIVERY_STANDS: Final = (
    "UPDATE records_recipient SET delivery = %s, delivery_at = %s, sent_at = %s, reply_code = %s, "
    'enhanced_status = %s, reply_text = %s WHERE message_id = %s AND "index" = %s'
)
MOST_HITS: Final = 1000
"""Hits of a recipient that are counted: the earliest, and the earliest by people. Who fetches one image
a million times must not make every further hit cost the reading of a million rows."""
_EARLIEST: Final = (
    "SELECT e.id, e.message_id, e.recipient_index, e.type, e.at, e.actor, e.counts, e.link_number, e.hit, "
    "e.reasons FROM keys CROSS JOIN records_event e WHERE e.id IN ("
    "SELECT x.id FROM records_event x WHERE x.message_id = keys.m AND x.recipient_index = keys.r "
    f"AND x.type IN ({', '.join(repr(type_.value) for type_ in _SIGNS)}) "
)
_LIMIT: Final = f"ORDER BY x.at LIMIT {MOST_HITS})"
_HITS: Final = f"{_EARLIEST}{_LIMIT}"
_HITS_BY_PEOPLE: Final = f"{_EARLIEST}AND x.actor IN ('human', 'proxied_human') {_LIMIT}"
_OPENS_TRACKED: Final = (
    "SELECT m.tracking_id, m.opens_tracked FROM keys CROSS JOIN records_message m "
    "WHERE m.tracking_id = keys.m"
)
_HITS_STAND: Final = (
    "UPDATE records_recipient SET opened_at = %s, clicked_at = %s, human_opens = %s, human_clicks = %s, "
    "machine_hits = %s, unknown_hits = %s, open_is_implied = %s, open_is_measurable = %s "
    'WHERE message_id = %s AND "index" = %s'
)

_BY_APPLE: Final = f'"{SignalName.APPLE_PREFETCH}"'


def deliveries(pairs: Collection[Pair]) -> None:
    """Say of each recipient what the next hop last said, and when it first took the copy."""
    reports: dict[Pair, list[tuple[Any, ...]]] = {}
    for message, index, type_, at, detail, producer, position in select_for_keys(
        _DELIVERIES, ("m", "r"), set(pairs)
    ):
        report = (moment(at), _RANK[EventType(type_)], producer, position, EventType(type_), detail)
        reports.setdefault((message, index), []).append(report)
    rows = []
    for pair, found in reports.items():
        at, _, _, _, type_, detail = max(found)
        sent_at = min((report[0] for report in found if report[4] is EventType.SENT), default=None)
        reply = msgspec.json.decode(detail)
        rows.append(
            (
                *(_STATES[type_].value, stored(at), None if sent_at is None else stored(sent_at)),
                *(reply.get("code") or None, reply.get("enhanced_status", ""), reply.get("text", "")),
                *pair,
            )
        )
    execute_many(_DELIVERY_STANDS, rows)


def hits(pairs: Collection[Pair]) -> None:
    """Count each recipient's hits by who made them, and say whether it opened and clicked."""
    rows: dict[Pair, dict[int, tuple[Any, ...]]] = {pair: {} for pair in pairs}
    _read(_HITS, rows, rows)
    _read(_HITS_BY_PEOPLE, [pair for pair, found in rows.items() if len(found) >= MOST_HITS], rows)
    judged = {pair: [_judged_hit(*row) for row in found.values()] for pair, found in rows.items()}
    messages = {(message,) for message, _ in judged}
    tracked = {row[0]: bool(row[1]) for row in select_for_keys(_OPENS_TRACKED, ("m",), messages)}
    execute_many(
        _HITS_STAND,
        ((*_standing(summary_of(found), tracked[pair[0]]), *pair) for pair, found in judged.items()),
    )


def _read(statement: str, pairs: Iterable[Pair], rows: dict[Pair, dict[int, tuple[Any, ...]]]) -> None:
    for pk, message, index, *row in select_for_keys(statement, ("m", "r"), pairs):
        rows[message, index][pk] = tuple(row)


def _judged_hit(
    type_: str, at: Any, actor: str, counts: Any, link_number: int | None, hit: str | None, reasons: str
) -> JudgedHit:
    came = moment(at)
    assert came is not None
    return JudgedHit(
        at_us=microseconds(came),
        event=_SIGNS[EventType(type_)],
        actor=Actor(actor),
        counts=bool(counts),
        link_number=link_number,
        client=client_signature(msgspec.json.decode(hit, type=Hit)) if hit else b"",
        by_apple=_BY_APPLE in reasons,
    )


def _standing(summary: RecipientSummary, opens_tracked: bool) -> tuple[Any, ...]:
    """Return the values of `_HITS_STAND`."""
    opened, clicked = summary.first_opened_at_us, summary.first_clicked_at_us
    return (
        None if opened is None else stored(instant(opened)),
        None if clicked is None else stored(instant(clicked)),
        summary.opens,
        summary.clicks,
        summary.machine_opens + summary.machine_clicks + summary.previews,
        summary.unknown_opens + summary.unknown_clicks,
        summary.state is OpenState.OPENED and summary.opens == 0,
        opens_tracked and summary.state is not OpenState.CANNOT_BE_MEASURED,
    )


def rebuild(message_pks: Iterable[int]) -> None:
    """Make the roll-up of all recipients of these messages again from their events."""
    for pk in message_pks:
        pairs = [
            (pk, index) for index in Recipient.objects.filter(message=pk).values_list("index", flat=True)
        ]
        deliveries(pairs)
        hits(pairs)
