"""One database of `bench lookback`: `python -m backstamp.app.bench.lookback_run LINKS`.

Received mail of ten links each is ingested without and with its expressions; then a list of ten thousand new
entries is looked back for, of which ten are found.
"""

import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Final, NamedTuple
from unittest.mock import patch

from backstamp.app.bench.made_up.dataset import SECOND_US
from backstamp.app.bench.servers import scratch
from backstamp.journal import Batch, RecordId
from backstamp.threats import ThreatReason
from backstamp.tokens import TrackingIds
from backstamp.urls.safe_browsing import host_expression
from backstamp.vocabulary import Direction, Origin, Queued, QueuedLink, QueuedRecipient, ThreatType

LINKS: Final = 10
ENTRIES: Final = 10_000
FOUND: Final = 10
_BATCH: Final = 500
_AT_US: Final = 1_767_225_600_000_000


def main(links: int) -> None:
    """Measure and print."""
    from django.db import connection

    mails = max(20 * FOUND, links // LINKS)
    half = mails // 2
    made = _mails(mails)
    with patch("backstamp.records.ingest.said.insert_expressions"):
        bare = _ingest(islice(made, half), 0)
    kept = _ingest(made, half)
    from backstamp.records.models import LinkExpression

    rows = LinkExpression.objects.count() / (mails - half)
    print(
        f"a mail of {LINKS} links: {kept.wall:.2f} ms, {kept.processor:.2f} of this processor; without its "
        f"{rows:.0f} expressions {bare.wall:.2f} and {bare.processor:.2f}"
    )
    _look_back()
    connection.close()


class _Spent(NamedTuple):
    """Milliseconds for a mail."""

    wall: float
    processor: float


def _ingest(mails: Iterator[Queued], first: int) -> _Spent:
    """Ingest mails; return what each took."""
    from backstamp.records.ingest.batches import ingest
    from backstamp.records.memory.today import Memory

    memory, done, now = Memory(), first, datetime.now(UTC)
    wall = processor = 0.0
    while batch := list(islice(mails, _BATCH)):
        records = [(RecordId("bench", done + number), record) for number, record in enumerate(batch)]
        done += len(batch)
        began, used = time.perf_counter(), time.process_time()
        ingest(Batch(list(records), {"bench": done}), now, memory)
        wall += time.perf_counter() - began
        processor += time.process_time() - used
    return _Spent(1e3 * wall / (done - first), 1e3 * processor / (done - first))


def _look_back() -> None:
    from backstamp.records.looking_back.link_expressions import digest_of
    from backstamp.records.looking_back.listings import Listing, matched, messages_under
    from backstamp.records.looking_back.look import PAGE, look_back

    hosts = [f"new{number}.example" for number in range(ENTRIES - FOUND)]
    hosts += [f"bad{number}.example" for number in range(FOUND)]
    began = time.perf_counter()
    listings = [
        Listing(
            digest=digest_of(host_expression(host) or ""),
            threat=ThreatType.MALWARE,
            reason=ThreatReason.LISTED_HOST,
            source="bench",
        )
        for host in hosts
    ]
    under = matched(listings)
    looked_up = time.perf_counter() - began
    found, longest = 0, 0.0
    for listing in under:
        messages = messages_under(listing.digest)
        for at in range(0, len(messages), PAGE):
            page = time.perf_counter()
            found += look_back(listing, messages[at : at + PAGE], datetime.now(UTC)).links
            longest = max(longest, time.perf_counter() - page)
    print(
        f"{ENTRIES:,} new entries: looked up in {looked_up:.2f} s; {len(under)} of them found on {found} "
        f"links and told, {time.perf_counter() - began:.2f} s in all; "
        f"longest transaction {1e3 * longest:.0f} ms",
        flush=True,
    )


def _mails(number: int) -> Iterator[Queued]:
    """Give mails whose links share little; each tenth of the second half has a dangerous one."""
    dice = random.Random(1)  # noqa: S311 - no secret is made of it
    ids = TrackingIds(dice.getrandbits)
    for mail in range(number):
        urls = [
            f"https://www.site{dice.randrange(20_000)}.example/news/{dice.randrange(10**6)}/item?u={mail}&id={link}"
            for link in range(LINKS)
        ]
        if mail % 10 == 0:
            urls[3] = f"https://login.bad{mail // 10 % FOUND}.example/in/{mail}"
        yield Queued(
            at_us=_AT_US + mail,
            tracking_id=ids.at(_AT_US / SECOND_US),
            origin=Origin.FILTER,
            direction=Direction.INBOUND,
            reverse_path="stranger@elsewhere.example",
            sender="stranger@elsewhere.example",
            subject=f"News {mail}",
            recipients=(QueuedRecipient(0, f"person{mail % 500}@our.example", mail.to_bytes(8, "big")),),
            tracked_links=tuple(QueuedLink(link, url) for link, url in enumerate(urls)),
            protection="protect",
        )


if __name__ == "__main__":
    scratch.start_django()
    main(int(sys.argv[1]))
