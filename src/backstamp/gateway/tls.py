"""tls: the contexts of both sides; TLS 1.2 at least (RFC 8996)."""

import ssl
from pathlib import Path
from typing import NamedTuple

from backstamp.gateway.config import GatewayConfig
from backstamp.gateway.errors import ConfigError


class ServerContexts(NamedTuple):
    """What our listeners speak TLS with: with other servers, and where people submit.

    There nobody is asked for a certificate: mail programs have their people choose one, or show what they
    have, and one of another CA ends the handshake.
    """

    servers: ssl.SSLContext
    people: ssl.SSLContext


def server_contexts(config: GatewayConfig) -> ServerContexts | None:
    """Return what our listeners speak TLS with, or None without a certificate. Raises `ConfigError`."""
    if config.tls_certificate is None:
        if config.client_ca is not None:
            raise ConfigError("gateway.client_ca needs gateway.tls_certificate: without TLS nobody shows one")
        return None
    people = _showing(config.tls_certificate, config.tls_key)
    if config.client_ca is None:
        return ServerContexts(people, people)
    servers = _showing(config.tls_certificate, config.tls_key)
    servers.verify_mode = ssl.CERT_OPTIONAL
    _load_ca(servers, "gateway.client_ca", config.client_ca)
    return ServerContexts(servers, people)


def _showing(chain: Path, key: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(chain, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"gateway.tls_certificate and gateway.tls_key: {_reason(error)}") from None
    return context


def verifying_context(name: str, ca: Path | None) -> ssl.SSLContext:
    """Return a client's context that verifies, by `ca` or the system's CAs. Raises `ConfigError`."""
    context = ssl.create_default_context()
    if ca is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _load_ca(context, name, ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def unverified_context() -> ssl.SSLContext:
    """Return a client's context that encrypts and asks nobody's name (RFC 7435)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _load_ca(context: ssl.SSLContext, name: str, path: Path) -> None:
    try:
        context.load_verify_locations(path)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{name}: {_reason(error)}") from None


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
