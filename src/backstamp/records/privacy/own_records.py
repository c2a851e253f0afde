"""A recipient's own records in words, to be mailed to the address that they are about; and who asked."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from backstamp.policy import ConsentState
from backstamp.records.models import Consent, Event, Message, Recipient, RecordsRequest, Suppression
from backstamp.records.privacy.wishes import RECORDS_EVERY
from backstamp.tokens.sealing import NO_RECIPIENT

MOST_REQUESTS: Final = 100
MOST_MESSAGES: Final = 500
MOST_EVENTS: Final = 2000
"""A mail of this many lines has some 200 KB; the newest are in it, and the mail says that there are more."""


class Asked(msgspec.Struct, frozen=True):
    """A request: its number, the address to which its records go, whose they are, and the language."""

    pk: int
    address: str
    recipient_key: bytes
    language: str


def asked_for(now: datetime, after: int = 0) -> list[Asked]:
    """Return requests that wait, by their numbers: those above `after`, then the others; of each a hundred.

    Those of a day ago are given up.

    Requests whose copy is not on record any more are done: nobody knows the address.
    """
    RecordsRequest.objects.filter(asked_at__lt=now - 2 * RECORDS_EVERY).delete()
    found: list[Asked] = []
    rows = RecordsRequest.objects.filter(done_at=None, asked_at__gt=now - RECORDS_EVERY)
    for some in (rows.filter(pk__gt=after), rows.filter(pk__lte=after)):
        found += _addressed(some.order_by("pk")[:MOST_REQUESTS], now)
    return found


def _addressed(rows: Iterable[RecordsRequest], now: datetime) -> Iterator[Asked]:
    for row in rows:
        key = bytes(row.recipient_key)
        address = (
            Recipient.objects.filter(message=row.tracking_id, index=row.recipient_index, recipient_key=key)
            .values_list("address", flat=True)
            .first()
        )
        if address:
            yield Asked(row.pk, address, key, row.language)
        else:
            done(row.pk, now)


def done(pk: int, now: datetime) -> None:
    """Note that a request was granted, or never can be."""
    RecordsRequest.objects.filter(pk=pk).update(done_at=now)


def lines(recipient_key: bytes, address: str) -> Iterator[str]:
    """Yield all that is on record of a recipient, a line each: lists, consent, messages and their events.

    Only copies that went to this very address: a pseudonym of 64 bits could be somebody else's by chance.
    """
    for entry in Suppression.objects.filter(recipient_key=recipient_key):
        whose = entry.domain or "every domain"
        yield f"{_time(entry.since)}  no mail from {whose}: {entry.reason}. {entry.evidence}"
    for consent in Consent.objects.filter(recipient_key=recipient_key):
        yield (
            f"{_time(consent.recorded_at)}  consent: opens {_said(consent.opens)}, "
            f"links {_said(consent.links)}. {consent.evidence}"
        )
    copies = (
        Recipient.objects.filter(recipient_key=recipient_key, address__iexact=address)
        .exclude(index=NO_RECIPIENT)
        .select_related("message")
        .order_by("-message__queued_at")
    )
    left = MOST_EVENTS
    for number, copy in enumerate(copies[: MOST_MESSAGES + 1]):
        if number == MOST_MESSAGES or left <= 0:
            yield "... (older records are not in this mail)"
            return
        yield from _of_copy(copy.message, copy.index, left)
        left -= Event.objects.filter(message_id=copy.message_id, recipient_index=copy.index).count()


def _of_copy(message: Message, index: int, most: int) -> Iterator[str]:
    yield ""
    yield f"{_time(message.queued_at)}  mail from {_line(message.sender)}: {_line(message.subject)}"
    events = Event.objects.filter(message_id=message.pk, recipient_index=index).order_by("at", "pk")
    links = dict(message.links.values_list("number", "url"))
    for event in events[:most]:
        yield f"  {_time(event.at)}  {event.type}{_details(event, links)}"


def _details(event: Event, links: dict[int, str]) -> str:
    told: list[Any] = []
    if event.link_number is not None:
        told.append(links.get(event.link_number, f"link {event.link_number}"))
    told += [f"judged to be: {event.actor}"] if event.score or event.reasons else []
    told += [event.client, event.network, event.address, event.detail.get("text")]
    words = "; ".join(_line(str(each)) for each in told if each)
    return f" ({words})" if words else ""


def _said(state: str) -> str:
    return ConsentState(state).value if state else "nothing said"


def _line(text: str) -> str:
    """Return a text of somebody else's on one line."""
    return " ".join(text.split())[:500]


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
