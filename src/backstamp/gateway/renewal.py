"""renewal: what our listeners speak TLS with; a renewed certificate is taken into use without a restart."""

import asyncio
import logging
from pathlib import Path

from msgspec.structs import replace

from backstamp.certificate import LOOK_SECONDS, Certificate
from backstamp.gateway import tls
from backstamp.gateway.config import GatewayConfig
from backstamp.gateway.errors import ConfigError

_log = logging.getLogger("backstamp.gateway")


class RenewedTls:
    """The contexts for whatever handshake is next; connections that stand keep theirs."""

    def __init__(self, certificate: Certificate, config: GatewayConfig, contexts: tls.ServerContexts) -> None:
        self._certificate = certificate
        self._config = config
        self.contexts = contexts

    async def run(self) -> None:
        """Look at the files for as long as the gateway runs."""
        wanted = told = False
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            wanted = await asyncio.to_thread(self._certificate.is_renewed) or wanted
            if not wanted:
                continue
            try:
                self._take_up()
            except ConfigError as error:  # gateway.client_ca is read again, too
                if not told:
                    _log.error("the renewed certificate is not in use yet: %s", error)
                told = True
            else:
                wanted = told = False

    def _take_up(self) -> None:
        # In new contexts: one keeps a certificate for each kind of key, and shows the old one with ECDSA
        # where the new one is with RSA.
        chain, key = map(Path, self._certificate.copies)
        contexts = tls.server_contexts(replace(self._config, tls_certificate=chain, tls_key=key))
        assert contexts is not None, "there is a certificate"
        self.contexts = contexts


def renewed_tls(config: GatewayConfig) -> RenewedTls | None:
    """Return what our listeners speak TLS with, or None without a certificate. Raises `ConfigError`."""
    certificate = None
    if config.tls_certificate is not None:
        # The files are looked at before they are read: what comes in between is taken for renewed.
        certificate = Certificate(config.tls_certificate, config.tls_key or config.tls_certificate)
    contexts = tls.server_contexts(config)
    if certificate is None or contexts is None:
        return None
    return RenewedTls(certificate, config, contexts)
