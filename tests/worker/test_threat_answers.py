"""From mail that arrives, and from a click that waits, to an answer that the edge can read."""

import time
from pathlib import Path

import msgspec

from backstamp.journal import JournalWriter
from backstamp.policy import ProtectionMode
from backstamp.records.models import Link
from backstamp.records.queries.link_urls import urls_of_links
from backstamp.shared_files import publish_lists
from backstamp.shared_files.answers_file import AnswersFile, publish_answers
from backstamp.threats.answers import Answers, Confirmed
from backstamp.threats.lists import Source, SourceEntries
from backstamp.urls.safe_browsing import full_hash
from backstamp.vocabulary import (
    ClickAction,
    Direction,
    Hit,
    HitKind,
    Origin,
    Queued,
    QueuedLink,
    ThreatType,
)
from backstamp.worker import WorkerConfig
from backstamp.worker.feeds.config import FeedsConfig
from backstamp.worker.feeds.keeping.copies import ListStore
from backstamp.worker.feeds.providers import safe_browsing
from backstamp.worker.feeds.providers.dns_lists import DnsForm, DnsList
from tests.worker.feeds.feed_server import FeedServer, Page, feed_server
from tests.worker.feeds.google import SafeBrowsing, offered
from tests.worker.running import eventually, running

EVIL = full_hash("evil.example/a")
LATER = full_hash("later.example/")
TRACKING_ID = (1 << 63) + 5


def with_feeds(config: WorkerConfig, server: FeedServer, directory: Path) -> FeedsConfig:
    """Lists that are there and not due, and a service that knows more."""
    service = SafeBrowsing(safe_browsing.LISTS)
    service.lists["se-4b"] = [{int.from_bytes(each[:4], "big") for each in (EVIL, LATER)}]
    service.full = {EVIL: [(2, [])], LATER: [(1, [])]}
    server.pages["/v5/hashLists:batchGet"] = Page(service.batch_get)
    server.pages["/v5/hashes:search"] = Page(service.search)
    return FeedsConfig(
        sources=(offered("safe-browsing", server, key=""),),
        directory=directory / "feeds",
        lists_path=directory / "threats.lists",
        answers_path=directory / "threats.answers",
    )


async def test_a_prefix_is_resolved_when_mail_arrives_and_when_a_click_waits(
    config: WorkerConfig, tmp_path: Path
) -> None:
    with feed_server() as server:
        feeds = with_feeds(config, server, tmp_path)
        bare = Source("safe-browsing/se-4b", ThreatType.PHISHING, 4, bare=True)
        publish_lists(feeds.lists_path, [SourceEntries(bare, [EVIL, LATER])])
        ListStore(feeds.directory, "safe-browsing").prepare()
        answers = AnswersFile(feeds.answers_path)
        writer = JournalWriter(config.journal_dir, role="gateway")

        def resolved() -> list[bool]:
            now_us = time.time_ns() // 1000
            return [answers.current().is_resolved(each, now_us) for each in (EVIL, LATER)]

        async with running(msgspec.structs.replace(config, feeds=feeds)):
            writer.append(
                Queued(
                    at_us=time.time_ns() // 1000,
                    tracking_id=TRACKING_ID,
                    origin=Origin.MILTER,
                    direction=Direction.INBOUND,
                    protection=ProtectionMode.PROTECT,
                    tracked_links=(
                        QueuedLink(1, "http://evil.example/a"),
                        QueuedLink(2, "http://clean.example/"),
                    ),
                )
            )
            await eventually(resolved, [True, False])
            assert [each.source for each in answers.current().dangerous[EVIL]] == ["safe-browsing"]
            await eventually(lambda: Link.objects.count(), 2)
            await eventually(
                lambda: urls_of_links([(TRACKING_ID, 1), (TRACKING_ID, 9), (1, 1)]), ["http://evil.example/a"]
            )
        publish_answers(feeds.answers_path, Answers())
        async with running(msgspec.structs.replace(config, feeds=feeds)):
            await eventually(resolved, [False, False])
            began = time.monotonic()
            writer.append(
                Hit(
                    at_us=time.time_ns() // 1000,
                    kind=HitKind.REDIRECT,
                    domain_id=0,
                    tracking_id=TRACKING_ID,
                    recipient_index=0,
                    link_number=1,
                    action=ClickAction.CHECK,
                )
            )
            await eventually(resolved, [True, False])
            assert time.monotonic() - began < 12, "while the reader waits"
        writer.close()


async def test_what_a_list_has_answered_goes_when_it_is_switched_off(
    config: WorkerConfig, tmp_path: Path
) -> None:
    """Who switches a list off because it lists too much cannot wait for a day."""
    off = FeedsConfig(
        sources=(),
        directory=tmp_path / "feeds",
        lists_path=tmp_path / "threats.lists",
        answers_path=tmp_path / "threats.answers",
    )
    on = msgspec.structs.replace(off, dns_lists=(DnsList(DnsForm.SURBL, "surbl.test"),))
    said = {
        source: Confirmed(ThreatType.PHISHING, source, 1, (time.time_ns() // 1000) + 10**10)
        for source in ("surbl", "spamhaus-dbl")
    }
    publish_answers(off.answers_path, Answers({EVIL: tuple(said.values()), LATER: (said["spamhaus-dbl"],)}))
    answers = AnswersFile(off.answers_path)
    for feeds, left in ((on, {EVIL: (said["surbl"],)}), (off, {})):
        async with running(msgspec.structs.replace(config, feeds=feeds)):
            await eventually(lambda: answers.current().dangerous, left)
