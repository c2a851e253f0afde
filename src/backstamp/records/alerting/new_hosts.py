"""Several people at one host that nobody here went to before: often a wave of phishing, before any list.

A host is new for as long as the rule counts (`within_minutes`) after the first visit of anybody. In its first
week, in which all hosts are new, an installation only learns which are usual; but where an administrator has
said how many people count, they count at once.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db.models import Count, Max

from backstamp.records.alerting.occurrences import Occurrence, Person, domain_of, site_of
from backstamp.records.alerting.rules import DEFAULTS, Rule
from backstamp.records.database.bulk import execute_many, insert_new
from backstamp.records.database.instants import microseconds, stored, within
from backstamp.records.events.lookups import addresses, policies
from backstamp.records.models import ClickedHost, ClickedHostPerson, SenderDomain
from backstamp.threats.heuristics.well_known import OWNERS
from backstamp.vocabulary import AlertRule, EventType

LEARNING: Final = timedelta(days=7)
_SEEN_EVERY: Final = timedelta(hours=1)
"""So exact is `ClickedHost.last_at`: not every click is a write."""
_SEEN: Final = "UPDATE records_clickedhost SET last_at = %s WHERE host = %s"


class Visit(NamedTuple):
    """A person followed a link of received mail. `key` is the recipient key, or empty."""

    url: str
    domain: str
    person: Person
    key: bytes


def visited(visits: Collection[Visit], rule: Rule, now: datetime) -> Iterator[Occurrence]:
    """Take note of visits, and yield what they come to by host and domain, where there are enough people."""
    if not rule.enabled:
        return
    by_site: dict[str, list[Visit]] = defaultdict(list)
    for visit in visits:
        if site := site_of(visit.url):
            by_site[site].append(visit)
    own = SenderDomain.objects.filter(name__in=list(by_site)).values_list("name", flat=True)
    for usual in (*own, *(by_site.keys() & OWNERS.keys())):
        by_site.pop(usual, None)
    new = _note(by_site, rule, now)
    if not new:
        return
    default = DEFAULTS[AlertRule.NEW_HOST]
    counts_as_usual = (rule.threshold, rule.within_minutes) == (default.threshold, default.within_minutes)
    if counts_as_usual and _is_learning(now):
        return
    for site in new:
        yield from _counted(site, by_site[site], rule, now)


def known(now: datetime) -> list[str] | None:
    """Return the sites that somebody went to; None as long as the installation only learns them."""
    if _is_learning(now):
        return None
    own = SenderDomain.objects.values_list("name", flat=True)
    return [*own, *ClickedHost.objects.values_list("host", flat=True)]


def fingerprint() -> tuple[object, ...]:
    """Return a value that differs when `known` would say something else."""
    found = ClickedHost.objects.aggregate(number=Count("pk"), latest=Max("first_at"))
    return found["number"], found["latest"], SenderDomain.objects.count()


def _is_learning(now: datetime) -> bool:
    oldest = ClickedHost.objects.order_by("first_at").values_list("first_at", flat=True).first()
    return oldest is None or now - oldest < LEARNING


def _note(by_site: dict[str, list[Visit]], rule: Rule, now: datetime) -> list[str]:
    """Keep which hosts were visited; return those that are new, of which is kept who visited them."""
    known = {row.host: row for row in ClickedHost.objects.filter(host__in=list(by_site))}
    seen = [site for site, row in known.items() if now - row.last_at > _SEEN_EVERY]
    execute_many(_SEEN, ((stored(microseconds(now)), site) for site in seen))
    unknown = by_site.keys() - known.keys()
    at = stored(microseconds(now))
    insert_new(
        "records_clickedhost", ("host", "first_at", "last_at"), ((site, at, at) for site in sorted(unknown))
    )
    limit = now - timedelta(minutes=rule.within_minutes)
    new = [site for site in by_site if site in unknown or known[site].first_at > limit]
    insert_new(
        "records_clickedhostperson",
        ("host", "person", "message_id", "recipient_index", "url", "at"),
        (
            (
                site,
                _key(visit),
                visit.person.message,
                visit.person.recipient,
                visit.url,
                stored(within(visit.person.at_us)),
            )
            for site in new
            for visit in by_site[site]
        ),
    )
    return new


def _counted(site: str, visits: list[Visit], rule: Rule, now: datetime) -> Iterator[Occurrence]:
    limit = now - timedelta(minutes=rule.within_minutes)
    rows = list(ClickedHostPerson.objects.filter(host=site, at__gt=limit).order_by("at", "pk"))
    if len(rows) < rule.threshold:
        return
    names = addresses((row.message_id, row.recipient_index) for row in rows)
    domains = {copy: domain for copy, name in names.items() if (domain := domain_of(name))}
    others = policies(row.message_id for row in rows if (row.message_id, row.recipient_index) not in domains)
    by_domain: dict[str, list[ClickedHostPerson]] = defaultdict(list)
    for row in rows:
        domain = domains.get((row.message_id, row.recipient_index)) or others.get(row.message_id, "")
        by_domain[domain].append(row)
    latest = {visit.domain for visit in visits}
    for domain, theirs in by_domain.items():
        if domain not in latest or len(theirs) < rule.threshold:
            continue
        people = tuple(
            Person(
                row.message_id,
                row.recipient_index,
                names.get((row.message_id, row.recipient_index), ""),
                EventType.CLICKED.value,
                microseconds(row.at),
            )
            for row in theirs
        )
        yield Occurrence(
            rule=AlertRule.NEW_HOST,
            domain=domain,
            host=site,
            at_us=people[-1].at_us,
            url=theirs[0].url,
            message=theirs[0].message_id,
            people=people,
        )


def _key(visit: Visit) -> bytes:
    """Return what says that two visitors are one person."""
    return visit.key or hashlib.blake2b(visit.person.address.lower().encode(), digest_size=8).digest()
