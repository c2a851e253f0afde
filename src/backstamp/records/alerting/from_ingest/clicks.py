"""Clicks of people: on links that are known to be bad, and where nobody of the house went before."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from backstamp.records.alerting import new_hosts
from backstamp.records.alerting.occurrences import CERTAIN, MACHINES, Occurrence, Person, domain_of, host_of
from backstamp.records.alerting.rules import rules
from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.database.texts import json_read
from backstamp.records.events.hit_rows import Judged
from backstamp.records.events.judgements import Judgement
from backstamp.records.events.lookups import addresses, domain_names, urls
from backstamp.records.events.stored_hits import StoredHit
from backstamp.records.memory.today import Memory
from backstamp.threats import ThreatReason
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import PEOPLE, AlertRule, ClickAction, EventType

_STOPPED: Final = frozenset({EventType.BLOCKED, EventType.WARNED})
_ALARMING: Final = _STOPPED | {EventType.CLICKED_THROUGH}
_FOLLOWED: Final = frozenset({EventType.CLICKED, EventType.ALLOWED}) | _ALARMING
_DETAILS: Final = "SELECT e.id, e.detail FROM keys CROSS JOIN records_event e WHERE e.id = keys.i"


class _Threat(msgspec.Struct, frozen=True):
    """What spoke against a link at a hit."""

    threat: str = ""
    reason: str = ""
    source: str = ""


def clicked(
    new: Iterable[Judged], revised: Iterable[Judged], memory: Memory, now: datetime
) -> Iterator[Occurrence]:
    """Yield what the clicks of a batch come to.

    `revised` are hits that were judged otherwise before: one that turns out to be a person's counts now. The
    hits' old judgements are still theirs, and the cards of their messages are in the memory.
    """
    clicks = [hit for hit, judgement in new if _is_wanted(hit, judgement, memory)]
    clicks += [
        hit
        for hit, judgement in revised
        if not _is_wanted(hit, hit.judgement, memory) and _is_wanted(hit, judgement, memory)
    ]
    if clicks:
        yield from _occurrences(clicks, memory, now)


def _is_wanted(hit: StoredHit, judgement: Judgement | None, memory: Memory) -> bool:
    if hit.type not in _FOLLOWED or judgement is None or not judgement.counts:
        return False
    if hit.type in _ALARMING:
        return judgement.actor not in MACHINES
    card = memory.card(hit.message)
    return judgement.actor in PEOPLE and card is not None and card.received


def _occurrences(clicks: Collection[StoredHit], memory: Memory, now: datetime) -> Iterator[Occurrence]:
    """Yield what the clicks come to; all that has to be read is read for all of them at once."""
    targets = urls((hit.message, hit.hit.link_number) for hit in clicks)
    names = addresses((hit.message, hit.recipient) for hit in clicks)
    threats = _threats(hit for hit in clicks if hit.type in _ALARMING)
    domains = _domains(clicks, names, memory)
    visits = []
    for hit in clicks:
        card = memory.card(hit.message)
        assert card is not None
        url = targets.get((hit.message, hit.hit.link_number), "")
        index = NO_RECIPIENT if hit.recipient is None else hit.recipient
        person = Person(hit.message, index, names.get((hit.message, index), ""), hit.type.value, hit.at_us)
        domain = domains[hit.place]
        if hit.type in _ALARMING:
            threat = threats.get(hit.place, _Threat())
            if (rule := _rule(hit, threat, received=card.received)) is not None:
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
        found[by_pk[pk]] = msgspec.convert(json_read(detail), _Threat)
    return found


def _domains(
    clicks: Iterable[StoredHit], names: Mapping[tuple[int, int | None], str], memory: Memory
) -> dict[Any, str]:
    """Return whose each click is: the reader's domain of received mail, the sender's of sent mail.

    Where the mail was for an address without a domain name, it is that by whose policy it went.
    """
    found: dict[Any, str] = {}
    numbers: dict[Any, int] = {}
    for hit in clicks:
        card = memory.card(hit.message)
        assert card is not None
        address = names.get((hit.message, hit.recipient), "")
        if card.received and (domain := domain_of(address)):
            found[hit.place] = domain
        else:
            numbers[hit.place] = hit.hit.domain_id or card.domain_id
    known = domain_names(numbers.values()) if numbers else {}
    return found | {place: known.get(number, "") for place, number in numbers.items()}
