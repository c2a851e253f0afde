"""What a recipient's events come to: where the copy stands, whether it was opened, how often and by whom.

Always made from the events as a whole, so it can be made again at any time and never drifts.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from operator import attrgetter
from typing import Any, Final, NamedTuple

from backstamp.journal import RecordId
from backstamp.records.database.bulk import update
from backstamp.records.database.instants import read, within, written
from backstamp.records.database.keyed_selects import as_it_is, select_for_keys
from backstamp.records.database.texts import json_read, listed
from backstamp.records.events.groups import Group
from backstamp.records.events.stored_hits import Pair
from backstamp.records.models import DeliveryState
from backstamp.verdicts.opened import OpenState
from backstamp.vocabulary import Delivery, EventType, Report

_STATES: Final = {
    EventType.DEFERRED: DeliveryState.DEFERRED.value,
    EventType.SENT: DeliveryState.SENT.value,
    EventType.REJECTED: DeliveryState.REJECTED.value,
    EventType.DELIVERED: DeliveryState.DELIVERED.value,
    EventType.BOUNCED: DeliveryState.BOUNCED.value,
}
OF_DELIVERY: Final = frozenset(_STATES)
"""Events that say where a copy stands."""
_LAST: Final = frozenset({EventType.DELIVERED, EventType.BOUNCED})
"""After these nothing comes of a copy; that it is late, or was passed on, are reports that were slower."""
_RANK: Final = {type_: rank for rank, type_ in enumerate(_STATES)}
"""Of two reports of the same moment, the later in this list stands."""

_DELIVERIES: Final = (
    f"SELECT e.message_id, e.recipient_index, e.type, {as_it_is('e.at')}, e.detail, e.producer, e.position "
    "FROM keys CROSS JOIN records_event e WHERE e.message_id = keys.m AND e.recipient_index = keys.r "
    f"AND e.type IN {listed(_STATES)}"
)
_DELIVERY: Final = ("delivery", "delivery_at", "sent_at", "reply_code", "enhanced_status", "reply_text")
_HITS: Final = (
    *("opened_at", "clicked_at", "human_opens", "human_clicks", "machine_hits", "unknown_hits"),
    *("open_is_implied", "open_is_measurable"),
)
_KEYS: Final = ("message_id", "index")
_at: Final = attrgetter("at_us")


class Said(NamedTuple):
    """What the next hop, or a report later, said of a recipient, sorted by what stands."""

    at_us: int
    rank: int
    producer: str
    position: int
    type: EventType
    reply: dict[str, Any]


def said_by(id_: RecordId, record: Delivery | Report, reply: dict[str, Any]) -> Said:
    """Return what a record with this reply says, as `all_said` would once it is in the records."""
    return Said(within(record.at_us), _RANK[record.type], *id_, record.type, reply)


def all_said(pairs: Iterable[Pair]) -> dict[Pair, list[Said]]:
    """Return all that was ever said of these recipients' deliveries."""
    found: dict[Pair, list[Said]] = {}
    for message, index, type_, at, detail, producer, position in select_for_keys(
        _DELIVERIES, ("m", "r"), pairs
    ):
        kind = EventType(type_)
        reply = json_read(detail)
        said = Said(read(at), _RANK[kind], producer, position, kind, reply)
        found.setdefault((message, index), []).append(said)
    return found


def delivery_of(theirs: Sequence[Said], behind: str) -> tuple[str, int | None, tuple[Any, ...]]:
    """Return the state, when the copy was delivered, and the values of `write_deliveries`.

    `behind` is the `zone` of times.
    """
    # Of most one thing is said.
    last = theirs[0] if len(theirs) == 1 else max(theirs, key=lambda said: (said.type in _LAST, *said[:4]))
    sent_at_us = _delivered_at_us(theirs)
    state, reply = _STATES[last.type], last.reply
    return (
        state,
        sent_at_us,
        (
            *(state, written(last.at_us, behind)),
            None if sent_at_us is None else written(sent_at_us, behind),
            *(reply.get("code") or None, reply.get("enhanced_status", ""), reply.get("text", "")),
        ),
    )


def _delivered_at_us(found: Sequence[Said]) -> int | None:
    """Return when the copy was delivered: the clock of the verdicts, microseconds since 1970 UTC.

    That is when the next hop took it, or later, where the receiving system says so in a report that nobody
    can have made up: mail may lie in queues between them.
    """
    if len(found) == 1:
        return found[0].at_us if found[0].type is EventType.SENT else None
    sent_at_us = min((said.at_us for said in found if said.type is EventType.SENT), default=None)
    if sent_at_us is None:
        return None
    told = (
        happened_us
        for said in found
        if said.type is EventType.DELIVERED and said.reply.get("sealed")
        if sent_at_us <= (happened_us := said.reply.get("happened_us", 0)) <= said.at_us
    )
    return min(told, default=sent_at_us)


def write_deliveries(rows: Iterable[tuple[Any, ...]]) -> None:
    """Write deliveries; each row has the values of `delivery_of`, message and index."""
    update("records_recipient", _DELIVERY, _KEYS, rows)


def hits_of(group: Group, opens_tracked: bool, behind: str) -> tuple[Any, ...]:
    """Return the values of `write_hits`: what the hits of a recipient come to; `behind` is the `zone`."""
    found = group.summed_up()
    if group.others:
        found = copy(found)
        found.take(sorted(group.others, key=_at))
    opened, clicked, state = found.first_opened_at_us, found.first_clicked_at_us, found.state
    return (
        None if opened is None else written(opened, behind),
        None if clicked is None else written(clicked, behind),
        found.opens,
        found.clicks,
        found.machine_opens + found.machine_clicks + found.previews,
        found.unknown_opens + found.unknown_clicks,
        state is OpenState.OPENED and found.opens == 0,
        opens_tracked and state is not OpenState.CANNOT_BE_MEASURED,
    )


def write_hits(rows: Iterable[tuple[Any, ...]]) -> None:
    """Write what hits come to; each row has the values of `hits_of`, message and index."""
    update("records_recipient", _HITS, _KEYS, rows)
