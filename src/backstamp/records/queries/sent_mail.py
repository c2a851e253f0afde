"""Sent mail: the list of messages, and one message with its timeline.

Every function here costs a fixed number of queries, however many messages, recipients or events there are.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.db.models import Q, QuerySet

from backstamp.records.database.instants import instant, stored
from backstamp.records.database.keyed_selects import limited_for_keys, select_for_keys
from backstamp.records.events.judgements import spelled_out
from backstamp.records.models import Event, Link, Message, MessageRollup, Recipient
from backstamp.records.queries.keyset import NewestFirst
from backstamp.records.queries.pagination import SHOWN, Asked, Part, Place, part_of, read_place, recipients_of
from backstamp.records.queries.search import SEARCH_LIMIT, first_found
from backstamp.records.queries.summaries import MessageSummary, summaries
from backstamp.vocabulary import PEOPLE, EventType

PAGE_SIZE: Final = 25
RECIPIENTS_IN_LIST: Final = 3
EVENTS_SHOWN: Final = 500
"""Bound of one page, so that a mail that a scanner hammers cannot fill memory."""

MANY_EVENTS: Final = 5000
"""Events of a message up to which reading and sorting them all is cheapest."""

BY_QUEUE: Final = NewestFirst("queued_at", "message_id", highest_first=False)
"""The order of the list, of roll-ups."""
_FIRST: Final = Asked()


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

    `recipients` and `link_part` are pages of them, `links` what is on the latter with its clicks. `events`
    are the newest `EVENTS_SHOWN` before the place asked for, oldest first, and `more_events` says that there
    are earlier ones; `people` are their recipients by index, `targets` their links by number.
    """

    summary: MessageSummary
    recipients: Part[Recipient]
    link_part: Part[Link]
    links: tuple[LinkCount, ...]
    events: tuple[Event, ...]
    more_events: bool
    people: Mapping[int, Recipient]
    targets: Mapping[int, Link]


def message_page(
    *, search: str = "", which: ListFilter = ListFilter.ALL, before: str = "", size: int = PAGE_SIZE
) -> MessagePage:
    """Return the newest messages that fit, at most `size`; `before` is the `older` of a former page.

    Raises `ValueError` for a cursor that is none.
    """
    rollups = BY_QUEUE.rows(_filtered(MessageRollup.objects.all(), which), before)
    words = search[:SEARCH_LIMIT].strip().lower()
    if words:
        # Only of these few the rows are read, for they are wide.
        rollups = rollups.filter(pk__in=first_found(rollups, words, size + 1))
    found = list(rollups.select_related("message").defer("message__manifest")[: size + 1])
    shown, older = BY_QUEUE.page(found, size)
    return MessagePage(summaries([rollup.message for rollup in shown], RECIPIENTS_IN_LIST), older)


def message_detail(tracking_id: int, asked: Asked = _FIRST) -> MessageDetail | None:
    """Return everything about one message, or None where there is none. `tracking_id` is the stored form.

    Raises `ValueError` where events are asked for before a place that is none.
    """
    before = read_place(asked.before) if asked.before else None
    message = Message.objects.filter(tracking_id=tracking_id).select_related("rollup").first()
    if message is None:
        return None
    (summary,) = summaries([message], SHOWN)
    link_counts = Counter[tuple[int | None, bool]]()
    for fetches in summary.tally.fetches:
        if fetches.type is EventType.CLICKED:
            by_people = fetches.actor in PEOPLE and fetches.counts
            link_counts[fetches.link_number, by_people] += fetches.number
    found = _newest_events(message, sum(fetches.number for fetches in summary.tally.fetches), before)
    events = found[:EVENTS_SHOWN]
    _spell_reasons_out(events)
    recipients = part_of(
        recipients_of(message), asked.recipients, count=summary.totals.number, first=summary.recipients
    )
    links = part_of(message.links.order_by("number"), asked.links)
    return MessageDetail(
        summary=summary,
        recipients=recipients,
        link_part=links,
        links=tuple(
            LinkCount(link, link_counts[link.number, True], link_counts[link.number, False])
            for link in links.rows
        ),
        events=tuple(reversed(events)),
        more_events=len(found) > EVENTS_SHOWN,
        people=_people(message, events, (*summary.recipients, *recipients.rows)),
        targets=_targets(message, events, links.rows),
    )


def _people(message: Message, events: list[Event], at_hand: Iterable[Recipient]) -> dict[int, Recipient]:
    """Return the recipients of events by index."""
    known = {recipient.index: recipient for recipient in at_hand}
    missing = {event.recipient_index for event in events if event.recipient_index is not None} - known.keys()
    rows = message.recipients.filter(index__in=missing) if missing else ()
    return known | {recipient.index: recipient for recipient in rows}


def _targets(message: Message, events: list[Event], at_hand: Iterable[Link]) -> dict[int, Link]:
    """Return the links of events by number."""
    known = {link.number: link for link in at_hand}
    missing = {event.link_number for event in events if event.link_number is not None} - known.keys()
    rows = message.links.filter(number__in=missing) if missing else ()
    return known | {link.number: link for link in rows}


def _newest_events(message: Message, fetches: int, before: Place | None) -> list[Event]:
    """Return the newest events of a message before a place, newest first, one more than are shown.

    Their index is by recipient. Where there are many, the newest of each recipient are looked up first, so
    that a message whose image somebody fetched a million times costs no more than any other.
    """
    events = message.events.order_by("-at", "-producer", "-position")
    earlier = ""
    if before is not None:
        at = instant(before.at_us)
        events = events.filter(at__lte=at).filter(
            Q(at__lt=at)
            | Q(producer__lt=before.producer)
            | Q(producer=before.producer, position__lt=before.position)
        )
        place = f"('{stored(before.at_us)}', '{before.producer}', {before.position})"
        earlier = f" AND (x.at, x.producer, x.position) < {place}"
    wanted = EVENTS_SHOWN + 1
    if fetches > MANY_EVENTS:
        source = limited_for_keys(
            "records_event",
            f"x.message_id = keys.m AND x.recipient_index = keys.r{earlier}",
            "x.at DESC, x.producer DESC, x.position DESC",
            wanted,
        )
        recipients = Recipient.objects.filter(message=message).values_list("message_id", "index")
        newest = heapq.nlargest(
            wanted,
            select_for_keys(
                f"SELECT e.at, e.producer, e.position, e.id {source}", ("m", "r"), recipients.iterator()
            ),
        )
        of_all = events.filter(recipient_index__isnull=True)[:wanted]
        theirs = Event.objects.filter(pk__in=[row[3] for row in newest])
        found = sorted([*of_all, *theirs], key=lambda e: (e.at, e.producer, e.position), reverse=True)
        return found[:wanted]
    return list(events[:wanted])


def _spell_reasons_out(events: Iterable[Event]) -> None:
    """Put in the place of the numbers of reasons what they say."""
    known = spelled_out({id_ for event in events for id_ in _numbers(event)})
    for event in events:
        if _numbers(event):
            event.reasons = [known[id_] for id_ in _numbers(event) if id_ in known]


def _numbers(event: Event) -> list[int]:
    reasons = event.reasons if isinstance(event.reasons, list) else []
    return [reason for reason in reasons if isinstance(reason, int)]


def _filtered(rollups: QuerySet[MessageRollup], which: ListFilter) -> QuerySet[MessageRollup]:
    match which:
        case ListFilter.ALL:
            return rollups
        case ListFilter.OPENED:
            return rollups.filter(opened__gt=0)
        case ListFilter.NOT_OPENED:
            return rollups.filter(opened=0, opens_tracked=True)
        case ListFilter.CLICKED:
            return rollups.filter(clicked__gt=0)
        case ListFilter.PROBLEM:
            return rollups.filter(troubled__gt=0)
        case ListFilter.UNTRACKED:
            return rollups.filter(untracked=True)
