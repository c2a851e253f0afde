"""checks: what can be wrong with the gateway's configuration as a whole."""

from typing import Final

from backstamp.gateway import access, tls
from backstamp.gateway.addresses import NextHopAddress, parse_listen, parse_next_hop
from backstamp.gateway.config import GatewayConfig
from backstamp.gateway.errors import ConfigError
from backstamp.gateway.milter import check_milter_config
from backstamp.gateway.relaying import next_hops
from backstamp.gateway.sessions.listeners import listeners
from backstamp.vocabulary import TlsMode

LEAST_MEMORY: Final = 256 * 1024 * 1024


def check_config(config: GatewayConfig) -> None:
    """Raise `ConfigError` for the first thing that is wrong with a configuration; opens nothing."""
    access.check_networks("gateway.trusted_networks", config.trusted_networks)
    access.check_networks("gateway.xclient_networks", config.xclient_networks)
    next_hop = parse_next_hop("gateway.next_hop", config.next_hop)
    if next_hop.path and config.next_hop_tls is TlsMode.REQUIRED:
        raise ConfigError(
            "gateway.next_hop is a Unix socket, where TLS is not spoken; set gateway.next_hop_tls"
        )
    _check_protection(config)
    hops = {"gateway.next_hop": next_hop}
    if inside := next_hops.inside(config):
        hops["protection.next_hop"] = inside.address
    for listener in listeners(config):
        for name, hop in hops.items():
            if parse_listen(listener.name, listener.text)[1] == hop.port and _is_here(listener.text, hop):
                raise ConfigError(f"{name} is {listener.name} itself: mail would go round in circles")
    if not config.listen and not config.lmtp_listen and config.submission is None:
        raise ConfigError("the gateway listens nowhere; set gateway.listen")
    if config.submission is not None and tls.server_contexts(config) is None:
        raise ConfigError("submission needs gateway.tls_certificate: passwords travel over TLS only")
    if config.rewriting.memory_bytes < LEAST_MEMORY:
        raise ConfigError(
            "rewriting.memory_bytes is less than a rewriting process needs; give it 256 MiB or more"
        )
    tls.server_contexts(config)
    next_hops.next_hop(config)
    next_hops.upstream(config)


def _check_protection(config: GatewayConfig) -> None:
    protection = config.protection
    if (protection.listen or protection.lmtp_listen) and not protection.next_hop:
        raise ConfigError("protection.next_hop is empty: say where received mail goes, as smtp://HOST:PORT")
    if protection.milter is not None:
        check_milter_config(protection.milter)


def _is_here(listen: str, next_hop: NextHopAddress) -> bool:
    host = parse_listen("listen", listen)[0]
    here = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"}  # noqa: S104 - compared, not bound
    return host == next_hop.host or (host in here and next_hop.host in here)
