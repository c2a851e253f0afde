"""news: a listing on a link of a message, and to whom of its recipients it is news."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from backstamp.records.alerting import Occurrence, Person
from backstamp.records.alerting.occurrences import MACHINES, RECEIVED, host_of
from backstamp.records.database.instants import microseconds
from backstamp.records.looking_back.listings import Listing
from backstamp.records.looking_back.said_before import Link, Receiver, Said, Told
from backstamp.threats import ThreatReason
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import Actor, AlertRule, EventType

FOLLOWED: Final = frozenset({EventType.CLICKED, EventType.ALLOWED, EventType.CLICKED_THROUGH})
LED_ON: Final = frozenset({EventType.CLICKED, EventType.ALLOWED})
_STILL_COMING_US: Final = 86_400_000_000
"""So long after a finding, clicks of before it may still be on their way through the journal."""


class Listed(NamedTuple):
    """A URL of a link that falls under a listing, by itself or by one inside it."""

    url: str
    expression: str
    reason: ThreatReason
    allowed_in: frozenset[str]
    """The scopes of own lists that allow the URL which is listed."""
    blocked_in: str | None
    """That of the own list which blocks it; None where another list names it."""

    def concerns(self, recipient: Receiver) -> bool:
        """Whether no own list that has the say allows it to the recipient; as at a click."""
        if self.blocked_in is None:
            return self.allowed_in.isdisjoint(recipient.scopes)
        return self.allowed_in.isdisjoint(recipient.narrower(self.blocked_in))


class LinkEvent(NamedTuple):
    """What was done with a link, and by which of the message's recipients (`place`)."""

    place: int
    type: EventType
    actor: Actor
    at_us: int


class News(NamedTuple):
    """What may be news of a link, and to whom. `source` is under which name it is noted now.

    `told` is who is in an alert about mail of before already, where it was noted before or allowed until now;
    since `allowed_since_us`, None where it was not allowed.
    """

    link: Link
    listed: Listed
    receivers: Sequence[Receiver]
    said: Sequence[Said]
    source: str
    events: Sequence[LinkEvent]
    told: frozenset[Told]
    allowed_since_us: int | None

    def heard_us(self, receiver: Receiver) -> int | None:
        """Return when a recipient was last told as much as this; None where it is news to them."""
        heard = [
            each.at_us
            for each in self.said
            if (each.is_certain or each.source == self.source) and each.is_about(receiver)
        ]
        if self.allowed_since_us is not None:
            if self._is_told(receiver.place, RECEIVED):
                return max((each.at_us for each in self.said), default=0)
            # What was said of the link meanwhile was said to others.
            heard = [at_us for at_us in heard if at_us < self.allowed_since_us]
        return max(heard, default=None)

    def events_for(self, receivers: Iterable[Receiver]) -> list[LinkEvent]:
        """Return what was done with the link and is worth telling of these.

        Of who was told of the link before that is only what led somebody on since; or before, but it is
        known only now: a click may be ingested after what the list says.
        """
        heard = {each.place: self.heard_us(each) for each in receivers}
        return [
            event
            for event in self.events
            # Who read a copy that names nobody could be any of them.
            if any(
                at_us is None or self._is_new(event, at_us)
                for place, at_us in heard.items()
                if event.place in (place, NO_RECIPIENT)
            )
        ]

    def _is_new(self, event: LinkEvent, heard_us: int) -> bool:
        if event.type not in LED_ON or event.actor in MACHINES:
            return False
        noted_us = max((each.at_us for each in self.said if each.source == self.source), default=None)
        if noted_us is None:
            return event.at_us > heard_us
        came_late = event.at_us > noted_us - _STILL_COMING_US
        return came_late and not self._is_told(event.place, event.type.value)

    def _is_told(self, place: int, act: str) -> bool:
        """Whether an alert says so of this mail and this link's host; one of another link says nothing."""
        return Told(self.link[0], place, act, host_of(self.listed.url)) in self.told


def occurrences(news: News, listing: Listing, now: datetime) -> Iterator[Occurrence]:
    """Yield one occurrence for each domain in which it is news to somebody."""
    by_domain: dict[str, list[Receiver]] = defaultdict(list)
    for receiver in news.receivers:
        if receiver.place != NO_RECIPIENT and news.listed.concerns(receiver):
            by_domain[receiver.domain].append(receiver)
    for domain, theirs in by_domain.items():
        unaware = [each for each in theirs if news.heard_us(each) is None]
        addresses = {each.place: each.address for each in theirs}
        seen = news.events_for(theirs)
        acts = [
            Person(news.link[0], event.place, addresses.get(event.place, ""), event.type.value, event.at_us)
            for event in seen
            if event.actor not in MACHINES
        ]
        if not unaware and not acts:
            continue
        people = [
            Person(news.link[0], each.place, each.address, RECEIVED, each.queued_us) for each in unaware
        ]
        followed = any(act.act in FOLLOWED for act in acts)
        yield Occurrence(
            rule=AlertRule.CLICKED_BEFORE if followed else AlertRule.RECEIVED_BEFORE,
            domain=domain,
            host=host_of(news.listed.url),
            at_us=microseconds(now),
            url=news.listed.url,
            message=news.link[0],
            threat=listing.threat.value,
            reason=news.listed.reason.value,
            source=listing.source,
            since_us=listing.since_us,
            machines=sum(event.actor in MACHINES for event in seen),
            people=(*acts, *people),
        )
