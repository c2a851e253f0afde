"""What the console reads: the list of messages, one message's timeline, and the policy's rows.

Every function here costs a fixed number of queries, however many messages, recipients or events there are.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from backstamp.records.models import DeliveryState, Event, Link, Message, Recipient
from backstamp.records.summaries import MessageSummary, summaries
from backstamp.records.tracking_ids import from_text, to_text
from backstamp.vocabulary import PEOPLE, EventType

PAGE_SIZE: Final = 25
RECIPIENTS_IN_LIST: Final = 3
RECIPIENTS_SHOWN: Final = 200
LINKS_SHOWN: Final = 300
EVENTS_SHOWN: Final = 500
"""Bounds of one page, so that a mail to thousands, or one that a scanner hammers, cannot fill memory."""

SEARCH_LIMIT: Final = 200
"""Longest search text, in characters."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PROBLEMS: Final = (DeliveryState.DEFERRED, DeliveryState.REJECTED, DeliveryState.BOUNCED)


class ListFilter(StrEnum):
    """Which messages a list shows."""

    ALL = "all"
    OPENED = "opened"
    NOT_OPENED = "not-opened"
    CLICKED = "clicked"
    PROBLEM = "problem"
    UNTRACKED = "untracked"


@dataclass(frozen=True)
class MessagePage:
    """A page of the list; `older` is the cursor of the next one, or empty."""

    rows: tuple[MessageSummary, ...]
    older: str


@dataclass(frozen=True)
class LinkCount:
    """A tracked link with its clicks: by people, and by anything else."""

    link: Link
    people: int
    others: int


@dataclass(frozen=True)
class MessageDetail:
    """All that the page of one message shows.

    `events` are the newest `EVENTS_SHOWN`, oldest first; `earlier_events` counts those left out.
    """

    summary: MessageSummary
    links: tuple[LinkCount, ...]
    link_count: int
    events: tuple[Event, ...]
    earlier_events: int


def message_page(*, search: str = "", which: ListFilter = ListFilter.ALL, before: str = "") -> MessagePage:
    """Return the newest messages that fit, at most `PAGE_SIZE`; `before` is the `older` of a former page.

    Raises `ValueError` for a cursor that is none.
    """
    messages = _filtered(_found(Message.objects.all(), search[:SEARCH_LIMIT].strip()), which)
    if before:
        at, tracking_id = _read_cursor(before)
        messages = messages.filter(Q(queued_at__lt=at) | Q(queued_at=at, tracking_id__gt=tracking_id))
    found = list(messages.order_by("-queued_at", "tracking_id").defer("manifest")[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    older = _cursor(shown[-1]) if len(found) > PAGE_SIZE else ""
    return MessagePage(summaries(shown, RECIPIENTS_IN_LIST), older)


def message_detail(tracking_id: int) -> MessageDetail | None:
    """Return everything about one message, or None where there is none. `tracking_id` is the stored form."""
    message = Message.objects.filter(tracking_id=tracking_id).first()
    if message is None:
        return None
    (summary,) = summaries([message], RECIPIENTS_SHOWN)
    events = list(message.events.order_by("-at", "-producer", "-position").defer("hit")[:EVENTS_SHOWN])
    link_counts = Counter[tuple[int | None, bool]]()
    clicks = message.events.filter(type=EventType.CLICKED).values("link_number", "actor", "counts")
    for row in clicks.annotate(number=Count("pk")):
        by_people = row["actor"] in PEOPLE and row["counts"]
        link_counts[row["link_number"], by_people] += row["number"]
    links = list(message.links.all()[:LINKS_SHOWN])
    return MessageDetail(
        summary=summary,
        links=tuple(
            LinkCount(link, link_counts[link.number, True], link_counts[link.number, False]) for link in links
        ),
        link_count=message.links.count(),
        events=tuple(reversed(events)),
        earlier_events=max(0, message.events.count() - len(events)),
    )


def _found(messages: QuerySet[Message], search: str) -> QuerySet[Message]:
    if not search:
        return messages
    addressed = Recipient.objects.filter(message=OuterRef("pk"), address__icontains=search)
    return messages.filter(
        Q(subject__icontains=search)
        | Q(sender__icontains=search)
        | Q(message_id__icontains=search.strip("<>"))
        | Exists(addressed)
    )


def _filtered(messages: QuerySet[Message], which: ListFilter) -> QuerySet[Message]:
    recipients = Recipient.objects.filter(message=OuterRef("pk"))
    match which:
        case ListFilter.ALL:
            return messages
        case ListFilter.OPENED:
            return messages.filter(Exists(recipients.filter(opened_at__isnull=False)))
        case ListFilter.NOT_OPENED:
            return messages.filter(~Exists(recipients.filter(opened_at__isnull=False)), opens_tracked=True)
        case ListFilter.CLICKED:
            return messages.filter(Exists(recipients.filter(clicked_at__isnull=False)))
        case ListFilter.PROBLEM:
            return messages.filter(Exists(recipients.filter(delivery__in=_PROBLEMS)))
        case ListFilter.UNTRACKED:
            return messages.filter(opens_tracked=False, links_tracked=False)


def _cursor(message: Message) -> str:
    microseconds = (message.queued_at - _EPOCH) // timedelta(microseconds=1)
    return f"{microseconds}.{to_text(message.tracking_id)}"


def _read_cursor(text: str) -> tuple[datetime, int]:
    microseconds, _, key = text.partition(".")
    if not (microseconds.isascii() and microseconds.isdigit() and len(microseconds) <= 17):
        raise ValueError("not a cursor of this list")
    return _EPOCH + timedelta(microseconds=int(microseconds)), from_text(key)
