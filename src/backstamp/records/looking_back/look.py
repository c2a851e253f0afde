"""Looking back: when a URL or host becomes known to be bad, who received it, and who followed it before?

Each link of received mail of which a list has not said so before gets a `LinkFinding`, and where nothing else
had said so an alert is raised in the same transaction: whatever is looked for twice, because the first time
broke off, is found once, and what a second list says of the same link alerts nobody again.
"""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Set
from datetime import datetime
from typing import Final, NamedTuple

from backstamp.policy import EVERYBODY
from backstamp.records.alerting import raise_alerts
from backstamp.records.alerting.occurrences import domain_of
from backstamp.records.database.bulk import append
from backstamp.records.database.instants import LATEST_US, microseconds, read, stored
from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.database.texts import listed
from backstamp.records.looking_back.link_expressions import layers_of, stored_digest
from backstamp.records.looking_back.listings import LINKS, Listing
from backstamp.records.looking_back.news import FOLLOWED, LinkEvent, Listed, News, occurrences
from backstamp.records.looking_back.said_before import Link, Receiver, people_told, said_of
from backstamp.records.models import OwnListEntry
from backstamp.records.rollups.changes import next_version
from backstamp.threats import ThreatReason
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import Actor, EventType

PAGE: Final = 200
"""Messages in a transaction: some tenths of a second, for which ingest may have to wait."""
_FINDING: Final = ("message_id", "number", "threat", "reason", "source", "detail", "found_at")
_LINK_EVENTS: Final = FOLLOWED | {EventType.WARNED, EventType.BLOCKED}

_RECIPIENTS: Final = (
    'SELECT r.message_id, r."index", r.address, r.recipient_key, m.queued_at, d.name '
    "FROM keys CROSS JOIN records_recipient r CROSS JOIN records_message m "
    "LEFT JOIN records_senderdomain d ON d.id = m.domain_id "
    "WHERE r.message_id = keys.m AND m.tracking_id = r.message_id ORDER BY r.id"
)
_EVENTS: Final = (
    "SELECT e.message_id, e.link_number, e.recipient_index, e.type, e.actor, e.at "
    "FROM keys CROSS JOIN records_event e WHERE e.message_id = keys.m AND e.counts "
    f"AND e.type IN {listed(sorted(_LINK_EVENTS))}"
)


class Found(NamedTuple):
    """How many links had a listing on them that was news, and how many alerts are new."""

    links: int = 0
    alerts: int = 0


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
            link: listed
            for link, listed in _links(recipients, listing, until_us).items()
            if any(listed.concerns(each) for each in recipients[link[0]])
        }
        if not links:
            return Found()
        said = said_of({link: listed.url for link, listed in links.items()}, listing.threat)
        sources = {link: _source(listing, recipients[link[0]][0]) for link in links}
        new = [link for link in links if all(each.source != sources[link] for each in said[link])]
        _note({link: links[link] for link in new}, sources, listing, now)
        events = _events(links, until_us or {})
        known = links if listing.lifted_in else links.keys() - set(new)
        told = people_told(message for message, _ in known)
        raised = raise_alerts(
            (
                occurrence
                for link, listed in links.items()
                for occurrence in occurrences(
                    News(
                        link,
                        listed,
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


def _note(links: Mapping[Link, Listed], sources: Mapping[Link, str], listing: Listing, now: datetime) -> None:
    """Insert the findings of links."""
    at = stored(microseconds(now))
    rows = (
        (*link, listing.threat.value, listed.reason.value, sources[link], listed.expression[:500], at)
        for link, listed in links.items()
    )
    append("records_linkfinding", _FINDING, rows)


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


def _links(messages: Iterable[int], listing: Listing, only: Container[Link] | None) -> dict[Link, Listed]:
    """Return the links that fall under a listing; of `only` these, if some are given."""
    keys = [(message,) for message in messages]
    # What is switched off is so whatever lists allow.
    allowed = {} if listing.reason is ThreatReason.SWITCHED_OFF else _allowed()
    return {
        (message, number): listed
        for message, number, url in select_for_keys(LINKS, ("m",), keys)
        if (only is None or (message, number) in only)
        and (listed := _listed(url, listing, allowed)) is not None
    }


def _source(listing: Listing, receiver: Receiver) -> str:
    """Return under which name a listing is noted with a link; `receiver` is one for whom it holds."""
    if listing.reason is ThreatReason.OWN_LIST:
        return receiver.own_source(listing.scope)
    return listing.source[:64]


def _listed(url: str, listing: Listing, allowed: Mapping[str, frozenset[int]]) -> Listed | None:
    """Return how a URL falls under a listing: by itself, or by one inside it that not everybody may visit."""
    for layer in layers_of(url):
        expression = layer.get(listing.digest)
        scopes = frozenset(
            scope for scope, digests in allowed.items() if not digests.isdisjoint(layer.keys())
        )
        is_own = listing.reason is ThreatReason.OWN_LIST
        if expression is not None and (is_own or EVERYBODY not in scopes):
            reason = listing.reason or _reason(expression)
            return Listed(url, expression, reason, scopes, listing.scope if is_own else None)
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


def _events(links: Collection[Link], until_us: Mapping[Link, int]) -> dict[Link, list[LinkEvent]]:
    found: dict[Link, list[LinkEvent]] = defaultdict(list)
    messages = {message for message, _ in links}
    for message, number, index, type_, actor, at in select_for_keys(
        _EVENTS, ("m",), ((m,) for m in messages)
    ):
        link = message, number
        if link in links and read(at) <= until_us.get(link, LATEST_US):
            place = NO_RECIPIENT if index is None else index
            found[link].append(LinkEvent(place, EventType(type_), Actor(actor), read(at)))
    return found
