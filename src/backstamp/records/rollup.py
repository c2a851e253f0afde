"""What a recipient's events come to: where the copy stands, whether it was opened, how often and by whom.

Always made from the events as a whole, so it can be made again at any time and never drifts.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final

import msgspec

from backstamp.records.bulk import execute_many, moment, select_for_keys, stored
from backstamp.records.models import DeliveryState, Recipient
from backstamp.verdicts import SignalName
from backstamp.vocabulary import PEOPLE, Actor, EventType

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

_DELIVERIES: Final = (
    "SELECT e.message_id, e.recipient_index, e.type, e.at, e.detail, e.producer, e.position "
    "FROM keys CROSS JOIN records_event e WHERE e.message_id = keys.m AND e.recipient_index = keys.r "
    f"AND e.type IN ({', '.join(repr(type_.value) for type_ in _STATES)})"
)
_DELIVERY_STANDS: Final = (
    "UPDATE records_recipient SET delivery = %s, delivery_at = %s, sent_at = %s, reply_code = %s, "
    'enhanced_status = %s, reply_text = %s WHERE message_id = %s AND "index" = %s'
)
_HITS: Final = (
    "SELECT e.message_id, e.recipient_index, e.type, e.actor, e.counts, COUNT(*), MIN(e.at), "
    f"SUM(CASE WHEN CAST(e.reasons AS TEXT) LIKE '%%\"{SignalName.APPLE_PREFETCH}\"%%' THEN 1 ELSE 0 END) "
    "FROM keys CROSS JOIN records_event e WHERE e.message_id = keys.m AND e.recipient_index = keys.r "
    f"AND e.type IN ('{EventType.OPENED}', '{EventType.CLICKED}', '{EventType.DISPLAYED}', "
    f"'{EventType.REPLIED}') GROUP BY e.message_id, e.recipient_index, e.type, e.actor, e.counts"
)
_OPENS_TRACKED: Final = (
    "SELECT m.tracking_id, m.opens_tracked FROM keys CROSS JOIN records_message m "
    "WHERE m.tracking_id = keys.m"
)
_HITS_STAND: Final = (
    "UPDATE records_recipient SET opened_at = %s, clicked_at = %s, human_opens = %s, human_clicks = %s, "
    "machine_hits = %s, unknown_hits = %s, open_is_implied = %s, open_is_measurable = %s "
    'WHERE message_id = %s AND "index" = %s'
)

_MACHINES: Final = frozenset({Actor.PREFETCH, Actor.SCANNER, Actor.PREVIEW_BOT})
_IMPLYING: Final = (EventType.DISPLAYED, EventType.REPLIED)
"""Who displayed or answered a mail has opened it, whether or not the image was loaded."""


class _Group(msgspec.Struct, frozen=True):
    """Events of a recipient that are alike, how many, and when the first one came."""

    type: EventType
    actor: Actor
    counts: bool
    number: int
    first_at: datetime
    apple_prefetches: int

    @property
    def by_a_person(self) -> bool:
        return self.counts and self.actor in PEOPLE


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
    groups: dict[Pair, list[_Group]] = {pair: [] for pair in pairs}
    for message, index, type_, actor, counts, number, first_at, apple in select_for_keys(
        _HITS, ("m", "r"), groups
    ):
        at = moment(first_at)
        assert at is not None
        groups[message, index].append(
            _Group(EventType(type_), Actor(actor), bool(counts), number, at, int(apple))
        )
    messages = {(message,) for message, _ in groups}
    tracked = {row[0]: bool(row[1]) for row in select_for_keys(_OPENS_TRACKED, ("m",), messages)}
    execute_many(
        _HITS_STAND,
        ((*_standing(found, tracked.get(pair[0], False)), *pair) for pair, found in groups.items()),
    )


def _standing(groups: list[_Group], opens_tracked: bool) -> tuple[Any, ...]:
    """Return the values of `_HITS_STAND`: a person's click, a receipt or a reply implies an open."""
    opens = [group for group in groups if group.type is EventType.OPENED and group.by_a_person]
    clicks = [group for group in groups if group.type is EventType.CLICKED and group.by_a_person]
    implying = [*clicks, *(group for group in groups if group.type in _IMPLYING)]
    opened_at = min((group.first_at for group in (*opens, *implying)), default=None)
    clicked_at = min((group.first_at for group in clicks), default=None)
    prefetched_by_apple = any(group.apple_prefetches for group in groups)
    return (
        None if opened_at is None else stored(opened_at),
        None if clicked_at is None else stored(clicked_at),
        sum(group.number for group in opens),
        sum(group.number for group in clicks),
        sum(group.number for group in groups if group.actor in _MACHINES),
        sum(
            group.number
            for group in groups
            if group.actor is Actor.UNKNOWN and group.counts and group.type not in _IMPLYING
        ),
        bool(implying) and not opens,
        opens_tracked and not prefetched_by_apple,
    )


def rebuild(message_pks: Iterable[int]) -> None:
    """Make the roll-up of all recipients of these messages again from their events."""
    for pk in message_pks:
        pairs = [
            (pk, index) for index in Recipient.objects.filter(message=pk).values_list("index", flat=True)
        ]
        deliveries(pairs)
        hits(pairs)
