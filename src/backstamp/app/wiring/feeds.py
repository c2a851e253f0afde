"""From settings to what the worker must be told of lists of dangerous URLs."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import msgspec

from backstamp.app.settings import Settings
from backstamp.app.settings.data_dir import DataFile, DataFolder
from backstamp.app.settings.feed_lists import OwnList
from backstamp.app.settings.table import (
    CONSOLE_URL,
    FEEDS_ENABLED,
    FEEDS_LISTS,
    FEEDS_MINUTES,
    FEEDS_MIRRORS,
    FEEDS_RESOLVER,
    FEEDS_SAFE_BROWSING_KEY,
    FEEDS_SPAMHAUS_KEY,
    FEEDS_URLHAUS_KEY,
    FEEDS_WEB_RISK_KEY,
    FEEDS_WEB_RISK_QUESTIONS,
    GATEWAY_HOSTNAME,
    TRACKING_URL,
    Setting,
)
from backstamp.vocabulary import Feed
from backstamp.worker.feeds.config import FeedsConfig
from backstamp.worker.feeds.lists.source import HOUR, Form, Source
from backstamp.worker.feeds.offers import OFFERS
from backstamp.worker.feeds.providers.dns_lists import (
    SPAMHAUS_KEYED_ZONE,
    SPAMHAUS_ZONE,
    SURBL_ZONE,
    DnsForm,
    DnsList,
)

FEED_KEYS: Final[dict[Feed, Setting[str]]] = {
    Feed.URLHAUS: FEEDS_URLHAUS_KEY,
    Feed.SAFE_BROWSING: FEEDS_SAFE_BROWSING_KEY,
    Feed.WEB_RISK: FEEDS_WEB_RISK_KEY,
}
"""Feeds that give nothing without a key."""
_MISP: Final = "misp+"


def feeds_config(settings: Settings) -> FeedsConfig:
    """Return which lists are on, and where things are kept."""
    return FeedsConfig(
        sources=tuple(_sources(settings)),
        dns_lists=tuple(_dns_lists(settings)),
        resolver=settings[FEEDS_RESOLVER],
        directory=settings.in_data_dir(DataFolder.FEEDS),
        lists_path=settings.in_data_dir(DataFile.THREAT_LISTS),
        answers_path=settings.in_data_dir(DataFile.THREAT_ANSWERS),
        own_hosts=tuple(sorted(_own_hosts(settings))),
    )


def _sources(settings: Settings) -> Iterator[Source]:
    seconds = 60 * settings[FEEDS_MINUTES]
    for offer in OFFERS:
        source = offer.source
        feed = Feed(source.name)
        if feed in settings[FEEDS_ENABLED]:
            key_setting = FEED_KEYS.get(feed)
            yield msgspec.structs.replace(
                source,
                address=settings[FEEDS_MIRRORS].get(feed, source.address),
                key=settings[key_setting] if key_setting is not None else "",
                seconds=seconds or source.seconds,
                questions_a_day=settings[FEEDS_WEB_RISK_QUESTIONS] if feed is Feed.WEB_RISK else 0,
            )
    for own in settings[FEEDS_LISTS]:
        yield _own(own, seconds)


def _own(own: OwnList, seconds: int) -> Source:
    return Source(
        name=own.name,
        form=Form.MISP if own.address.startswith(_MISP) else Form.PLAIN,
        threat_type=own.threat_type,
        address=own.address.removeprefix(_MISP),
        seconds=seconds or HOUR,
        trusted=own.address.startswith("/"),
    )


def _dns_lists(settings: Settings) -> Iterator[DnsList]:
    if Feed.SPAMHAUS_DBL in settings[FEEDS_ENABLED]:
        key = settings[FEEDS_SPAMHAUS_KEY]
        zone = SPAMHAUS_KEYED_ZONE.replace("{key}", key) if key else SPAMHAUS_ZONE
        yield DnsList(DnsForm.SPAMHAUS_DBL, zone)
    if Feed.SURBL in settings[FEEDS_ENABLED]:
        yield DnsList(DnsForm.SURBL, SURBL_ZONE)


def _own_hosts(settings: Settings) -> Iterator[str]:
    for url in (settings[TRACKING_URL], settings[CONSOLE_URL]):
        yield urlsplit(url).hostname or ""
    if settings[GATEWAY_HOSTNAME]:
        yield settings[GATEWAY_HOSTNAME].lower()
