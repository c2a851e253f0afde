"""Hits with what the records hold of them, as rows and as values."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final, Literal

import msgspec

from backstamp.records.database.instants import MINUTE_US, read, within
from backstamp.records.database.keyed_selects import as_it_is, select_for_keys
from backstamp.records.database.tracking_ids import from_database
from backstamp.records.events.header_sets import Headers
from backstamp.records.events.judgements import Judgement
from backstamp.verdicts import is_by_a_person
from backstamp.verdicts.opened import JudgedHit
from backstamp.vocabulary import Actor, ClickAction, EventType, Hit, HitKind

Pair = tuple[int, int]
"""A recipient: stored tracking id of the message, and index."""

Place = tuple[int, str, int]
"""Where a hit stands in time: microseconds, and the journal record's id. No two hits have the same."""

_LINK_EVENTS: Final = {
    ClickAction.ALLOW: EventType.ALLOWED,
    ClickAction.CHECK: EventType.WARNED,
    ClickAction.WARN: EventType.WARNED,
    ClickAction.BLOCK: EventType.BLOCKED,
    ClickAction.GO_ON: EventType.CLICKED_THROUGH,
}
_ACTIONS: Final = {type_.value: action for action, type_ in _LINK_EVENTS.items()}
FETCHES: Final = (EventType.OPENED, EventType.CLICKED, *dict.fromkeys(_LINK_EVENTS.values()))
"""The events that are made of hits."""
_SIGNS: Final[dict[EventType, Literal["open", "click"]]] = {
    EventType.OPENED: "open",
    EventType.CLICKED: "click",
    EventType.ALLOWED: "click",
    EventType.CLICKED_THROUGH: "click",
}
_INDEX_BYTES: Final = 2


_OPENED: Final = EventType.OPENED
_CLICKED: Final = EventType.CLICKED
_REDIRECT: Final = HitKind.REDIRECT
# A member of an enum costs more to look up than what most lines here do.

UNJUDGED: Final = Judgement(Actor.UNKNOWN, counts=False, score=0.0, certainty="", reasons="[]")
"""Of a hit whose message is unknown."""


class StoredHit(msgspec.Struct, eq=False, gc=False):
    """A hit, its place in time, and what the records hold: nothing yet where `pk` is None.

    `message` is the stored tracking id. `recipient` is the index, `NO_RECIPIENT` where the token names
    nobody, None as long as the message is unknown. `closed` hits are not judged again. `sign` is what it
    tells of that recipient; `counted` says that it is in the roll-ups as it is judged now.
    """

    place: Place
    message: int
    recipient: int | None
    type: EventType
    hit: Hit
    headers: Headers
    pk: int | None = None
    judgement: Judgement | None = None
    closed: bool = False
    person_opened: bool = False
    sign: JudgedHit | None = None
    counted: bool = False

    @property
    def at_us(self) -> int:
        """When it came, microseconds since 1970 UTC."""
        return self.place[0]

    def stand(self, judgement: Judgement) -> None:
        """Take a judgement that the records hold."""
        self.judgement = judgement
        self.counted = True
        event = _SIGNS.get(self.type)
        if event is None:
            return
        self.sign = JudgedHit(
            self.place[0],
            event,
            judgement.actor,
            judgement.counts,
            self.hit.link_number,
            self.headers.signature,
            judgement.by_apple,
        )


def stored_hit(
    producer: str, position: int, message: int, recipient: int | None, hit: Hit, headers: Headers
) -> StoredHit:
    """Return a hit as it goes into the records: its time is one that they can keep."""
    found = StoredHit((hit.at_us, producer, position), message, recipient, _OPENED, hit, headers)
    if hit.kind is _REDIRECT:
        found.type = _CLICKED if hit.action is None else event_type(hit)
    elif hit.method == "GET":
        known = headers.by_a_person.get(hit.network)
        if known is None:
            known = headers.by_a_person[hit.network] = is_by_a_person(hit)
        found.person_opened = known
    return found


def event_type(hit: Hit) -> EventType:
    """Return what happened when this was asked for; a link that did not lead on is no click."""
    if hit.kind is HitKind.PIXEL:
        return EventType.OPENED
    return EventType.CLICKED if hit.action is None else _LINK_EVENTS.get(hit.action, EventType.CLICKED)


def named_of(hit: Hit) -> bytes:
    """Return whom a hit's token names: the key of a pixel, the index of a link, or nothing."""
    if hit.kind is HitKind.PIXEL:
        return hit.recipient_key
    index = hit.recipient_index
    return b"" if index is None else index.to_bytes(_INDEX_BYTES, "big")


def minute_of(at_us: int) -> int:
    """Return the minute since 1970 of a time."""
    return within(at_us) // MINUTE_US


COLUMNS: Final = (
    f"e.id, e.producer, e.position, e.message_id, e.recipient_index, e.type, {as_it_is('e.at')}, "
    "e.link_number, e.method, e.network, e.headers_id, e.named, e.source, e.address, e.actor, "
    f"{as_it_is('e.counts')}, e.score, e.certainty, e.reasons"
)
"""What `from_row` takes, of `records_event e`."""
HEADERS: Final = 10
"""Which of these columns holds the number of the header fields."""
EARLY: Final = (
    "SELECT DISTINCT e.message_id, e.recipient_index FROM keys CROSS JOIN records_event e "
    "WHERE e.message_id = keys.m AND e.type <> 'queued'"
)
_UNRESOLVED: Final = (
    f"SELECT {COLUMNS} FROM keys CROSS JOIN records_event e "
    "WHERE e.message_id = keys.m AND e.recipient_index IS NULL AND e.headers_id IS NOT NULL"
)


def waiting_for(messages: Iterable[int]) -> set[tuple[int, int | None]]:
    """Return of whom something came before these messages: message, and index (None for hits)."""
    return set(select_for_keys(EARLY, ("m",), ((message,) for message in messages)))


def unresolved(messages: Iterable[int]) -> Iterator[tuple[Any, ...]]:
    """Return the rows of the hits that came before their message."""
    return select_for_keys(_UNRESOLVED, ("m",), ((message,) for message in messages))


def from_row(row: tuple[Any, ...], headers: Headers) -> StoredHit:
    """Return the hit of a row; whether Apple is named in its reasons is `memory.Memory`'s to say."""
    pk, producer, position, message, recipient, type_, at = row[:7]
    link, method, network, _, named, source, address = row[7:14]
    actor, counts, score, certainty, reasons = row[14:]
    kind = HitKind.PIXEL if type_ == EventType.OPENED else HitKind.REDIRECT
    name = bytes(named or b"")
    at_us = read(at)
    hit = Hit(
        at_us=at_us,
        kind=kind,
        domain_id=0,
        tracking_id=from_database(message),
        method=method,
        recipient_key=name if kind is HitKind.PIXEL else b"",
        recipient_index=int.from_bytes(name, "big") if name and kind is HitKind.REDIRECT else None,
        link_number=link,
        headers=headers.fields,
        network=network,
        source=bytes(source or b"")[4:],
        address=address,
        action=_ACTIONS.get(type_),
    )
    found = stored_hit(producer, position, message, recipient, hit, headers)
    found.pk = pk
    found.judgement = _judgement(actor, bool(counts), score, certainty, _text(reasons))
    found.closed = source is None
    return found


@lru_cache(maxsize=1 << 14)
def _judgement(actor: str, counts: bool, score: float, certainty: str, reasons: str) -> Judgement:
    """Return a judgement as it is read; few differ."""
    return Judgement(Actor(actor), counts, score, certainty, reasons)


def _text(reasons: Any) -> str:
    """Return JSON as we write it: SQLite gives it back as it is, PostgreSQL as it understood it."""
    return reasons.replace(" ", "") if isinstance(reasons, str) else msgspec.json.encode(reasons).decode()
