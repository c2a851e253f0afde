"""Unsubscribing and coming back: what a recipient's wishes come to, in whatever order they arrive.

All wishes about one sender's lists are kept, and gone through by the time at which they were uttered: a wish
that arrives late undoes nothing that was wished after it. Of two in one moment the unsubscribing counts as
the later one.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from django.db.models import Q

from backstamp.journal import RecordId
from backstamp.policy import SuppressionReason
from backstamp.records.database.tracking_ids import from_database
from backstamp.records.models import Event, ListWish, Recipient, Suppression
from backstamp.records.suppression import suppression_list
from backstamp.records.suppression.suppression_list import Entry
from backstamp.vocabulary import EventType

MOST_KEPT: Final = 64
"""Wishes of one recipient to one sender; of more the ones that change nothing go first."""

Person = tuple[bytes, str]
"""Recipient key, and the sender's domain."""


class Settled(msgspec.Struct, frozen=True):
    """Which wishes are on timelines from now on, and which are not any more: one from before them arrived."""

    told: list[ListWish]
    untold: list[ListWish]


class _Found(msgspec.Struct):
    """What a person's wishes come to.

    When they came back last, the wish since which they are unsubscribed, the wishes that belong on timelines,
    and those that change nothing.
    """

    came_back: datetime | None = None
    unsubscribed: ListWish | None = None
    worth_telling: list[ListWish] = []
    idle: list[ListWish] = []


def settle(wishes: Iterable[ListWish]) -> Settled:
    """Keep new wishes, see that the list says what all wishes come to, and return what to tell of them."""
    by_person: dict[Person, list[ListWish]] = {}
    for wish in wishes:
        by_person.setdefault((bytes(wish.recipient_key), wish.domain), []).append(wish)
    settled = Settled([], [])
    for person, new in by_person.items():
        _settle(person, new, settled)
    return settled


def _settle(person: Person, new: Sequence[ListWish], settled: Settled) -> None:
    kept = {(wish.producer, wish.position): wish for wish in (*new, *_kept(person))}
    wishes = sorted(kept.values(), key=_order)
    found = _gone_through(wishes)
    _list(person, found, wishes)
    worth_telling = {id(wish) for wish in found.worth_telling}
    changed = [wish for wish in wishes if wish.told != (id(wish) in worth_telling)]
    for wish in changed:
        wish.told = not wish.told
        (settled.told if wish.told else settled.untold).append(wish)
    for wish in _too_many(wishes, found):
        wishes.remove(wish)
        if wish.pk is not None:
            wish.delete()
    ListWish.objects.bulk_update((wish for wish in changed if wish.pk is not None), ["told"])
    ListWish.objects.bulk_create(wish for wish in wishes if wish.pk is None)


def _kept(person: Person) -> Iterable[ListWish]:
    key, domain = person
    return ListWish.objects.filter(recipient_key=key, domain=domain)


def _order(wish: ListWish) -> tuple[Any, ...]:
    return wish.at, wish.unsubscribe, _evidence_of(wish), wish.producer, wish.position


def _gone_through(wishes: Sequence[ListWish]) -> _Found:
    found = _Found()
    told: set[tuple[int, int]] = set()
    for wish in wishes:
        if not wish.unsubscribe:
            if found.came_back is not None and found.unsubscribed is None:
                found.idle.append(wish)
            found.came_back, found.unsubscribed = wish.at, None
            continue
        copy = wish.tracking_id, wish.recipient_index
        if found.unsubscribed is None or copy not in told:
            found.worth_telling.append(wish)
        else:
            found.idle.append(wish)
        found.unsubscribed = found.unsubscribed or wish
        told.add(copy)
    return found


def _list(person: Person, found: _Found, wishes: Iterable[ListWish]) -> None:
    """See that the list has the entry, or has none from before the recipient came back."""
    key, domain = person
    if found.came_back is not None:
        theirs = Q(recipient_key=key, domain=domain, reason=SuppressionReason.UNSUBSCRIBED)
        Suppression.objects.filter(theirs, since__lt=found.came_back).delete()
    if found.unsubscribed is not None:
        suppression_list.keep_earliest(
            Entry(
                address=address_of(key, ((wish.tracking_id, wish.recipient_index) for wish in wishes)),
                recipient_key=key,
                reason=SuppressionReason.UNSUBSCRIBED,
                since=found.unsubscribed.at,
                domain=domain,
                evidence=_evidence_of(found.unsubscribed),
            )
        )


def _too_many(wishes: Sequence[ListWish], found: _Found) -> list[ListWish]:
    """Return the wishes that need not be kept: first those that change nothing, the latest of them first."""
    if len(wishes) <= MOST_KEPT:
        return []
    idle = {id(wish) for wish in found.idle}
    standing = {id(found.unsubscribed)}
    standing.update(id(wish) for wish in wishes if not wish.unsubscribe and wish.at == found.came_back)
    others = [wish for wish in wishes if id(wish) not in idle | standing]
    return [*reversed(found.idle), *others][: len(wishes) - MOST_KEPT]


def take_off_timelines(untold: Iterable[ListWish]) -> None:
    """Delete the events of wishes."""
    for wish in untold:
        events = Event.objects.filter(message_id=wish.tracking_id, type=EventType.UNSUBSCRIBED)
        events.filter(at=wish.at, producer=wish.producer, position=wish.position).delete()


def evidence(at: datetime, shown: str, tracking_id: int) -> str:
    """Return when, how and from which message something was wished; `shown` is empty for one click."""
    how = f'on their own page, below the words "{shown}"' if shown else "one click (RFC 8058)"
    return f"{at:%Y-%m-%d %H:%M:%S} UTC, {how}; from message {tracking_id:016x}"


def _evidence_of(wish: ListWish) -> str:
    return evidence(wish.at, wish.shown, from_database(wish.tracking_id))


def address_of(key: bytes, copies: Iterable[tuple[int, int]]) -> str:
    """Return a recipient's address as these copies say it, or "" where no message of them is on record."""
    wanted = set(copies)
    rows = Recipient.objects.filter(message__in={message for message, _ in wanted}, recipient_key=key)
    known = rows.order_by("message", "index").values_list("message_id", "index", "address")
    return next((address for message, index, address in known if (message, index) in wanted), "")


def id_of(wish: ListWish) -> RecordId:
    """Return the journal's record that a wish was."""
    return RecordId(wish.producer, wish.position)
