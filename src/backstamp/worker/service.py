"""The worker as a whole: its parts, and their end."""

import asyncio
import logging

from backstamp.records.database.vendor import is_postgresql
from backstamp.records.queries.link_urls import urls_of_links
from backstamp.shared_files import ThreatFile
from backstamp.worker.capture.server import CaptureServer
from backstamp.worker.channels.delivering import AlertDelivery
from backstamp.worker.config import WorkerConfig
from backstamp.worker.feeds.questions.answer_book import forget_switched_off
from backstamp.worker.feeds.questions.arrivals import Arrivals
from backstamp.worker.feeds.questions.lookups import Lookups
from backstamp.worker.feeds.running.feed_keeping import FeedKeeping
from backstamp.worker.ingest.batches import nobody
from backstamp.worker.ingest.loop import IngestLoop
from backstamp.worker.ingest.months import Months
from backstamp.worker.ingest.reverse_names import ReverseLookups
from backstamp.worker.ingest.settling import Settling
from backstamp.worker.looking_back.part import LookingBack
from backstamp.worker.operations.pages import OperationsPages
from backstamp.worker.parts.collector import spare_the_collector
from backstamp.worker.parts.database import Database
from backstamp.worker.parts.running import keep_running
from backstamp.worker.parts.troubles import Troubles
from backstamp.worker.privacy.housekeeping import Housekeeping
from backstamp.worker.privacy.records_mail import RecordsMail
from backstamp.worker.publishing.known_sites import KnownSitesPublisher
from backstamp.worker.publishing.policy import Publisher
from backstamp.worker.report_mailbox.imap import ImapMailbox
from backstamp.worker.report_mailbox.mailbox import ReportMailbox
from backstamp.worker.signatures.keeping import SignatureKeeping

log = logging.getLogger("backstamp.worker")


async def serve(config: WorkerConfig, *, stop: asyncio.Event) -> None:
    """Run all parts until `stop` is set, then finish what was begun, and return.

    Django must have been set up. A part that fails is started again; this function does not raise
    for it.
    """
    spare_the_collector()
    database = Database()
    if config.feeds is not None:
        forget_switched_off(config.feeds)
    lookups = Lookups(config.feeds) if config.feeds is not None and config.feeds.asks else None
    arrivals = _arrivals(config, lookups, database)
    publisher = Publisher(config.snapshot_path, config.policy, database)
    heard = arrivals.hear if arrivals is not None else nobody
    ingest = IngestLoop(config.journal_dir, database, heard, publisher.hurry, config.policy.consent_mode)
    settling = Settling(database, ingest.caught_up, ingest.memory)
    housekeeping = Housekeeping(
        database,
        journal_dir=config.journal_dir,
        source_keys_dir=config.source_keys_dir,
        clock_path=config.clock_path,
        retention_days=config.retention_days,
    )
    looking_back = LookingBack(
        database,
        ingest.caught_up,
        config.looking_back_dir,
        lookups,
        lists=None if config.feeds is None else ThreatFile(config.feeds.lists_path),
    )
    capture = CaptureServer(config, database)
    parts = {
        "ingest": ingest.run,
        "policy publisher": publisher.run,
        "consents publisher": publisher.run_consents,
        "suppression list publisher": publisher.run_suppressed,
        "settling": settling.run,
        "housekeeping": housekeeping.run,
        "capture mailbox": capture.run,
        "reverse names": ReverseLookups(database, ingest.judge_again).run,
        "alerts": AlertDelivery(database, config.own_mail).run,
        "looking back": looking_back.run,
        "known sites": KnownSitesPublisher(config.known_sites_path, database).run,
    }
    if is_postgresql():
        parts["months of events"] = Months(database, config.retention_days).run
    if config.update_signatures:
        parts["signatures"] = SignatureKeeping(config.signatures_path).run
    if config.feeds is not None:
        parts["lists of dangerous URLs"] = FeedKeeping(config.feeds, looking_back.on_new_entries).run
    if lookups is not None and arrivals is not None:
        parts |= {"questions about URLs": lookups.run, "links of received mail": arrivals.run}
    if config.own_mail is not None:
        parts["records by mail"] = RecordsMail(config.own_mail, database).run
    mailbox, imap = None, None
    if config.reports is not None:
        mailbox = ReportMailbox(config.reports, database, ingest.caught_up)
        parts |= {"report mailbox": mailbox.run, "matching of reports": mailbox.match_again}
        if config.reports.imap is not None:
            imap = ImapMailbox(config.reports.imap, mailbox)
            parts["IMAP mailbox"] = imap.run
    troubles = Troubles(parts)
    if config.operations_listen is not None:
        too_large = None if imap is None else imap.number_too_large
        parts["operations pages"] = OperationsPages(config, database, troubles, too_large).run
    log.info("the worker has started%s", _pages(config))
    try:
        async with asyncio.TaskGroup() as group:
            for name, part in parts.items():
                group.create_task(keep_running(name, part, stop, troubles), name=name)
    finally:
        database.close()
        if mailbox is not None:
            mailbox.close()
    log.info("the worker has stopped")


def _pages(config: WorkerConfig) -> str:
    if config.operations_listen is None:
        return ""
    host, port = config.operations_listen
    return f"; its pages are on {host}:{port}"


def _arrivals(config: WorkerConfig, lookups: Lookups | None, database: Database) -> Arrivals | None:
    if config.feeds is None or lookups is None:
        return None
    return Arrivals(
        lookups, ThreatFile(config.feeds.lists_path), lambda links: database.run(urls_of_links, links)
    )
