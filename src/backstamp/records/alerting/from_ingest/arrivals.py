"""Mail that arrived: with links that a list names, or without the guard that it was to have."""

from collections.abc import Iterator
from typing import Final

from backstamp.policy import ProtectionMode
from backstamp.records.alerting.occurrences import CERTAIN, RECEIVED, Occurrence, Person, domain_of, host_of
from backstamp.records.database.tracking_ids import to_database
from backstamp.records.events.lookups import domain_names
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.vocabulary import AlertRule, Queued, ThreatType

_OF_A_KIND: Final = frozenset(
    reason.value for reason in SkipReason if reason.unprotected and not reason.provoked
)


def of_mail(record: Queued) -> Iterator[Occurrence]:
    """Yield what of a received message may be worth an alert."""
    yield from _with_bad_links(record)
    yield from _unprotected(record)


def _with_bad_links(record: Queued) -> Iterator[Occurrence]:
    """Yield one occurrence for each host that received mail leads to, and a list names."""
    message = to_database(record.tracking_id)
    targets = {link.number: link.url for link in record.tracked_links}
    seen: set[str] = set()
    for finding in record.findings:
        url = targets.get(finding.number, "")
        host = host_of(url)
        if finding.reason not in CERTAIN or finding.threat is ThreatType.SUSPICIOUS or host in seen:
            continue
        seen.add(host)
        for domain, people in _by_domain(record).items():
            yield Occurrence(
                rule=AlertRule.KNOWN_BAD_ARRIVED,
                domain=domain,
                host=host,
                at_us=record.at_us,
                url=url,
                message=message,
                threat=finding.threat.value,
                reason=finding.reason,
                source=finding.source,
                people=tuple(people),
            )


def _unprotected(record: Queued) -> Iterator[Occurrence]:
    """Yield one occurrence for each domain whose mail was to be guarded and could not, by whatever limit,
    doubt or failure (`rewriting.SkipReason.provoked`).
    """
    if record.protection != ProtectionMode.PROTECT:
        return
    reason = next((each for each in record.unprotected if each not in _OF_A_KIND), None)
    if reason is None:
        return
    for domain, people in _by_domain(record).items():
        yield Occurrence(
            rule=AlertRule.UNPROTECTED_MAIL,
            domain=domain,
            host="",
            at_us=record.at_us,
            message=to_database(record.tracking_id),
            reason=reason,
            people=tuple(people),
        )


def _by_domain(record: Queued) -> dict[str, list[Person]]:
    """Return a message's recipients by domain; who has none is of that by whose policy the message went."""
    message = to_database(record.tracking_id)
    domains: dict[str, list[Person]] = {}
    for each in record.recipients:
        person = Person(message, each.index, each.address, RECEIVED, record.at_us)
        domains.setdefault(domain_of(each.address), []).append(person)
    if nameless := domains.pop("", None):
        name = domain_names([record.domain_id]).get(record.domain_id, "")
        domains.setdefault(name, []).extend(nameless)
    return domains
