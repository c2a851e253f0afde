"""From settings to the edge's configuration."""

from backstamp.app.settings import Settings
from backstamp.app.settings.addresses import split_host_port
from backstamp.app.settings.table import (
    EDGE_LISTEN,
    EDGE_TLS_CERTIFICATE,
    EDGE_TLS_KEY,
    EDGE_TRUSTED_PROXIES,
    EDGE_WORKERS,
)
from backstamp.edge import EdgeConfig


def edge_config(settings: Settings) -> EdgeConfig:
    """Return what the edge must be told."""
    host, port = split_host_port(settings[EDGE_LISTEN])
    return EdgeConfig(
        host=host,
        port=port,
        workers=settings[EDGE_WORKERS],
        trusted_proxies=settings[EDGE_TRUSTED_PROXIES],
        tls_certificate=settings[EDGE_TLS_CERTIFICATE],
        tls_key=settings[EDGE_TLS_KEY],
    )
