"""Start Granian for the edge, with its traps closed (DESIGN §3, "Django for what is not our trade").

Workers die with their parent, come back when they die, speak TLS 1.2 and up, take a bounded header
section, and log where we log.
"""

import asyncio
import logging
import signal
from types import FrameType
from typing import Final

from granian.constants import HTTPModes, Interfaces, Loops, SSLProtocols
from granian.http import HTTP1Settings, HTTP2Settings
from granian.log import LogLevels

from backstamp.edge.certificate import Certificate
from backstamp.edge.config import EdgeConfig, EdgeError
from backstamp.edge.first_step import FirstStepPolicy
from backstamp.http_listener import LOGGING, Server, connections_for, free_address, loader

_log = logging.getLogger("backstamp.edge")

HEAD_BYTES: Final = 64 * 1024
"""Most of a request's line and header section; the longest token has 22 KB."""
HEAD_MILLISECONDS: Final = 10_000
"""Longest wait for a whole header section, also between two requests of a connection."""
BACKLOG: Final = 4096
DRAIN_SECONDS: Final = 12
"""After SIGTERM a worker finishes what it began; then it is killed (`app.supervisor` waits 20 s). Half a
header section is waited for as long as `HEAD_MILLISECONDS`, and the journal's last sync comes after it."""
STREAMS: Final = 16
"""Requests of one connection that wait for their answers to be taken. RFC 9113 §6.5.2 recommends 100, for
servers that take their time; ours have all been answered after a millisecond. A client that takes none makes
us keep them: 738 KB a connection with 100 pages of a link, and 103 with 16, times 8,192 connections."""


def serve(config: EdgeConfig, target: str) -> None:
    """Serve until SIGTERM or SIGINT.

    `target` is an import string, "package.module:attribute", of an `Edge`; each worker imports it anew.
    Raises `EdgeError`, `PortTakenError`, or SystemExit when workers die again and again.
    """
    address = free_address("edge.listen", config.host, config.port)
    connections = connections_for(config.connections)
    if connections < config.connections:
        _log.warning(
            "a worker takes %d connections at a time and not %d: the limit of open files is too low",
            *(connections, config.connections),
        )
    asyncio.set_event_loop_policy(FirstStepPolicy())
    try:
        server = Server(
            target,
            address=address,
            port=config.port,
            interface=Interfaces.RSGI,
            workers=config.workers,
            loop=Loops.asyncio,
            http=HTTPModes.auto,
            websockets=False,
            backlog=BACKLOG,
            backpressure=connections,
            http1_settings=HTTP1Settings(header_read_timeout=HEAD_MILLISECONDS, max_buffer_size=HEAD_BYTES),
            http2_settings=HTTP2Settings(
                max_headers_size=HEAD_BYTES,
                max_concurrent_streams=STREAMS,
                keep_alive_interval=HEAD_MILLISECONDS,
            ),
            log_level=LogLevels.warning,
            log_dictconfig=LOGGING,
            ssl_cert=config.tls_certificate,
            ssl_key=config.tls_key,
            ssl_protocol_min=SSLProtocols.tls12,
            respawn_failed_workers=True,
            workers_kill_timeout=DRAIN_SECONDS,
        )
    except OSError as error:  # ssl.SSLError is one
        raise EdgeError(
            f"edge.tls_certificate and edge.tls_key cannot be used ({error.strerror or error}); "
            "give a PEM chain and its key"
        ) from None
    if config.tls_certificate is not None and config.tls_key is not None:
        _renew(server, Certificate(config.tls_certificate, config.tls_key))
    server.on_startup(lambda: _log.info("listens on %s:%d", config.host, config.port))
    server.serve(target_loader=loader(target, DRAIN_SECONDS), wrap_loader=False)


def _renew(server: Server, certificate: Certificate) -> None:
    """Replace the workers, one after the other, when there is a new certificate.

    Granian does that at SIGHUP; but it remembers what a symbolic link led to at the start, and ends when the
    new files are no good.
    """

    def asked(_number: int, _frame: FrameType | None) -> None:
        fault = certificate.fault()
        if fault:
            _log.error("SIGHUP: the certificate cannot be used (%s); nothing is changed", fault)
        else:
            server.replace_workers()

    @server.on_startup
    def started() -> None:
        signal.signal(signal.SIGHUP, asked)
        certificate.watch(server.replace_workers)

    def usable() -> bool:
        # Granian's workers read the files themselves: these are their names as of now. They may have been
        # replaced again since they were found good, while workers were replaced for an earlier pair.
        try:
            server.build_ssl_context(
                certificate.chain, certificate.key, None, SSLProtocols.tls12, None, [], client_verify=False
            )
        except OSError as error:  # ssl.SSLError is one
            reason = error.strerror or error
            _log.error("the new certificate cannot be used (%s); the old one serves on", reason)
            return False
        return True

    server.may_replace = usable
