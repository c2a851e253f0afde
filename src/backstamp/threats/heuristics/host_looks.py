"""host_looks: what a host name gives away by itself, to the organisation whose people read it."""

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Final

import msgspec

from backstamp.threats.confusables import LabelDoubt, doubt_of, unicode_labels
from backstamp.threats.findings import ThreatReason
from backstamp.threats.heuristics.imitations import imitation_signs
from backstamp.threats.heuristics.looks import Sign, address_of_host
from backstamp.threats.heuristics.names import names_of, well_known_names
from backstamp.urls.domains import has_known_suffix, registrable_domain
from backstamp.urls.public_addresses import is_public

_MAX_HOST: Final = 254
"""RFC 1035, section 3.1: 253 characters, and the root's dot."""
_REMEMBERED: Final = 4096
"""Hosts that are remembered for an organisation."""
_OF_EXAMPLES: Final = tuple(
    map(ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"))
)
"""RFC 5737, 3849 and 9637: no intranet uses them."""
_LONG: Final = 75
"""Longer ones fill a phone's address bar with what is not the domain."""
_MANY: Final = 5
"""So many labels below the registrable domain; ordinary ones have one or two."""
_DOUBTS: Final = {
    LabelDoubt.CHARACTERS: ThreatReason.UNUSUAL_CHARACTERS,
    LabelDoubt.MIXED: ThreatReason.MIXED_SCRIPTS,
    LabelDoubt.CONFUSABLE: ThreatReason.CONFUSABLE_SCRIPT,
}


class HostLooks(msgspec.Struct, frozen=True, gc=False):
    """What is known of a host whatever the rest of the link: facts of its name alone.

    `address` is the sign that it is a number, `is_ipv4` which kind of one. `signs` are what its name gives
    away: nothing where it `is_trusted`, under a well-known brand's or the organisation's own domain. `is_own`
    says that it is aligned with one of the organisation's (`urls.domains.aligned`).
    """

    address: Sign | None
    is_ipv4: bool
    signs: tuple[Sign, ...]
    is_trusted: bool
    is_own: bool


class Organisation:
    """Whose people read the mail: hosts may look like one of its domains, and may be one.

    What was found of a host is remembered: a message's links share few hosts, and those of a day's mail a few
    hundred.
    """

    def __init__(self, domains: tuple[str, ...]) -> None:
        """Take an organisation's domains, in any case, in A-labels or U-labels."""
        self._names = names_of(domains)
        self._lone = {own.lower().removesuffix(".") for own in domains if registrable_domain(own) is None}
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._find_out)

    def looks(self, host: str) -> HostLooks:
        """Return what a host gives away (0.1 µs for one that is remembered); `host` is that of a URL."""
        return self._remembered(host) if len(host) <= _MAX_HOST else self._find_out(host)

    def trusts(self, host: str) -> bool:
        """Return whether a host is under a well-known brand's or the organisation's own domain."""
        domain = registrable_domain(host)
        return domain in self._names.domains or domain in well_known_names().domains

    def is_foreign(self, host: str) -> bool:
        """Return whether a host is on the internet, and not under one of the organisation's own domains.

        A name without a public suffix (`files.corp`) is known inside a network alone.
        """
        looks = self.looks(host)
        if looks.address is not None:
            return looks.address.reason is ThreatReason.ADDRESS_HOST
        return not looks.is_own and has_known_suffix(host)

    def _find_out(self, host: str) -> HostLooks:
        address, sign = address_of_host(host), None
        if address is not None:
            reason = ThreatReason.ADDRESS_HOST if _is_far(address) else ThreatReason.PRIVATE_ADDRESS_HOST
            sign = Sign(reason, host)
        name = host.removesuffix(".")
        domain = registrable_domain(host)
        if domain is not None:
            is_own = domain in self._names.domains
        else:
            is_own = name != "" and name.lower() in self._lone
        is_trusted = self.trusts(host)
        signs: tuple[Sign, ...] = ()
        if len(host) > _MAX_HOST:
            signs = (Sign(ThreatReason.LONG_HOST, str(len(host))),)
        elif isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            signs = (Sign(ThreatReason.DISGUISED_HOST, host),)
        elif address is None and not is_trusted:
            signs = tuple(self._signs(name))
        return HostLooks(sign, isinstance(address, IPv4Address), signs, is_trusted, is_own)

    def _signs(self, host: str) -> Iterator[Sign]:
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
        for sign in imitation_signs(labels, domain, self._names):
            found = True
            yield sign
        if not found:
            yield from imitation_signs(labels, domain, well_known_names())


def _is_far(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is of no network of the reader's own: those of examples are nobody's."""
    return is_public(address) or any(address in network for network in _OF_EXAMPLES)


@lru_cache(maxsize=8)
def organisation(domains: tuple[str, ...]) -> Organisation:
    """Return the organisation with these domains; most installations have one, as it was and as it is."""
    return Organisation(domains)
