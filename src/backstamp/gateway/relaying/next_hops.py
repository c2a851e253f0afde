"""next_hops: who gets the mail after us: sent mail, submitted mail, received mail."""

import ssl

from backstamp.gateway import tls
from backstamp.gateway.addresses import NextHopAddress, parse_listen, parse_next_hop
from backstamp.gateway.config import GatewayConfig
from backstamp.gateway.relaying.next_hop import NextHop
from backstamp.vocabulary import TlsMode, UpstreamTls


def next_hop(config: GatewayConfig) -> NextHop:
    """Return who gets mail that is sent through us. Raises `ConfigError`."""
    address = parse_next_hop("gateway.next_hop", config.next_hop)
    context: ssl.SSLContext | None = None
    if config.next_hop_tls is TlsMode.REQUIRED:
        context = tls.verifying_context("gateway.next_hop_ca", config.next_hop_ca)
    elif address.implicit_tls or (config.next_hop_tls is TlsMode.OPPORTUNISTIC and not address.path):
        context = tls.unverified_context()
    return NextHop(address, config.next_hop_tls, context, config.hostname, config.timeouts)


def upstream(config: GatewayConfig) -> NextHop | None:
    """Return who checks passwords and gets submitted mail, where people submit. Raises `ConfigError`."""
    submission = config.submission
    if submission is None:
        return None
    host, port = parse_listen("submission.upstream", submission.upstream)
    address = NextHopAddress(host=host, port=port, implicit_tls=submission.upstream_tls is UpstreamTls.TLS)
    context = tls.verifying_context("submission.upstream_ca", submission.upstream_ca)
    return NextHop(address, TlsMode.REQUIRED, context, config.hostname, config.timeouts)


def inside(config: GatewayConfig) -> NextHop | None:
    """Return who gets received mail after us, where our own MTA hands it over. Raises `ConfigError`."""
    protection = config.protection
    if not (protection.listen or protection.lmtp_listen):
        return None
    address = parse_next_hop("protection.next_hop", protection.next_hop)
    context = None if address.path else tls.unverified_context()
    return NextHop(address, TlsMode.OPPORTUNISTIC, context, config.hostname, config.timeouts)
