"""What the console reads: the list of messages, one message's timeline, and the policy's rows.

Every function here costs a fixed number of queries, however many messages, recipients or events there are.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from backstamp.records.models import DeliveryState, Event, Link, Message, Recipient
from backstamp.records.tracking_ids import from_text, to_text
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import PEOPLE, Actor, EventType

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
class Tally:
    """Events of a message counted by what was fetched and by whom.

    `counted` leaves out what does not count (a HEAD request); `seen` holds all.
    """

    counted: Mapping[tuple[EventType, Actor], int]
    seen: Mapping[tuple[EventType, Actor], int]

    def by(self, actor: Actor) -> int:
        """Return how many fetches an actor made, of image and links together."""
        return sum(number for (_, who), number in self.seen.items() if who is actor)

    @property
    def by_people(self) -> int:
        """All fetches by people, those that do not count included."""
        return sum(self.by(actor) for actor in PEOPLE)

    @property
    def prefetches(self) -> int:
        """Fetches in advance by mail services."""
        return self.by(Actor.PREFETCH)

    @property
    def machines(self) -> int:
        """Fetches by scanners and preview bots."""
        return self.by(Actor.SCANNER) + self.by(Actor.PREVIEW_BOT)

    @property
    def unknowns(self) -> int:
        """Fetches by somebody or something."""
        return self.by(Actor.UNKNOWN)

    @property
    def unclear_opens(self) -> int:
        """Loads of the image that may have been a person's."""
        return self.counted.get((EventType.OPENED, Actor.UNKNOWN), 0)

    @property
    def unclear_clicks(self) -> int:
        """Fetches of links that may have been a person's."""
        return self.counted.get((EventType.CLICKED, Actor.UNKNOWN), 0)

    @property
    def own(self) -> int:
        """Fetches by the sender."""
        return self.by(Actor.SELF)

    @property
    def accesses(self) -> int:
        """All fetches, by whomever."""
        return sum(self.seen.values())


@dataclass(frozen=True)
class RecipientTotals:
    """All recipients of a message, counted.

    `opened` and `clicked` are numbers of recipients; `somebody_opened` and `somebody_clicked` say the same
    of hits that name no recipient. `implied` counts opens known by something else than the image.
    `human_opens` and `human_clicks` are how often, the same fetch twice left out.
    """

    number: int = 0
    opened: int = 0
    clicked: int = 0
    implied: int = 0
    measurable: int = 0
    human_opens: int = 0
    human_clicks: int = 0
    somebody_opened: bool = False
    somebody_clicked: bool = False
    deliveries: tuple[tuple[DeliveryState, int], ...] = ()

    @property
    def any_opened(self) -> bool:
        """Whether anybody opened it."""
        return self.opened > 0 or self.somebody_opened

    @property
    def any_on_its_way(self) -> bool:
        """Whether a copy was sent or may still be: else nobody can open it."""
        lost = (DeliveryState.REJECTED, DeliveryState.BOUNCED)
        return any(state not in lost for state, _ in self.deliveries)

    @property
    def any_clicked(self) -> bool:
        """Whether anybody clicked a link."""
        return self.clicked > 0 or self.somebody_clicked


@dataclass(frozen=True)
class MessageSummary:
    """A message with what its recipients and events say at a glance; `recipients` are the first few."""

    message: Message
    recipients: tuple[Recipient, ...]
    totals: RecipientTotals
    tally: Tally

    @property
    def more_recipients(self) -> int:
        """How many recipients are not among those shown."""
        return max(0, self.totals.number - len(self.recipients))

    @property
    def implied_only(self) -> bool:
        """Whether every open is known by something else than the image (a click, a reply)."""
        return 0 < self.totals.opened == self.totals.implied

    @property
    def likely_only(self) -> bool:
        """Whether all that fetched the image for people was a mail service's proxy."""
        opens = self.tally.counted
        return (
            not self.implied_only
            and opens.get((EventType.OPENED, Actor.HUMAN), 0) == 0
            and opens.get((EventType.OPENED, Actor.PROXIED_HUMAN), 0) > 0
        )

    @property
    def measurable(self) -> bool:
        """Whether an open of at least one recipient could be seen."""
        return self.totals.measurable > 0 or self.totals.number == 0


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
    return MessagePage(_summaries(shown, RECIPIENTS_IN_LIST), older)


def message_detail(tracking_id: int) -> MessageDetail | None:
    """Return everything about one message, or None where there is none. `tracking_id` is the stored form."""
    message = Message.objects.filter(tracking_id=tracking_id).first()
    if message is None:
        return None
    (summary,) = _summaries([message], RECIPIENTS_SHOWN)
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


def _summaries(messages: list[Message], recipients_each: int) -> tuple[MessageSummary, ...]:
    keys = [message.tracking_id for message in messages]
    recipients: dict[int, list[Recipient]] = {key: [] for key in keys}
    for recipient in Recipient.objects.filter(message__in=keys, index__lt=recipients_each):
        recipients[recipient.message_id].append(recipient)
    totals = _recipient_totals(keys)
    tallies = _tallies(keys)
    return tuple(
        MessageSummary(
            message,
            tuple(recipients[message.tracking_id]),
            totals.get(message.tracking_id, RecipientTotals()),
            tallies[message.tracking_id],
        )
        for message in messages
    )


def _recipient_totals(keys: list[int]) -> dict[int, RecipientTotals]:
    nobody = Q(index=NO_RECIPIENT)
    opened, clicked = Q(opened_at__isnull=False), Q(clicked_at__isnull=False)
    groups = (
        Recipient.objects.filter(message__in=keys)
        .order_by()
        .values("message_id", "delivery")
        .annotate(
            number=Count("pk", filter=~nobody),
            opened=Count("pk", filter=opened & ~nobody),
            clicked=Count("pk", filter=clicked & ~nobody),
            implied=Count("pk", filter=opened & Q(open_is_implied=True) & ~nobody),
            measurable=Count("pk", filter=Q(open_is_measurable=True)),
            opens=Sum("human_opens"),
            clicks=Sum("human_clicks"),
            somebody_opened=Count("pk", filter=opened & nobody),
            somebody_clicked=Count("pk", filter=clicked & nobody),
        )
    )
    by_message: dict[int, dict[DeliveryState, Any]] = {}
    for group in groups:
        by_message.setdefault(group["message_id"], {})[DeliveryState(group["delivery"])] = group
    return {key: _add_up(by_state) for key, by_state in by_message.items()}


def _add_up(by_state: Mapping[DeliveryState, Any]) -> RecipientTotals:
    def total(name: str) -> int:
        return sum(group[name] for group in by_state.values())

    worst_first = [state for state in reversed(DeliveryState) if state in by_state]
    return RecipientTotals(
        number=total("number"),
        opened=total("opened"),
        clicked=total("clicked"),
        implied=total("implied"),
        measurable=total("measurable"),
        human_opens=total("opens"),
        human_clicks=total("clicks"),
        somebody_opened=total("somebody_opened") > 0,
        somebody_clicked=total("somebody_clicked") > 0,
        deliveries=tuple(
            (state, by_state[state]["number"]) for state in worst_first if by_state[state]["number"]
        ),
    )


def _tallies(keys: list[int]) -> dict[int, Tally]:
    counted: dict[int, Counter[tuple[EventType, Actor]]] = {key: Counter() for key in keys}
    seen: dict[int, Counter[tuple[EventType, Actor]]] = {key: Counter() for key in keys}
    fetches = Event.objects.filter(message__in=keys, type__in=(EventType.OPENED, EventType.CLICKED))
    groups = fetches.order_by().values("message_id", "type", "actor", "counts").annotate(number=Count("pk"))
    for group in groups:
        what = EventType(group["type"]), Actor(group["actor"])
        seen[group["message_id"]][what] += group["number"]
        if group["counts"]:
            counted[group["message_id"]][what] += group["number"]
    return {key: Tally(counted[key], seen[key]) for key in keys}


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
