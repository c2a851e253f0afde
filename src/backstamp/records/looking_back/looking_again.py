"""looking_again: a click was a machine's, and turns out to be a person's; was its link listed meanwhile?

When it was looked back for the list, the click counted as none of anybody's. The same look, at that link
alone, finds who followed it, and whether it is news to those whose list it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from backstamp.records.alerting.occurrences import CERTAIN, MACHINES
from backstamp.records.database.batched import batched
from backstamp.records.database.instants import read
from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.events.hit_rows import Judged
from backstamp.records.events.lookups import urls
from backstamp.records.looking_back.decisions import blocked_among
from backstamp.records.looking_back.link_expressions import expressions_of
from backstamp.records.looking_back.listings import Listing
from backstamp.records.looking_back.look import PAGE, look_back
from backstamp.records.looking_back.news import LED_ON
from backstamp.records.looking_back.said_before import Link
from backstamp.records.memory.today import Memory
from backstamp.threats import ThreatReason
from backstamp.vocabulary import ThreatType

_IN_FORCE_US: Final = 2_000_000
"""A list is in force everywhere so long after it was looked back for, at the latest."""
_LONGEST_DETAIL: Final = 500
_THREATS: Final = frozenset(ThreatType)
"""A newer version may have written others, of which this one can say nothing; ingest must go on."""
_FINDINGS: Final = (
    "SELECT f.message_id, f.number, f.threat, f.reason, f.source, f.detail, f.found_at "
    "FROM keys CROSS JOIN records_linkfinding f WHERE f.message_id = keys.m AND f.number = keys.n"
)


def led_on_after_all(revised: Iterable[Judged], memory: Memory) -> dict[Link, int]:
    """Return the links of received mail that led persons on who were taken for machines, and when first.

    `revised` are hits with their new judgements; they hold the old ones still. The cards of their messages
    are in the memory.
    """
    found: dict[Link, int] = {}
    for hit, judgement in revised:
        number, before = hit.hit.link_number, hit.judgement
        if number is None or hit.type not in LED_ON or not judgement.counts or judgement.actor in MACHINES:
            continue
        if before is not None and before.counts and before.actor not in MACHINES:
            continue
        card = memory.card(hit.message)
        if card is not None and card.received:
            link = hit.message, number
            found[link] = min(hit.at_us, found.get(link, hit.at_us))
    return found


def look_again(led_on: dict[Link, int], now: datetime) -> int:
    """Look back once more for what is known of links that led people on; return how many alerts are new.

    Call it inside the transaction in which the new judgements are written, after that.
    """
    known: dict[Listing, dict[Link, int]] = defaultdict(dict)
    targets: Mapping[tuple[int, int | None], str] | None = None
    for message, number, threat, reason, source, detail, at in select_for_keys(_FINDINGS, ("m", "n"), led_on):
        link, until_us = (message, number), read(at) + _IN_FORCE_US
        if reason not in CERTAIN or threat not in _THREATS or led_on[link] > until_us:
            continue
        targets = urls(led_on) if targets is None else targets
        for listing in _listings(targets.get(link, ""), ThreatType(threat), reason, source, detail):
            known[listing][link] = max(until_us, known[listing].get(link, until_us))
    return sum(
        look_back(listing, {message for message, _ in some}, now, some).alerts
        for listing, until_us in known.items()
        for some in map(dict, batched(until_us.items(), PAGE))
    )


def _listings(url: str, threat: ThreatType, reason: str, source: str, detail: str) -> list[Listing]:
    """Return what a finding of a link says."""
    if reason == ThreatReason.OWN_LIST:
        return blocked_among([url])
    decided = ThreatReason.SWITCHED_OFF if reason == ThreatReason.SWITCHED_OFF else None
    return [
        Listing(digest=digest, threat=threat, source=source, reason=decided)
        for digest, expression in expressions_of(url).items()
        if expression[:_LONGEST_DETAIL] == detail
    ]
