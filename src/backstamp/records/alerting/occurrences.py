"""What may be worth an alert: something that happened, to whom, and what spoke against it."""

from typing import Final, NamedTuple

import msgspec

from backstamp.threats import ThreatReason
from backstamp.tokens.address_spelling import a_labels
from backstamp.urls.domains import registrable_domain
from backstamp.urls.parsing import web_url
from backstamp.vocabulary import Actor, AlertRule

RECEIVED: Final = "received"
REPORTED: Final = "reported"
"""What people did, beside following a link (which is the event's word)."""
MACHINES: Final = frozenset({Actor.SCANNER, Actor.PREFETCH, Actor.PREVIEW_BOT, Actor.SELF})
"""Whose requests alert nobody. Of who is unknown the worst is believed."""
CERTAIN: Final = frozenset(
    {
        *(ThreatReason.LISTED_URL, ThreatReason.LISTED_HOST),
        *(ThreatReason.SWITCHED_OFF, ThreatReason.OWN_LIST),
    }
)
"""What lists and administrators say; looks and bare prefixes are no knowledge."""


class Person(NamedTuple):
    """Somebody's part: their copy (stored tracking id, index), address or "", what they did, and when."""

    message: int
    recipient: int
    address: str
    act: str
    at_us: int


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a rule is about. `url` and `text` are hostile; `message` is a stored tracking id.

    `since_us` is when a list began to name the link, 0 where nobody knows. `count` is how often it happened.
    """

    rule: AlertRule
    domain: str
    host: str
    at_us: int
    url: str = ""
    message: int | None = None
    threat: str = ""
    reason: str = ""
    source: str = ""
    since_us: int = 0
    text: str = ""
    count: int = 1
    machines: int = 0
    people: tuple[Person, ...] = ()


def host_of(url: str) -> str:
    """Return the host of a URL as it was sealed, or ""."""
    parsed = web_url(url)
    return "" if parsed is None else parsed.host[:255]


def site_of(url: str) -> str:
    """Return the domain that somebody registered for a URL's host, or else the host."""
    host = host_of(url)
    return (registrable_domain(host) or host)[:255]


def domain_of(address: str) -> str:
    """Return the domain of an address in lower case and A-labels; "" where it has none."""
    return a_labels(address.rpartition("@")[2].lower())[:255] if "@" in address else ""
