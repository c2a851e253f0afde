"""Messages with what their recipients and events say at a glance, counted by the database.

The number of queries is fixed, however many messages, recipients or events there are.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.events.tally import Fetches
from backstamp.records.events.tally import read as read_tally
from backstamp.records.models import DeliveryState, Message, MessageRollup, Recipient
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import PEOPLE, Actor, EventType

_STATES: Final = tuple(DeliveryState)
_SOMEBODY: Final = f'r."index" = {NO_RECIPIENT}'
"""What hits that name no recipient are counted to."""
_SEEN: Final = (
    f"r.open_is_measurable AND r.delivery NOT IN ('{DeliveryState.REJECTED}', '{DeliveryState.BOUNCED}')"
)


def _count(condition: str, somebody: bool = False) -> str:
    return f"COUNT(*) FILTER (WHERE ({condition}) AND {'' if somebody else 'NOT '}{_SOMEBODY})"


# The ORM made this anew for 2.8 ms of each page: a third of a message's.
_GROUPS: Final = (
    "SELECT r.message_id, r.delivery, "
    f"{_count('TRUE')}, {_count('r.opened_at IS NOT NULL')}, {_count('r.clicked_at IS NOT NULL')}, "
    f"{_count('r.opened_at IS NOT NULL AND r.open_is_implied')}, "
    "COUNT(*) FILTER (WHERE r.open_is_measurable), "
    f"{_count(f'({_SEEN}) OR r.opened_at IS NOT NULL')}, "
    f"{_count(f'({_SEEN} AND r.unknown_hits > 0) OR r.opened_at IS NOT NULL')}, "
    "SUM(r.human_opens), SUM(r.human_clicks), "
    f"{_count('r.opened_at IS NOT NULL', True)}, {_count('r.clicked_at IS NOT NULL', True)} "
    "FROM keys CROSS JOIN records_recipient r WHERE r.message_id = keys.m GROUP BY r.message_id, r.delivery"
)


class _Group(NamedTuple):
    """Recipients of a message in the same state of delivery, counted."""

    delivery: str
    number: int
    opened: int
    clicked: int
    implied: int
    measurable: int
    measured: int
    possible: int
    human_opens: int
    human_clicks: int
    somebody_opened: int
    somebody_clicked: int


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
        """Fetches of which it is unclear who made them."""
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
    ones, whose opens can be seen and whose copies were not refused, `opened` to `possible` did. Who opened is
    among these.
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
    def opened_of(self) -> str:
        """How many recipients opened it, of those of whom it can be known.

        Where opens are not tracked, clicks and answers show some; the whole is then all recipients.
        """
        whole = self.totals.measured if self.message.opens_tracked else self.totals.number
        return f"{self.totals.opened_range} of {whole}"

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
    """Return a summary for each message, with its first `recipients_each` recipients.

    Their roll-ups should have been read with them: each that was not is a query.
    """
    keys = [message.tracking_id for message in messages]
    recipients: dict[int, list[Recipient]] = {key: [] for key in keys}
    for recipient in Recipient.objects.filter(message__in=keys, index__lt=recipients_each):
        recipients[recipient.message_id].append(recipient)
    totals = _recipient_totals(keys)
    return tuple(
        MessageSummary(
            message,
            tuple(recipients[message.tracking_id]),
            totals.get(message.tracking_id, RecipientTotals()),
            _tally(_fetches(message)),
        )
        for message in messages
    )


def _recipient_totals(keys: list[int]) -> dict[int, RecipientTotals]:
    by_message: dict[int, list[_Group]] = {}
    for message, *group in select_for_keys(_GROUPS, ("m",), ((key,) for key in keys)):
        by_message.setdefault(message, []).append(_Group(*group))
    return {key: _add_up(groups) for key, groups in by_message.items()}


def _add_up(groups: list[_Group]) -> RecipientTotals:
    worst_first = sorted(groups, key=lambda group: _STATES.index(group.delivery), reverse=True)
    return RecipientTotals(
        number=sum(group.number for group in groups),
        opened=sum(group.opened for group in groups),
        clicked=sum(group.clicked for group in groups),
        implied=sum(group.implied for group in groups),
        measurable=sum(group.measurable for group in groups),
        measured=sum(group.measured for group in groups),
        possible=sum(group.possible for group in groups),
        human_opens=sum(group.human_opens for group in groups),
        human_clicks=sum(group.human_clicks for group in groups),
        somebody_opened=any(group.somebody_opened for group in groups),
        somebody_clicked=any(group.somebody_clicked for group in groups),
        deliveries=tuple((DeliveryState(g.delivery), g.number) for g in worst_first if g.number),
    )


def _fetches(message: Message) -> tuple[Fetches, ...]:
    rollup: MessageRollup | None = getattr(message, "rollup", None)
    return () if rollup is None else tuple(read_tally(rollup.tally))


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
