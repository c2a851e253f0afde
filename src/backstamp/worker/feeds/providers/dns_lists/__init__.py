"""Lists in the DNS: Spamhaus DBL and SURBL. Asked by the worker about domains of mail's links, never at a
click.

Terms. Spamhaus (spamhaus.org, "DNSBL Usage Terms"): the public zones are free for non-commercial use of low
volume, by a resolver of one's own (open resolvers are refused); else a key of the Data Query Service. SURBL
(surbl.org, "Usage Policy"): free for small sites, a subscription above that. So both are off unless they are
named.

What leaves this machine: the registrable domain of a link's host, to the resolver and on to the list's
servers. Answers that refuse (127.255.255.x, SURBL's 127.0.0.1), and answers of somebody else, are no listing:
the list is left alone for an hour then.
"""

import secrets
from collections.abc import Iterable
from enum import StrEnum
from ipaddress import IPv4Address
from typing import Final, NamedTuple

import msgspec

from backstamp.vocabulary import ThreatType


class DnsForm(StrEnum):
    """What the addresses of a list mean."""

    SPAMHAUS_DBL = "spamhaus-dbl"
    SURBL = "surbl"


class DnsList(msgspec.Struct, frozen=True):
    """One list: a domain under which every listed domain has an address. `zone` may hold a key: not for
    logs."""

    form: DnsForm
    zone: str

    @property
    def name(self) -> str:
        """What people know it by."""
        return self.form.value

    @property
    def test_name(self) -> str:
        """A name that the list always lists, for whoever wants to know whether it answers."""
        return f"{_TEST_POINTS[self.form]}.{self.zone}."

    @property
    def unlisted_name(self) -> str:
        """A name that no list can list: below `invalid` (RFC 5782, section 5).

        It is another one each time, so that no resolver has the answer from when the list was well: negative
        answers are kept for up to a day.
        """
        return f"{secrets.token_hex(8)}.invalid.{self.zone}."


SPAMHAUS_ZONE: Final = "dbl.spamhaus.org"
SPAMHAUS_KEYED_ZONE: Final = "{key}.dbl.dq.spamhaus.net"
SURBL_ZONE: Final = "multi.surbl.org"
_TEST_POINTS: Final = {
    DnsForm.SPAMHAUS_DBL: "dbltest.com",
    DnsForm.SURBL: "surbl-org-permanent-test-point.com",
}

_DBL: Final = {
    2: ThreatType.SPAM,
    4: ThreatType.PHISHING,
    5: ThreatType.MALWARE,
    6: ThreatType.MALWARE,  # botnet command and control
    # From here on somebody innocent's site that was broken into. 103 is not here: an abused redirector
    # leads everywhere, and that it is one says nothing of where this link leads.
    102: ThreatType.SPAM,
    104: ThreatType.PHISHING,
    105: ThreatType.MALWARE,
    106: ThreatType.MALWARE,
}
"""The last number of 127.0.1.x (docs.spamhaus.com, "Available zones")."""
_SURBL: Final = {
    8: ThreatType.PHISHING,
    16: ThreatType.MALWARE,
    64: ThreatType.SPAM,
    128: ThreatType.MALWARE,  # cracked sites
}
"""Bits of the last number (surbl.org, "Lists"). 4, disposable mail, and 32, click trackers, are no danger."""
_LOOPBACK: Final = 127
_DBL_NETWORK: Final = (127, 0, 1)
_REFUSED_NETWORK: Final = (127, 255, 255)
_DBL_NO_ADDRESSES: Final = 255
_SURBL_REFUSED_BIT: Final = 1


class Trouble(StrEnum):
    """Why a list says nothing of any domain, as administrators are told."""

    REFUSES = "it refuses to answer: see its terms"
    FOREIGN = "what answers is no list: its addresses are outside 127.0.0.0/8"
    """A resolver that has an answer for names that do not exist, or a zone that somebody else took over."""
    EVERYTHING = "it lists everything, even what cannot be"
    """A list whose operator has given up."""


class Verdict(NamedTuple):
    """What a list says of a domain. With `trouble` it says nothing of any."""

    threat_types: frozenset[ThreatType] = frozenset()
    trouble: Trouble | None = None


def verdict_of(form: DnsForm, addresses: Iterable[str]) -> Verdict:
    """Return what the addresses of a domain in a list mean; an unknown one means nothing."""
    found: set[ThreatType] = set()
    refused = foreign = False
    for address in addresses:
        numbers = tuple(IPv4Address(address).packed)
        network, last = numbers[:3], numbers[3]
        if numbers[0] != _LOOPBACK:
            foreign = True
        elif network == _REFUSED_NETWORK:
            refused = True
        elif form is DnsForm.SPAMHAUS_DBL and network == _DBL_NETWORK:
            refused = refused or last == _DBL_NO_ADDRESSES
            found |= {_DBL[last]} if last in _DBL else set()
        elif form is DnsForm.SURBL:
            refused = refused or bool(last & _SURBL_REFUSED_BIT)
            found |= {threat for bit, threat in _SURBL.items() if last & bit}
    if refused or foreign:
        return Verdict(trouble=Trouble.REFUSES if refused else Trouble.FOREIGN)
    return Verdict(frozenset(found))
