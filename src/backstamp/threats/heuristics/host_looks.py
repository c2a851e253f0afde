"""host_looks: what a host name gives away by itself."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from backstamp.threats.confusables import LabelDoubt, doubt_of, unicode_labels
from backstamp.threats.findings import ThreatReason
from backstamp.threats.heuristics.imitations import imitation_signs
from backstamp.threats.heuristics.looks import Sign, address_of_host
from backstamp.threats.heuristics.names import names_of, well_known_names
from backstamp.urls.domains import registrable_domain

_MAX_HOST: Final = 254
"""RFC 1035, section 3.1: 253 characters, and the root's dot."""
_LONG: Final = 75
"""Longer ones fill a phone's address bar with what is not the domain."""
_MANY: Final = 5
"""So many labels below the registrable domain; ordinary ones have one or two."""
_DOUBTS: Final = {
    LabelDoubt.CHARACTERS: ThreatReason.UNUSUAL_CHARACTERS,
    LabelDoubt.MIXED: ThreatReason.MIXED_SCRIPTS,
    LabelDoubt.CONFUSABLE: ThreatReason.CONFUSABLE_SCRIPT,
}


def host_signs(host: str, own_domains: tuple[str, ...]) -> tuple[Sign, ...]:
    """Return what a host's name gives away: nothing for an address, for the well-known, and for one's own."""
    if len(host) > _MAX_HOST:
        return (Sign(ThreatReason.LONG_HOST, str(len(host))),)
    return _host_signs(host, own_domains)


def is_trusted(host: str, own_domains: tuple[str, ...]) -> bool:
    """Whether the host is under a well-known brand's or the organisation's own domain."""
    domain = registrable_domain(host)
    return domain is not None and (
        domain in well_known_names().domains or domain in names_of(own_domains).domains
    )


@lru_cache(maxsize=8192)
def _host_signs(host: str, own_domains: tuple[str, ...]) -> tuple[Sign, ...]:
    host = host.removesuffix(".")
    if address_of_host(host) is not None or is_trusted(host, own_domains):
        return ()
    return tuple(_signs(host, own_domains))


def _signs(host: str, own_domains: tuple[str, ...]) -> Iterator[Sign]:
    labels = unicode_labels(host)
    if "xn--" in host:
        yield Sign(ThreatReason.PUNYCODE, host)
        doubts = {doubt for label in labels if (doubt := doubt_of(label, labels[-1])) is not None}
        for doubt, reason in _DOUBTS.items():
            if doubt in doubts:
                yield Sign(reason, host)
    if len(host) > _LONG:
        yield Sign(ThreatReason.LONG_HOST, str(len(host)))
    domain = registrable_domain(host)
    if domain is None:
        return
    below = len(labels) - domain.count(".") - 1
    if below >= _MANY:
        yield Sign(ThreatReason.MANY_SUBDOMAINS, str(below))
    found = False
    for sign in imitation_signs(labels, domain, names_of(own_domains), own=True):
        found = True
        yield sign
    if not found:
        yield from imitation_signs(labels, domain, well_known_names(), own=False)
