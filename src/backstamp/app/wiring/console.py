"""From settings to the console's configuration.

Every command and role that uses the database comes by here, so what only the console's pages need is imported
when a page asks for it: with the edge and the feeds a command took a sixth longer.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache

from backstamp.app.keyfile import KeyFile
from backstamp.app.settings import Settings
from backstamp.app.settings.addresses import split_host_port
from backstamp.app.settings.data_dir import DataFile, DataFolder
from backstamp.app.settings.table import (
    GATEWAY_LISTEN,
    GATEWAY_NEXT_HOP,
    PRIVACY_CONTACT,
    PRIVACY_KEEP_ADDRESSES,
    PRIVACY_RETENTION_DAYS,
    PROTECTION_LISTEN,
    PROTECTION_LMTP_LISTEN,
    PROTECTION_MILTER_LISTEN,
)
from backstamp.app.simulator.runs import SimulationRuns
from backstamp.app.wiring.journal import open_journal
from backstamp.console.config import ConsoleConfig, PagePreview, ThreatListState
from backstamp.journal import JournalWriter
from backstamp.policy import Protection
from backstamp.shared_files import SignatureFile, SnapshotFile
from backstamp.vocabulary import ClickAction


def console_config(settings: Settings) -> ConsoleConfig:
    """Return what the console must be told. The key file must exist."""
    host, port = split_host_port(settings[GATEWAY_LISTEN])

    @cache
    def journal() -> JournalWriter:
        return open_journal(settings, "console")

    return ConsoleConfig(
        gateway_host=host,
        gateway_port=port,
        capturing=not settings[GATEWAY_NEXT_HOP],
        capture_dir=settings.in_data_dir(DataFolder.CAPTURE),
        keyring=KeyFile(settings.in_data_dir(DataFile.KEYS)),
        snapshot=SnapshotFile(settings.in_data_dir(DataFile.SNAPSHOT)).current,
        signatures=SignatureFile(settings.in_data_dir(DataFile.SIGNATURES)).updates,
        journal=journal,
        simulations=SimulationRuns(settings),
        threat_lists=lambda: list(_threat_lists(settings)),
        page_preview=_page_preview,
        retention_days=settings[PRIVACY_RETENTION_DAYS],
        keeps_addresses=settings[PRIVACY_KEEP_ADDRESSES],
        contact=settings[PRIVACY_CONTACT],
        takes_received_mail=any(
            settings[each] for each in (PROTECTION_LISTEN, PROTECTION_LMTP_LISTEN, PROTECTION_MILTER_LISTEN)
        ),
    )


def _page_preview(domain: str, protection: Protection, action: ClickAction, language: str) -> PagePreview:
    from backstamp.app.wiring.page_preview import page_preview

    return page_preview(domain, protection, action, language)


def _threat_lists(settings: Settings) -> Iterator[ThreatListState]:
    from backstamp.app.wiring.feeds import feeds_config
    from backstamp.worker.feeds.keeping.copies import ListStore
    from backstamp.worker.feeds.keeping.standing import is_stale, standing_of
    from backstamp.worker.feeds.questions.resting import rest_of

    config = feeds_config(settings)
    for source in config.sources:
        state, being_read = standing_of(ListStore(config.directory, source.name))
        rest = rest_of(config.directory, source.name)
        yield ThreatListState(
            name=source.name,
            threat=source.threat_type.value,
            entries=state.entries,
            left_out=sum(state.dropped.values()),
            had_at=_moment(state.checked_at),
            next_at=_moment(state.next_at),
            failures=state.failures,
            why=state.why,
            being_read=being_read,
            stale=is_stale(source, state),
            unasked="" if rest is None else rest.why,
            unasked_until=None if rest is None else _moment(rest.until),
        )
    for dns_list in config.dns_lists:
        rest = rest_of(config.directory, dns_list.name)
        yield ThreatListState(
            name=dns_list.name,
            asked=True,
            unasked="" if rest is None else rest.why,
            unasked_until=None if rest is None else _moment(rest.until),
        )


def _moment(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
