"""Messages with what their recipients and events say at a glance, counted by the database.

The number of queries is fixed, however many messages, recipients or events there are.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, Sum

from backstamp.records.models import DeliveryState, Message, MessageRollup, Recipient
from backstamp.records.tally import Fetches
from backstamp.records.tally import read as read_tally
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import PEOPLE, Actor, EventType


@dataclass(frozen=True)
class Tally:
    """Events of a message counted by what was fetched and by whom.

    `counted` leaves out what does not count (a HEAD request); `seen` holds all. `fetches` are the same link
    by link.
    """

    counted: Mapping[tuple[EventType, Actor], int]
    seen: Mapping[tuple[EventType, Actor], int]
    fetches: tuple[Fetches, ...] = ()

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
    `possible` are the recipients that opened or may have: of `measured`
    ones, whose opens can be seen and whose copies were not refused, `opened` to `possible` did.
    `human_opens` and `human_clicks` are how often, the same fetch twice left out.
    """

    number: int = 0
    opened: int = 0
    clicked: int = 0
    implied: int = 0
    measurable: int = 0
    measured: int = 0
    possible: int = 0
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
    def opened_range(self) -> str:
        """How many recipients opened it: as many as are known, or from those to as many as may have."""
        return f"{self.opened}" if self.possible <= self.opened else f"{self.opened} to {self.possible}"

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


def summaries(messages: list[Message], recipients_each: int) -> tuple[MessageSummary, ...]:
    """Return a summary for each message, with its first `recipients_each` recipients."""
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
    lost = Q(delivery__in=(DeliveryState.REJECTED, DeliveryState.BOUNCED))
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
            measured=Count("pk", filter=((Q(open_is_measurable=True) & ~lost) | opened) & ~nobody),
            possible=Count("pk", filter=(opened | Q(unknown_hits__gt=0)) & ~nobody),
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
        measured=total("measured"),
        possible=total("possible"),
        human_opens=total("opens"),
        human_clicks=total("clicks"),
        somebody_opened=total("somebody_opened") > 0,
        somebody_clicked=total("somebody_clicked") > 0,
        deliveries=tuple(
            (state, by_state[state]["number"]) for state in worst_first if by_state[state]["number"]
        ),
    )


def _tallies(keys: list[int]) -> dict[int, Tally]:
    rollups = MessageRollup.objects.filter(pk__in=keys).values_list("pk", "tally")
    found = {key: tuple(read_tally(tally)) for key, tally in rollups}
    return {key: _tally(found.get(key, ())) for key in keys}


def _tally(fetches: tuple[Fetches, ...]) -> Tally:
    counted: Counter[tuple[EventType, Actor]] = Counter()
    seen: Counter[tuple[EventType, Actor]] = Counter()
    for each in fetches:
        if each.type not in (EventType.OPENED, EventType.CLICKED):
            continue
        seen[each.type, each.actor] += each.number
        if each.counts:
            counted[each.type, each.actor] += each.number
    return Tally(counted, seen, fetches)
