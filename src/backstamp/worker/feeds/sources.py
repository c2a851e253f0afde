"""Which lists there are, where they come from, and how far each may go."""

from enum import StrEnum
from typing import Final

import msgspec

from backstamp.vocabulary import ThreatType
from backstamp.worker.feeds import openphish, urlhaus

HOUR: Final = 3600


class Form(StrEnum):
    """How a list is had and read."""

    URLHAUS = "urlhaus"
    OPENPHISH = "openphish"
    PLAIN = "plain"
    MISP = "misp"
    SAFE_BROWSING = "safe-browsing"
    WEB_RISK = "web-risk"


MOST_PREFIXES: Final = 1 << 24
"""Of a service that lists hashes. Ten million are a lot of what Google has; each takes 4 bytes."""
HASHED: Final = frozenset({Form.SAFE_BROWSING, Form.WEB_RISK})
"""Of these we have prefixes of hashes only, and must ask for the rest of each that a URL hits."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One list, as it is to be fetched.

    `address` is an http(s) URL, or the path of a file on this machine; `{key}` in it is replaced by `key`.
    `trusted`: it is the administrator's own, and may list what a feed may not (`screening`).
    """

    name: str
    form: Form
    threat_type: ThreatType
    address: str
    key: str = ""
    seconds: int = HOUR
    """From one look to the next."""
    max_bytes: int = 64_000_000
    """Of the download."""
    max_unpacked: int = 256_000_000
    max_entries: int = 5_000_000
    download_seconds: float = 300.0
    trusted: bool = False
    questions_a_day: int = 0
    """Of a list of hashes whose questions are paid for: so many in a day (UTC); 0 for any number."""

    @property
    def url(self) -> str:
        """The address with the key in its place: not for logs."""
        return self.address.replace("{key}", self.key)

    @property
    def is_file(self) -> bool:
        """Whether the list is a file on this machine."""
        return self.address.startswith("/")


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A feed that can be switched on by its name. `terms` is one line; docs/feeds.md says more."""

    source: Source
    needs_key: bool
    terms: str


OFFERS: Final = (
    Offer(
        source=Source(
            name="urlhaus",
            form=Form.URLHAUS,
            threat_type=ThreatType.MALWARE,
            address=urlhaus.URL,
            seconds=HOUR,
        ),
        needs_key=True,
        terms="free account at abuse.ch; fair use",
    ),
    Offer(
        source=Source(
            name="openphish",
            form=Form.OPENPHISH,
            threat_type=ThreatType.PHISHING,
            address=openphish.URL,
            seconds=6 * HOUR,
            max_bytes=16_000_000,
        ),
        needs_key=False,
        terms="non-commercial and internal business use only",
    ),
    Offer(
        source=Source(
            name="safe-browsing",
            form=Form.SAFE_BROWSING,
            threat_type=ThreatType.MALWARE,
            address="https://safebrowsing.googleapis.com",
            seconds=HOUR // 2,
            max_entries=MOST_PREFIXES,
        ),
        needs_key=True,
        terms="Google API key; non-commercial use only",
    ),
    Offer(
        source=Source(
            name="web-risk",
            form=Form.WEB_RISK,
            threat_type=ThreatType.MALWARE,
            address="https://webrisk.googleapis.com",
            seconds=HOUR // 2,
            max_entries=MOST_PREFIXES,
        ),
        needs_key=True,
        terms="Google Cloud API key; paid by the look-up, commercial use allowed",
    ),
)


def offer_named(name: str) -> Offer | None:
    """Return the feed with this name."""
    return next((offer for offer in OFFERS if offer.source.name == name), None)
