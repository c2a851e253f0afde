"""A made-up quarter of a year of mail, as the journal would tell it: for `bench ingest` and `bench fill`.

The same number and seed give the same records. Messages go out evenly over the days, to one recipient or
up to forty; a copy is fetched at a time after it was sent that is log-normal (half within two hours, one in
a hundred after nine days), by people with some hundred programs, mailbox providers' proxies, Apple's
fetching in advance, and companies' scanners that follow several links at once from one address.
"""

import heapq
import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Final, NamedTuple

import msgspec

from backstamp.journal import JournalWriter, PackedHit
from backstamp.tokens import TrackingIds
from backstamp.vocabulary import (
    Delivery,
    EventType,
    Hit,
    HitKind,
    JournalRecord,
    Origin,
    Queued,
    QueuedLink,
    QueuedRecipient,
)

EVENTS_PER_MESSAGE: Final = 50
"""As in the requirement: 10 million events over 200,000 messages."""
DAYS: Final = 90
LINKS: Final = 5
SECOND_US: Final = 1_000_000
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""All verdicts are final long ago, as in a backlog."""
START_US: Final = int(START.timestamp()) * SECOND_US

_HITS_PER_RECIPIENT: Final = 7.5
_HALF_WITHIN_SECONDS: Final = 7200.0
_SPREAD: Final = 2.0
_BURST_SHARE: Final = 0.04
_WORDS: Final = (
    *("offer", "invoice", "report", "meeting", "contract", "order", "delivery", "question", "news", "ticket"),
    *("budget", "draft", "review", "holiday", "travel", "payment", "minutes", "update", "survey", "welcome"),
)
_DOMAINS: Final = 40
_LANGUAGES: Final = ("de-DE,de;q=0.9", "en-GB,en;q=0.9", "en-US,en;q=0.5", "fr-FR,fr;q=0.8", "nl,en;q=0.6")
_ACCEPTED: Final = {
    HitKind.PIXEL: "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
    HitKind.REDIRECT: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
}
_CHROME: Final = (
    "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36{}",
    ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "Linux; Android 10; K"),
)
_OUTLOOK: Final = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.{}; Pro)"
_GMAIL: Final = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


class Client:
    """A program with which somebody reads: its header fields for an image and for a link."""

    __slots__ = ("by_kind", "network", "share")

    def __init__(self, image: dict[str, str], link: dict[str, str], network: str, share: float) -> None:
        self.by_kind = {HitKind.PIXEL: image, HitKind.REDIRECT: link}
        self.network = network
        self.share = share


class _Copy(NamedTuple):
    """The number of a message, its tracking id, and the index of one of its recipients."""

    number: int
    message: int
    recipient: int


def records(events: int, seed: int = 1, start_us: int = START_US) -> Iterator[JournalRecord]:
    """Give about so many records in the order of their time, from `start_us` on."""
    dice = random.Random(seed)  # noqa: S311 - no secret is made of it
    clients = list(_clients())
    shares = [client.share for client in clients]
    ids = TrackingIds(random.Random(seed).getrandbits)  # noqa: S311 - no secret is made of it
    messages = max(1, events // EVENTS_PER_MESSAGE)
    step_us = DAYS * 86_400 * SECOND_US // messages
    coming: list[tuple[int, int, JournalRecord]] = []
    order = count()
    given = 0
    for number in range(messages):
        at_us = start_us + number * step_us
        while coming and coming[0][0] < at_us and given < events:
            yield heapq.heappop(coming)[2]
            given += 1
        if given >= events:
            return
        message = ids.at(at_us / SECOND_US)
        for record in _story(dice, number, message, at_us, clients, shares):
            heapq.heappush(coming, (record.at_us, next(order), record))
    while coming and given < events:
        yield heapq.heappop(coming)[2]
        given += 1


def append(writer: JournalWriter, record: JournalRecord) -> None:
    """Write a record as its producer spells it: the edge packs its hits."""
    if isinstance(record, Hit):
        writer.append_hit(PackedHit(*msgspec.structs.astuple(record)))
    else:
        writer.append(record)


def address(number: int, index: int) -> str:
    """Return the address of a recipient of a message; people write to the same ones again."""
    person = (number * 31 + index * 7919) % 50_000
    return f"person{person}@company{person % 500}.example"


def _story(
    dice: random.Random, number: int, message: int, at_us: int, clients: list[Client], shares: list[float]
) -> Iterator[JournalRecord]:
    """Give what becomes of one message."""
    draw = dice.random()
    size = 1 if draw < 0.4 else dice.randint(2, 4) if draw < 0.7 else dice.randint(5, 15)
    size = dice.randint(16, 40) if draw > 0.9 else size
    recipients = tuple(
        QueuedRecipient(index, address(number, index), _key(number, index)) for index in range(size)
    )
    domain = number % _DOMAINS
    yield Queued(
        at_us=at_us,
        tracking_id=message,
        origin=Origin.GATEWAY,
        domain_id=domain + 1,
        trace_id=f"{number:016x}",
        reverse_path=f"sender{number % 997}@sender{domain}.example",
        recipients=recipients,
        message_id=f"<{message:016x}@sender{domain}.example>",
        subject=f"{dice.choice(_WORDS).title()} {dice.choice(_WORDS)} {number}",
        sender=f"sender{number % 997}@sender{domain}.example",
        size=dice.randrange(3000, 200_000),
        opens=number % 50 != 0,
        links=number % 50 != 0,
        tracked_links=tuple(QueuedLink(n, f"https://shop.example/{number}/{n}") for n in range(LINKS)),
        manifest='{"candidates": []}' * 20,
    )
    for index in range(size):
        sent_us = at_us + dice.randrange(SECOND_US, 9 * SECOND_US)
        lost = dice.random() < 0.003
        yield Delivery(
            at_us=sent_us,
            tracking_id=message,
            type=EventType.REJECTED if lost else EventType.SENT,
            recipient_index=index,
            code=550 if lost else 250,
            enhanced_status="5.1.1" if lost else "2.0.0",
            text="no such user" if lost else "OK",
            next_hop="mx.company.example",
            stage="data",
        )
        if not lost:
            yield from _fetches(dice, _Copy(number, message, index), sent_us, clients, shares)


def _fetches(
    dice: random.Random, copy: _Copy, sent_us: int, clients: list[Client], shares: list[float]
) -> Iterator[Hit]:
    (client,) = dice.choices(clients, shares)
    source = dice.randbytes(8)
    hits = int(dice.expovariate(1 / _HITS_PER_RECIPIENT) + 0.5)
    if hits and dice.random() < _BURST_SHARE:
        scanner = (0xC0FFEE << 40 | (copy.number % 500)).to_bytes(8, "big")
        at_us = sent_us + dice.randrange(20, 90) * SECOND_US
        for link in range(min(hits, LINKS)):
            bare = {"user_agent": clients[link % 3].by_kind[HitKind.REDIRECT]["user_agent"]}
            yield _hit(copy, at_us + link * 150_000, link, bare, scanner, "")
        hits -= min(hits, LINKS)
    while hits > 0:
        after = _HALF_WITHIN_SECONDS * math.exp(dice.gauss(0, _SPREAD))
        at_us = sent_us + int(after * SECOND_US)
        for step in range(min(hits, dice.randrange(1, 4))):  # a visit: the image, perhaps links soon after it
            is_click = step > 0 and bool(client.by_kind[HitKind.REDIRECT])
            chosen = dice.randrange(LINKS) if is_click else None
            headers = client.by_kind[HitKind.REDIRECT if is_click else HitKind.PIXEL]
            yield _hit(copy, at_us, chosen, headers, source, client.network)
            at_us += int(dice.expovariate(1 / 25) * SECOND_US) + 1
            hits -= 1


def _hit(
    copy: _Copy, at_us: int, link: int | None, headers: dict[str, str], source: bytes, network: str
) -> Hit:
    """Return a fetch of a link, or of the image where `link` is None."""
    pixel = link is None
    return Hit(
        at_us=at_us,
        kind=HitKind.PIXEL if pixel else HitKind.REDIRECT,
        domain_id=copy.number % _DOMAINS + 1,
        tracking_id=copy.message,
        recipient_key=_key(copy.number, copy.recipient) if pixel else b"",
        recipient_index=None if pixel else copy.recipient,
        link_number=link,
        headers=headers,
        network=network,
        source=source,
    )


def _key(number: int, index: int) -> bytes:
    return hash((number, index)).to_bytes(8, "big", signed=True)


def _clients() -> Iterator[Client]:
    for version in range(118, 144):
        for system in _CHROME[1]:
            for edge in ("", f" Edg/{version}.0.0.0"):
                agent = _CHROME[0].format(system, version, edge)
                language = _LANGUAGES[version % len(_LANGUAGES)]
                image, link = (
                    {
                        "user_agent": agent,
                        "accept": _ACCEPTED[kind],
                        "accept_language": language,
                        "sec_fetch_mode": "no-cors" if kind is HitKind.PIXEL else "navigate",
                        "sec_fetch_dest": "image" if kind is HitKind.PIXEL else "document",
                        "sec_fetch_site": "cross-site",
                    }
                    for kind in _ACCEPTED
                )
                yield Client(image, link, "", 0.35 / 156)
    for build in range(17_000, 17_060):
        headers = {"user_agent": _OUTLOOK.format(build)}
        yield Client(headers, {}, "", 0.15 / 60)
    yield Client({"user_agent": _GMAIL}, {}, "google_image_proxy", 0.2)
    yield Client({"user_agent": "Mozilla/5.0"}, {}, "apple_relay", 0.3)
