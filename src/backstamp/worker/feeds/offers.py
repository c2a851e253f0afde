"""Which lists there are that can be switched on by their names."""

from typing import Final

import msgspec

from backstamp.vocabulary import ThreatType
from backstamp.worker.feeds.lists.source import HOUR, MOST_PREFIXES, Form, Source
from backstamp.worker.feeds.providers import openphish, urlhaus


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A feed that can be switched on by its name. `terms` is one line; docs/feeds.md says more."""

    source: Source
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
        terms="Google Cloud API key; paid by the look-up, commercial use allowed",
    ),
)
