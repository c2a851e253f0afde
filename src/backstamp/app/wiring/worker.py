"""From settings to the worker's configuration."""

from backstamp.app.keyfile import KeyFile
from backstamp.app.settings import Settings
from backstamp.app.settings.addresses import split_host_port
from backstamp.app.settings.data_dir import DataFile, DataFolder
from backstamp.app.settings.table import (
    CAPTURE_LISTEN,
    CAPTURE_MAX_BYTES,
    CONSENT_MODE,
    GATEWAY_MAX_SIZE,
    GATEWAY_NEXT_HOP_CA,
    GATEWAY_NEXT_HOP_TLS,
    OPERATIONS_LISTEN,
    PRIVACY_CONTACT,
    PRIVACY_KEEP_ADDRESSES,
    PRIVACY_RETENTION_DAYS,
    REPORTS_DOMAIN,
    REPORTS_FORWARD,
    REPORTS_IMAP,
    REPORTS_IMAP_CA,
    REPORTS_IMAP_PASSWORD,
    REPORTS_IMAP_SECONDS,
    REPORTS_LISTEN,
    SIGNATURES_UPDATE,
    SUBMISSION_LINKS,
    SUBMISSION_OPENS,
    SUBMISSION_UNSUBSCRIBE,
    SUPPRESSION_ACTION,
    TRACKING_ANONYMOUS,
    TRACKING_ENABLED,
    TRACKING_LINKS,
    TRACKING_OPENS,
    TRACKING_URL,
    UNSUBSCRIBE_ADD,
)
from backstamp.app.wiring.capture import next_hop_address, socket_address
from backstamp.app.wiring.feeds import feeds_config
from backstamp.app.wiring.journal import open_journal
from backstamp.app.wiring.own_name import own_name
from backstamp.policy import Axes, Policy, Privacy
from backstamp.vocabulary import Origin
from backstamp.worker import WorkerConfig
from backstamp.worker.config import ImapConfig, OwnMailConfig, ReportMailboxConfig
from backstamp.worker.onward import NextHop


def worker_config(settings: Settings) -> WorkerConfig:
    """Return what the worker must be told."""
    return WorkerConfig(
        journal_dir=settings.in_data_dir(DataFolder.JOURNAL),
        snapshot_path=settings.in_data_dir(DataFile.SNAPSHOT),
        source_keys_dir=settings.in_data_dir(DataFolder.SOURCE_KEYS),
        clock_path=settings.in_data_dir(DataFile.CLOCK),
        policy=default_policy(settings),
        retention_days=settings[PRIVACY_RETENTION_DAYS],
        capture_dir=settings.in_data_dir(DataFolder.CAPTURE),
        capture_listen=socket_address(settings, CAPTURE_LISTEN),
        capture_max_bytes=settings[CAPTURE_MAX_BYTES],
        edge_counters_dir=settings.in_data_dir(DataFolder.EDGE_COUNTERS),
        signatures_path=settings.in_data_dir(DataFile.SIGNATURES),
        update_signatures=settings[SIGNATURES_UPDATE],
        feeds=feeds_config(settings),
        known_sites_path=settings.in_data_dir(DataFile.KNOWN_SITES),
        looking_back_dir=settings.in_data_dir(DataFolder.LOOKING_BACK),
        operations_listen=split_host_port(settings[OPERATIONS_LISTEN])
        if settings[OPERATIONS_LISTEN]
        else None,
        reports=_reports(settings),
        own_mail=own_mail_config(settings),
    )


def own_mail_config(settings: Settings) -> OwnMailConfig:
    """Return how mail of our own is sent."""
    return OwnMailConfig(next_hop=_next_hop(settings), sender=_own_sender(settings))


def _reports(settings: Settings) -> ReportMailboxConfig | None:
    if not settings[REPORTS_LISTEN] and not settings[REPORTS_IMAP]:
        return None
    imap = ImapConfig(
        address=settings[REPORTS_IMAP],
        password=settings[REPORTS_IMAP_PASSWORD],
        seconds=settings[REPORTS_IMAP_SECONDS],
        ca=settings[REPORTS_IMAP_CA],
    )
    return ReportMailboxConfig(
        listen=socket_address(settings, REPORTS_LISTEN),
        domain=settings[REPORTS_DOMAIN],
        next_hop=_next_hop(settings) if settings[REPORTS_FORWARD] else None,
        imap=imap if settings[REPORTS_IMAP] else None,
        max_bytes=settings[GATEWAY_MAX_SIZE],
        keyring=KeyFile(settings.in_data_dir(DataFile.KEYS)),
        journal=lambda: open_journal(settings, "worker"),
    )


def _next_hop(settings: Settings) -> NextHop:
    return NextHop(
        address=next_hop_address(settings),
        hostname=own_name(settings),
        tls=settings[GATEWAY_NEXT_HOP_TLS],
        ca=settings[GATEWAY_NEXT_HOP_CA],
    )


def _own_sender(settings: Settings) -> str:
    return settings[PRIVACY_CONTACT] or f"postmaster@{own_name(settings)}"


def default_policy(settings: Settings) -> Policy:
    """Return the policy that the settings alone make; the worker lays the database's rows over it."""
    gateway = Axes(settings[TRACKING_OPENS], settings[TRACKING_LINKS])
    return Policy(
        published_at_us=0,
        enabled=settings[TRACKING_ENABLED],
        consent_mode=settings[CONSENT_MODE],
        tracking_url=settings[TRACKING_URL],
        origins={
            Origin.GATEWAY: gateway,
            Origin.SUBMISSION: Axes(settings[SUBMISSION_OPENS], settings[SUBMISSION_LINKS]),
            Origin.MANUAL: gateway,
        },
        anonymous=settings[TRACKING_ANONYMOUS],
        keep_addresses=settings[PRIVACY_KEEP_ADDRESSES],
        suppression_action=settings[SUPPRESSION_ACTION],
        unsubscribe=frozenset(
            origin
            for origin, setting in (
                (Origin.GATEWAY, UNSUBSCRIBE_ADD),
                (Origin.SUBMISSION, SUBMISSION_UNSUBSCRIBE),
            )
            if settings[setting]
        ),
        privacy=Privacy(settings[PRIVACY_RETENTION_DAYS], settings[PRIVACY_CONTACT]),
    )
