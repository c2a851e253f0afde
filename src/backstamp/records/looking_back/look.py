"""Looking back: when a URL or host becomes known to be bad, who received it, and who followed it before?

Each link of received mail of which a list has not said so before gets a `LinkFinding`, and where nothing else
had said so an alert is raised in the same transaction: whatever is looked for twice, because the first time
broke off, is found once, and what a second list says of the same link alerts nobody again.
"""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime
from typing import Final, NamedTuple

from backstamp.policy import EVERYBODY
from backstamp.records.alerting import Occurrence, Person, raise_alerts
from backstamp.records.alerting.occurrences import MACHINES, RECEIVED, domain_of, host_of
from backstamp.records.database.bulk import append, select_for_keys
from backstamp.records.database.instants import LATEST_US, microseconds, read, stored
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.looking_back.link_expressions import layers_of, stored_digest
from backstamp.records.looking_back.listings import LINKS, Listing
from backstamp.records.looking_back.said_before import Link, Receiver, Said, Told, people_told, said_of
from backstamp.records.models import OwnListEntry
from backstamp.records.rollups.changes import next_version
from backstamp.threats import ThreatReason
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import Actor, AlertRule, EventType

PAGE: Final = 200
"""Messages in a transaction: some tenths of a second, for which ingest may have to wait."""
_FINDING: Final = ("message_id", "number", "threat", "reason", "source", "detail", "found_at")
_FOLLOWED: Final = frozenset({EventType.CLICKED, EventType.ALLOWED, EventType.CLICKED_THROUGH})
LED_ON: Final = frozenset({EventType.CLICKED, EventType.ALLOWED})
_STILL_COMING_US: Final = 86_400_000_000
"""So long after a finding, clicks of before it may still be on their way through the journal."""
_LINK_EVENTS: Final = _FOLLOWED | {EventType.WARNED, EventType.BLOCKED}

_RECIPIENTS: Final = (
    'SELECT r.message_id, r."index", r.address, r.recipient_key, m.queued_at, d.name '
    "FROM keys CROSS JOIN records_recipient r CROSS JOIN records_message m "
    "LEFT JOIN records_senderdomain d ON d.id = m.domain_id "
    "WHERE r.message_id = keys.m AND m.tracking_id = r.message_id ORDER BY r.id"
)
_EVENTS: Final = (
    "SELECT e.message_id, e.link_number, e.recipient_index, e.type, e.actor, e.at "
    "FROM keys CROSS JOIN records_event e WHERE e.message_id = keys.m AND e.counts "
    f"AND e.type IN ({', '.join(repr(type_.value) for type_ in sorted(_LINK_EVENTS))})"
)


class Found(NamedTuple):
    """How many links had a listing on them that was news, and how many alerts are new."""

    links: int = 0
    alerts: int = 0


class _Hit(NamedTuple):
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


class _Event(NamedTuple):
    place: int
    type: EventType
    actor: Actor
    at_us: int


class _News(NamedTuple):
    """What may be news of a link, and to whom. `source` is under which name it is noted now.

    `told` is who is in an alert about mail of before already, where it was noted before or allowed until now;
    since `allowed_since_us`, None where it was not allowed.
    """

    link: Link
    hit: _Hit
    receivers: Sequence[Receiver]
    said: Sequence[Said]
    source: str
    events: Sequence[_Event]
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

    def events_for(self, receivers: Iterable[Receiver]) -> list[_Event]:
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

    def _is_new(self, event: _Event, heard_us: int) -> bool:
        if event.type not in LED_ON or event.actor in MACHINES:
            return False
        noted_us = max((each.at_us for each in self.said if each.source == self.source), default=None)
        if noted_us is None:
            return event.at_us > heard_us
        came_late = event.at_us > noted_us - _STILL_COMING_US
        return came_late and not self._is_told(event.place, event.type.value)

    def _is_told(self, place: int, act: str) -> bool:
        """Whether an alert says so of this mail and this link's host; one of another link says nothing."""
        return Told(self.link[0], place, act, host_of(self.hit.url)) in self.told


def look_back(
    listing: Listing, messages: Collection[int], now: datetime, until_us: Mapping[Link, int] | None = None
) -> Found:
    """Note a listing with the links of some messages, and raise alerts for those to whom it is news.

    Args:
        listing: what is known to be bad now.
        messages: at most `PAGE` of those that `messages_under` gave.
        now: aware UTC.
        until_us: only for these links; of each what was done with it until then.
    """
    with one_at_a_time():
        recipients = _recipients(messages, {listing.scope, listing.lifted_in})
        links = {
            link: hit
            for link, hit in _links(recipients, listing, until_us).items()
            if any(hit.concerns(each) for each in recipients[link[0]])
        }
        if not links:
            return Found()
        said = said_of({link: hit.url for link, hit in links.items()}, listing.threat)
        sources = {link: _source(listing, recipients[link[0]][0]) for link in links}
        new = [link for link in links if all(each.source != sources[link] for each in said[link])]
        at = stored(microseconds(now))
        append(
            "records_linkfinding",
            _FINDING,
            (
                (
                    *(*link, listing.threat.value, links[link].reason.value),
                    *(sources[link], links[link].expression[:500], at),
                )
                for link in new
            ),
        )
        events = _events(links, until_us or {})
        known = links if listing.lifted_in else links.keys() - set(new)
        told = people_told(message for message, _ in known)
        raised = raise_alerts(
            (
                occurrence
                for link, hit in links.items()
                for occurrence in _occurrences(
                    _News(
                        link,
                        hit,
                        recipients[link[0]],
                        said[link],
                        sources[link],
                        events[link],
                        told,
                        listing.allowed_since_us if listing.lifted_in else None,
                    ),
                    listing,
                    now,
                )
            ),
            now,
        )
        if new or raised:
            next_version()
    return Found(len(new), raised)


def _recipients(messages: Iterable[int], scopes: Set[str]) -> dict[int, list[Receiver]]:
    """Return the recipients by message, as far as a listing holds for them."""
    found: dict[int, list[Receiver]] = defaultdict(list)
    places: dict[tuple[int, bytes], int] = {}
    keys = ((message,) for message in messages)
    for message, index, address, key, at, name in select_for_keys(_RECIPIENTS, ("m",), keys):
        first = places.setdefault((message, bytes(key)), index)
        domain = domain_of(address) or name or ""
        recipient = Receiver(index, address, domain, bytes(key), read(at), first)
        if scopes <= recipient.scopes:
            found[message].append(recipient)
    return found


def _links(messages: Iterable[int], listing: Listing, only: Container[Link] | None) -> dict[Link, _Hit]:
    """Return the links that fall under a listing; of `only` these, if some are given."""
    keys = [(message,) for message in messages]
    # What is switched off is so whatever lists allow.
    allowed = {} if listing.reason is ThreatReason.SWITCHED_OFF else _allowed()
    return {
        (message, number): hit
        for message, number, url in select_for_keys(LINKS, ("m",), keys)
        if (only is None or (message, number) in only) and (hit := _hit(url, listing, allowed)) is not None
    }


def _source(listing: Listing, receiver: Receiver) -> str:
    """Return under which name a listing is noted with a link; `receiver` is one for whom it holds."""
    if listing.reason is ThreatReason.OWN_LIST:
        return receiver.own_source(listing.scope)
    return listing.source[:64]


def _hit(url: str, listing: Listing, allowed: Mapping[str, frozenset[int]]) -> _Hit | None:
    """Return how a URL falls under a listing: by itself, or by one inside it that not everybody may visit."""
    for layer in layers_of(url):
        expression = layer.get(listing.digest)
        scopes = frozenset(
            scope for scope, digests in allowed.items() if not digests.isdisjoint(layer.keys())
        )
        is_own = listing.reason is ThreatReason.OWN_LIST
        if expression is not None and (is_own or EVERYBODY not in scopes):
            reason = listing.reason or _reason(expression)
            return _Hit(url, expression, reason, scopes, listing.scope if is_own else None)
    return None


def _allowed() -> dict[str, frozenset[int]]:
    """Return what own lists allow, by scope."""
    found: dict[str, set[int]] = defaultdict(set)
    rows = OwnListEntry.objects.filter(kind=OwnListEntry.Kind.ALLOWED).values_list("scope", "digest")
    for scope, digest in rows:
        found[scope].add(stored_digest(bytes(digest)))
    return {scope: frozenset(digests) for scope, digests in found.items()}


def _reason(expression: str) -> ThreatReason:
    whole_host = expression.find("/") == len(expression) - 1
    return ThreatReason.LISTED_HOST if whole_host else ThreatReason.LISTED_URL


def _events(links: Collection[Link], until_us: Mapping[Link, int]) -> dict[Link, list[_Event]]:
    found: dict[Link, list[_Event]] = defaultdict(list)
    messages = {message for message, _ in links}
    for message, number, index, type_, actor, at in select_for_keys(
        _EVENTS, ("m",), ((m,) for m in messages)
    ):
        link = message, number
        if link in links and read(at) <= until_us.get(link, LATEST_US):
            place = NO_RECIPIENT if index is None else index
            found[link].append(_Event(place, EventType(type_), Actor(actor), read(at)))
    return found


def _occurrences(news: _News, listing: Listing, now: datetime) -> Iterator[Occurrence]:
    """Yield one occurrence for each domain in which it is news to somebody."""
    by_domain: dict[str, list[Receiver]] = defaultdict(list)
    for receiver in news.receivers:
        if receiver.place != NO_RECIPIENT and news.hit.concerns(receiver):
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
        followed = any(act.act in _FOLLOWED for act in acts)
        yield Occurrence(
            rule=AlertRule.CLICKED_BEFORE if followed else AlertRule.RECEIVED_BEFORE,
            domain=domain,
            host=host_of(news.hit.url),
            at_us=microseconds(now),
            url=news.hit.url,
            message=news.link[0],
            threat=listing.threat.value,
            reason=news.hit.reason.value,
            source=listing.source,
            since_us=listing.since_us,
            machines=sum(event.actor in MACHINES for event in seen),
            people=(*acts, *people),
        )
