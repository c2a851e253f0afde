"""From settings to the gateway's configuration."""

from pathlib import Path

from backstamp.app.settings import Settings
from backstamp.app.settings.data_dir import DataFile
from backstamp.app.settings.table import (
    GATEWAY_CLIENT_CA,
    GATEWAY_LISTEN,
    GATEWAY_LMTP_LISTEN,
    GATEWAY_MAX_CONNECTIONS,
    GATEWAY_MAX_SIZE,
    GATEWAY_NEXT_HOP_CA,
    GATEWAY_NEXT_HOP_TLS,
    GATEWAY_TLS_CERTIFICATE,
    GATEWAY_TLS_KEY,
    GATEWAY_TRUSTED_NETWORKS,
    GATEWAY_XCLIENT_NETWORKS,
    PROTECTION_AUTHSERV_IDS,
    PROTECTION_LISTEN,
    PROTECTION_LMTP_LISTEN,
    PROTECTION_MILTER_FAILURE,
    PROTECTION_MILTER_GROUP,
    PROTECTION_MILTER_LISTEN,
    PROTECTION_NEXT_HOP,
    PROTECTION_PGP_KEYRING,
    PROTECTION_SMIME_CA,
    REPORTS_DOMAIN,
    REPORTS_RETURN_PATH_DOMAINS,
    REWRITING_CPU_SECONDS,
    REWRITING_MEMORY,
    REWRITING_WORKERS,
    SUBMISSION_LISTEN,
    SUBMISSION_TLS_LISTEN,
    SUBMISSION_UPSTREAM,
    SUBMISSION_UPSTREAM_CA,
    SUBMISSION_UPSTREAM_TLS,
)
from backstamp.app.wiring.capture import next_hop_address, socket_address
from backstamp.app.wiring.own_name import own_name
from backstamp.app.wiring.rewriting import rewriting_options
from backstamp.gateway.config import GatewayConfig, ProtectionConfig, Submission
from backstamp.gateway.milter import MilterConfig
from backstamp.gateway.rewriter.config import RewritingLimits
from backstamp.gateway.rewriter.signatures import Trust
from backstamp.gateway.server import LARGEST_AT_ONCE


def gateway_config(settings: Settings) -> GatewayConfig:
    """Return what the gateway must be told. Raises `gateway.errors.ConfigError`, `SettingsError`."""
    return GatewayConfig(
        hostname=own_name(settings),
        next_hop=next_hop_address(settings),
        outcomes=settings.in_data_dir(DataFile.OUTCOMES),
        listen=settings[GATEWAY_LISTEN],
        lmtp_listen=settings[GATEWAY_LMTP_LISTEN],
        trusted_networks=settings[GATEWAY_TRUSTED_NETWORKS],
        xclient_networks=settings[GATEWAY_XCLIENT_NETWORKS],
        tls_certificate=settings[GATEWAY_TLS_CERTIFICATE],
        tls_key=settings[GATEWAY_TLS_KEY],
        client_ca=settings[GATEWAY_CLIENT_CA],
        next_hop_tls=settings[GATEWAY_NEXT_HOP_TLS],
        next_hop_ca=settings[GATEWAY_NEXT_HOP_CA],
        max_size=settings[GATEWAY_MAX_SIZE],
        max_connections=settings[GATEWAY_MAX_CONNECTIONS],
        rewriting_options=rewriting_options(settings),
        report_domain=settings[REPORTS_DOMAIN],
        return_path_domains=tuple(name.lower() for name in settings[REPORTS_RETURN_PATH_DOMAINS]),
        submission=_submission(settings),
        protection=protection_config(settings),
        rewriting=rewriting_limits(settings),
    )


def rewriting_limits(settings: Settings) -> RewritingLimits:
    """Return how many worker processes there are, and what each may use for one message."""
    return RewritingLimits(
        workers=settings[REWRITING_WORKERS],
        cpu_seconds=settings[REWRITING_CPU_SECONDS],
        memory_bytes=settings[REWRITING_MEMORY],
    )


def protection_config(settings: Settings) -> ProtectionConfig:
    """Return what is needed for received mail. Raises `SettingsError`."""
    return ProtectionConfig(
        threat_lists=settings.in_data_dir(DataFile.THREAT_LISTS),
        threat_answers=settings.in_data_dir(DataFile.THREAT_ANSWERS),
        known_sites=settings.in_data_dir(DataFile.KNOWN_SITES),
        listen=settings[PROTECTION_LISTEN],
        lmtp_listen=settings[PROTECTION_LMTP_LISTEN],
        next_hop=settings[PROTECTION_NEXT_HOP],
        milter=_milter(settings),
        authserv_ids=tuple(name.lower() for name in settings[PROTECTION_AUTHSERV_IDS]),
        trust=Trust(_text(settings[PROTECTION_SMIME_CA]), _text(settings[PROTECTION_PGP_KEYRING])),
    )


def _text(path: Path | None) -> str:
    return "" if path is None else str(path)


def _milter(settings: Settings) -> MilterConfig | None:
    listen = socket_address(settings, PROTECTION_MILTER_LISTEN)
    if not listen:
        return None
    return MilterConfig(
        listen=listen,
        socket_group=settings[PROTECTION_MILTER_GROUP],
        max_size=settings[GATEWAY_MAX_SIZE],
        memory=LARGEST_AT_ONCE * settings[GATEWAY_MAX_SIZE],
        max_connections=settings[GATEWAY_MAX_CONNECTIONS],
        on_failure=settings[PROTECTION_MILTER_FAILURE],
    )


def _submission(settings: Settings) -> Submission | None:
    if not settings[SUBMISSION_LISTEN] and not settings[SUBMISSION_TLS_LISTEN]:
        return None
    return Submission(
        upstream=settings[SUBMISSION_UPSTREAM],
        listen=settings[SUBMISSION_LISTEN],
        tls_listen=settings[SUBMISSION_TLS_LISTEN],
        upstream_tls=settings[SUBMISSION_UPSTREAM_TLS],
        upstream_ca=settings[SUBMISSION_UPSTREAM_CA],
    )
