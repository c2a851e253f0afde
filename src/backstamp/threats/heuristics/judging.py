"""judging: the rules together, and what they weigh."""

from collections.abc import Iterable, Mapping
from typing import Final

from backstamp.threats.findings import FULL_WEIGHT, Finding, ThreatReason
from backstamp.threats.heuristics.address_looks import address_signs
from backstamp.threats.heuristics.host_looks import Organisation, organisation
from backstamp.threats.heuristics.looks import Looks, Sign, parts_of
from backstamp.threats.heuristics.onward import next_url, onward_signs
from backstamp.threats.heuristics.path_looks import path_signs
from backstamp.threats.heuristics.words import words_signs
from backstamp.urls.layers import has_more_than_layers
from backstamp.urls.wrappers import MAX_DEPTH
from backstamp.vocabulary import ThreatType

SOURCE: Final = "heuristics"
"""The `source` of these findings."""
_MAX_DETAIL: Final = 256

WEIGHTS: Final[Mapping[ThreatReason, int]] = {
    # No innocent reading: enough alone.
    ThreatReason.DISGUISED_HOST: 100,
    ThreatReason.HOST_IN_USERINFO: 100,
    ThreatReason.MIXED_SCRIPTS: 100,
    ThreatReason.LOOKS_LIKE_OWN: 100,
    ThreatReason.LOOKS_LIKE_KNOWN: 100,
    ThreatReason.DOMAIN_IN_HOST: 100,
    ThreatReason.NAME_WITH_BAIT: 100,
    ThreatReason.DOUBLE_EXTENSION: 100,
    ThreatReason.MANY_URLS: 100,
    ThreatReason.FOREIGN_SHARE: 100,
    # Rarely innocent: enough with any other sign.
    ThreatReason.CONFUSABLE_SCRIPT: 90,
    ThreatReason.TEXT_SHOWS_KNOWN: 80,
    ThreatReason.ADDRESS_HOST: 70,
    ThreatReason.READ_DIFFERENTLY: 60,
    ThreatReason.RESEMBLES_OWN: 60,
    ThreatReason.RESEMBLES_KNOWN: 60,
    ThreatReason.USERINFO: 50,
    # Often innocent: two or three together.
    ThreatReason.NAME_ELSEWHERE: 50,
    ThreatReason.UNUSUAL_CHARACTERS: 40,
    ThreatReason.PROGRAM_FILE: 40,
    ThreatReason.NAME_IN_HOST: 40,
    ThreatReason.UNUSUAL_PORT: 30,
    ThreatReason.TEXT_SHOWS_OTHER: 30,
    # Notes: what a reader of the log wants to know.
    ThreatReason.PRIVATE_ADDRESS_HOST: 20,
    ThreatReason.MANY_SUBDOMAINS: 20,
    ThreatReason.LONG_HOST: 20,
    ThreatReason.NEW_HOST: 20,
    ThreatReason.SHORTENER: 20,
    ThreatReason.REDIRECTOR: 20,
    ThreatReason.PUNYCODE: 10,
    ThreatReason.URL_IN_URL: 10,
}


def suspicions(link: Looks, reader: Organisation | None = None) -> tuple[Finding, ...]:
    """Return what looks bad about a link, the weightiest first; each reason once.

    The URL inside a wrapper, a redirector or the query is judged with the one around it, to five layers.
    Whether it all together is suspicious says `is_suspicious`. Never raises; bounded in what it reads.
    `reader` has `link.own_domains`: whoever judges many links asks for it once (`organisation`), since each
    time it costs 10 ns for each domain.
    Measured: 3 to 4 µs for a link whose host was seen before, 35 µs for a new host of two words, 9 µs on
    average over the links of real mail.
    """
    return _findings(_signs(link, organisation(link.own_domains) if reader is None else reader))


def enough_to_warn(link: Looks, reader: Organisation) -> tuple[Finding, ...]:
    """Return `suspicions` where they are enough to warn (`is_suspicious`), and else nothing.

    Many links have a note or two, as all have on a host that is called like one of the organisation's: to
    write findings that nobody reads was a third of the time (1.5 of 4.7 µs).
    """
    signs = _signs(link, reader)
    if sum([WEIGHTS[sign.reason] for sign in signs]) < FULL_WEIGHT:
        return ()  # Some may be there twice, and count once: what they weigh together is no more than this.
    findings = _findings(signs)
    return findings if is_suspicious(findings) else ()


def _findings(signs: list[Sign]) -> tuple[Finding, ...]:
    if not signs:
        return ()
    found: dict[ThreatReason, Sign] = {}
    for sign in signs:
        found.setdefault(sign.reason, sign)
    return tuple(
        Finding(ThreatType.SUSPICIOUS, sign.reason, SOURCE, sign.detail[:_MAX_DETAIL], weight=WEIGHTS[reason])
        for reason, sign in sorted(found.items(), key=lambda item: -WEIGHTS[item[0]])
    )


def total_weight(findings: Iterable[Finding]) -> int:
    """Return the sum of what findings weigh, of 100; what a bare prefix says is not counted."""
    return sum(finding.weight for finding in findings if finding.confirmed)


def is_suspicious(findings: Iterable[Finding]) -> bool:
    """Whether looks together are enough to warn of a link: 100 in sum.

    That is one sign that has no innocent reading, or several that have. What is less is a note.
    """
    return total_weight(findings) >= FULL_WEIGHT


def _signs(link: Looks, reader: Organisation) -> list[Sign]:
    url, written = link.url, link.written
    leads_to, is_certain = [url], True
    signs: list[Sign] = []
    for _ in range(MAX_DEPTH + 1):
        host, parts = reader.looks(url.host), parts_of(url)
        onward = next_url(url) if link.may_lead_on else None
        signs += address_signs(url, host, parts, written)
        if onward is None or not onward.certain:
            # Else its name tells where it leads, as www-paypal-com.translate.goog does.
            signs += host.signs
        signs += path_signs(parts.path)
        signs += onward_signs(url, onward, reader)
        if onward is None:
            break
        url, written = onward.url, ""
        is_certain = is_certain and onward.certain
        if is_certain:
            leads_to.append(url)
    if link.is_share and reader.is_foreign(link.url.host):
        signs.append(Sign(ThreatReason.FOREIGN_SHARE, link.url.host))
    if link.hides_others or (link.may_lead_on and has_more_than_layers(link.url)):
        signs.append(Sign(ThreatReason.MANY_URLS))
    if link.new_here and not reader.looks(link.url.host).is_trusted:
        signs.append(Sign(ThreatReason.NEW_HOST, link.url.host))
    if link.text or link.shown_hosts:
        signs += words_signs(link, leads_to, reader)
    return signs
