"""What of a batch of the journal may be worth an alert: clicks, reports of readers, mail that arrived."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from backstamp.journal import RecordId
from backstamp.policy import ProtectionMode
from backstamp.records.alerting import new_hosts
from backstamp.records.alerting.occurrences import (
    CERTAIN,
    MACHINES,
    RECEIVED,
    REPORTED,
    Occurrence,
    Person,
    addresses,
    domain_names,
    domain_of,
    host_of,
    urls,
)
from backstamp.records.alerting.rules import rules
from backstamp.records.database.bulk import select_for_keys
from backstamp.records.database.tracking_ids import to_database
from backstamp.records.events.hit_rows import Judged
from backstamp.records.events.judgements import Judgement
from backstamp.records.events.stored_hits import StoredHit
from backstamp.records.memory.today import Memory
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.threats import ThreatReason
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import (
    PEOPLE,
    AlertRule,
    ClickAction,
    Direction,
    EventType,
    Queued,
    ReaderReport,
    ReaderReportKind,
    ThreatType,
)

_STOPPED: Final = frozenset({EventType.BLOCKED, EventType.WARNED})
_ALARMING: Final = _STOPPED | {EventType.CLICKED_THROUGH}
_FOLLOWED: Final = frozenset({EventType.CLICKED, EventType.ALLOWED}) | _ALARMING
_OF_A_KIND: Final = frozenset(
    reason.value for reason in SkipReason if reason.unprotected and not reason.provoked
)
_REPORTS: Final = {
    ReaderReportKind.MISTAKE: AlertRule.REPORTED_MISTAKE,
    ReaderReportKind.OVERRIDE: AlertRule.CLICKED_THROUGH,
    ReaderReportKind.PHISHING: AlertRule.REPORTED_PHISHING,
}
_DETAILS: Final = "SELECT e.id, e.detail FROM keys CROSS JOIN records_event e WHERE e.id = keys.i"


class _Threat(msgspec.Struct, frozen=True):
    """What spoke against a link at a hit."""

    threat: str = ""
    reason: str = ""
    source: str = ""


def occurrences(
    *,
    queued: Iterable[tuple[RecordId, Queued]],
    reports: Iterable[tuple[RecordId, ReaderReport]],
    new: Iterable[Judged],
    revised: Iterable[Judged],
    memory: Memory,
    now: datetime,
) -> list[Occurrence]:
    """Return what of a batch may be worth an alert; whether it is, its rule says.

    `revised` are hits that were judged otherwise before: one that turns out to be a person's counts now. The
    hits' old judgements are still theirs, and the cards of their messages are in the memory.
    """
    found = [
        occurrence
        for _, record in queued
        if record.direction is Direction.INBOUND
        for occurrence in (*_arrived(record), *_unprotected(record))
    ]
    found += _reported([report for _, report in reports])
    clicks = [hit for hit, judgement in new if hit.type in _FOLLOWED and _is_wanted(hit, judgement, memory)]
    clicks += [
        hit
        for hit, judgement in revised
        if hit.type in _FOLLOWED
        and not _is_wanted(hit, hit.judgement, memory)
        and _is_wanted(hit, judgement, memory)
    ]
    if clicks:
        found += _clicked(clicks, memory, now)
    return found


def _is_wanted(hit: StoredHit, judgement: Judgement | None, memory: Memory) -> bool:
    if judgement is None or not judgement.counts:
        return False
    if hit.type in _ALARMING:
        return judgement.actor not in MACHINES
    card = memory.card(hit.message)
    return judgement.actor in PEOPLE and card is not None and card.received


def _clicked(clicks: Collection[StoredHit], memory: Memory, now: datetime) -> Iterator[Occurrence]:
    """Yield what the clicks come to; all that has to be read is read for all of them at once."""
    targets = urls((hit.message, hit.hit.link_number) for hit in clicks if hit.hit.link_number is not None)
    names = addresses((hit.message, hit.recipient) for hit in clicks if hit.recipient is not None)
    threats = _threats(hit for hit in clicks if hit.type in _ALARMING)
    domains = _domains(clicks, names, memory)
    visits = []
    for hit in clicks:
        card = memory.card(hit.message)
        assert card is not None
        url = targets.get((hit.message, hit.hit.link_number or 0), "")
        index = NO_RECIPIENT if hit.recipient is None else hit.recipient
        person = Person(hit.message, index, names.get((hit.message, index), ""), hit.type.value, hit.at_us)
        domain = domains[hit.place]
        if hit.type in _ALARMING:
            rule = _rule(hit, threats.get(hit.place, _Threat()), received=card.received)
            if rule is not None:
                threat = threats.get(hit.place, _Threat())
                yield Occurrence(
                    rule=rule,
                    domain=domain,
                    host=host_of(url),
                    at_us=hit.at_us,
                    url=url,
                    message=hit.message,
                    threat=threat.threat,
                    reason=threat.reason,
                    source=threat.source,
                    people=(person,),
                )
        if card.received and index != NO_RECIPIENT:
            recipient = card.by_index.get(index)
            key = recipient.key if recipient is not None else b""
            visits.append(new_hosts.Visit(url, domain, person, key))
    if visits:
        yield from new_hosts.visited(visits, rules()[AlertRule.NEW_HOST], now)


def _rule(hit: StoredHit, threat: _Threat, *, received: bool) -> AlertRule | None:
    if hit.type is EventType.CLICKED_THROUGH:
        return AlertRule.CLICKED_THROUGH
    if hit.hit.action is ClickAction.CHECK or threat.reason not in CERTAIN:
        return None
    if not received and threat.reason == ThreatReason.SWITCHED_OFF:
        return None  # an administrator switched off a link of sent mail, and knows
    return AlertRule.KNOWN_BAD_CLICK


def _threats(hits: Iterable[StoredHit]) -> dict[Any, _Threat]:
    """Return what spoke against the links, by the hits' places; what came in earlier batches is in rows."""
    found: dict[Any, _Threat] = {}
    by_pk = {}
    for hit in hits:
        seen = hit.hit
        if seen.threat is not None:
            found[hit.place] = _Threat(seen.threat.value, seen.threat_reason, seen.threat_source)
        elif hit.pk is not None:
            by_pk[hit.pk] = hit.place
    for pk, detail in select_for_keys(_DETAILS, ("i",), ((pk,) for pk in by_pk)):
        text = detail if isinstance(detail, str) else msgspec.json.encode(detail)
        found[by_pk[pk]] = msgspec.json.decode(text, type=_Threat)
    return found


def _domains(
    clicks: Iterable[StoredHit], names: dict[tuple[int, int], str], memory: Memory
) -> dict[Any, str]:
    """Return whose each click is: the reader's domain of received mail, the sender's of sent mail.

    Where the mail was for an address without a domain name, it is that by whose policy it went.
    """
    found: dict[Any, str] = {}
    numbers: dict[Any, int] = {}
    for hit in clicks:
        card = memory.card(hit.message)
        assert card is not None
        address = names.get((hit.message, hit.recipient), "") if hit.recipient is not None else ""
        if card.received and (domain := domain_of(address)):
            found[hit.place] = domain
        else:
            numbers[hit.place] = hit.hit.domain_id or card.domain_id
    known = domain_names(numbers.values()) if numbers else {}
    return found | {place: known.get(number, "") for place, number in numbers.items()}


def _arrived(record: Queued) -> Iterator[Occurrence]:
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


def _reported(reports: Collection[ReaderReport]) -> Iterator[Occurrence]:
    if not reports:
        return
    pairs = {
        (to_database(report.tracking_id), report.recipient_index)
        for report in reports
        if report.recipient_index is not None
    }
    names = addresses(pairs)
    known = domain_names(report.domain_id for report in reports)
    for report in reports:
        message = to_database(report.tracking_id)
        index = NO_RECIPIENT if report.recipient_index is None else report.recipient_index
        address = names.get((message, index), "")
        yield Occurrence(
            rule=_REPORTS[report.kind],
            domain=domain_of(address) or known.get(report.domain_id, ""),
            host=host_of(report.url),
            at_us=report.at_us,
            url=report.url,
            message=message,
            text=report.text,
            # That they went on is a hit of its own; this says why.
            count=int(report.kind is not ReaderReportKind.OVERRIDE),
            people=(Person(message, index, address, REPORTED, report.at_us),),
        )
