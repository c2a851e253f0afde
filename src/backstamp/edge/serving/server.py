"""Start Granian for the edge, with its traps closed (DESIGN §3, "Django for what is not our trade").

Workers die with their parent, come back when they die, speak TLS 1.2 and up, take a bounded header
section, and log where we log.
"""

import asyncio
import logging
import signal
from types import FrameType
from typing import Any, Final, cast

from granian.constants import HTTPModes, Interfaces, Loops, SSLProtocols
from granian.http import HTTP1Settings, HTTP2Settings
from granian.log import LogLevels

from backstamp.certificate import Certificate
from backstamp.edge.config import EdgeConfig, EdgeError
from backstamp.edge.serving.first_step import FirstStepPolicy
from backstamp.http_listener import LOGGING, Server, connections_for, free_address, loader

_log = logging.getLogger("backstamp.edge")

HEAD_BYTES: Final = 64 * 1024
"""Most of a request's line and header section; the longest token has 22 KB."""
HEAD_MILLISECONDS: Final = 10_000
"""Longest wait for a whole header section, also between two requests of a connection."""
BACKLOG: Final = 4096
DRAIN_SECONDS: Final = 12
"""After SIGTERM a worker finishes what it began; then it is killed (`app.starting.supervisor` waits 20 s).
Half a header section is waited for as long as `HEAD_MILLISECONDS`, and the journal's last sync comes after
it."""
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
        raise _unusable(str(error.strerror or error)) from None
    if config.tls_certificate is not None and config.tls_key is not None:
        _renew(server, Certificate(config.tls_certificate, config.tls_key))
    server.on_startup(lambda: _log.info("listens on %s:%d", config.host, config.port))
    server.serve(target_loader=loader(target, DRAIN_SECONDS), wrap_loader=False)


def _renew(server: Server, certificate: Certificate) -> None:
    """Replace the workers, one after the other, when there is a new certificate. Raises `EdgeError`.

    Granian does that at SIGHUP; but its workers read the files themselves, whenever one starts, and die where
    these are not whole just then.
    """

    def take_up() -> None:
        # As `build_ssl_context` has it, which would look for what these paths lead to.
        server.ssl_ctx = cast("Any", (server.ssl_ctx[0], *certificate.copies, *server.ssl_ctx[3:]))

    def replace() -> None:
        take_up()
        server.replace_workers()

    def asked(_number: int, _frame: FrameType | None) -> None:
        if fault := certificate.take():
            _log.error("SIGHUP: the certificate cannot be used (%s); nothing is changed", fault)
        else:
            replace()

    @server.on_startup
    def started() -> None:
        signal.signal(signal.SIGHUP, asked)
        certificate.watch(replace)

    if fault := certificate.take():
        raise _unusable(fault)
    take_up()


def _unusable(fault: str) -> EdgeError:
    return EdgeError(
        f"edge.tls_certificate and edge.tls_key cannot be used ({fault}); give a PEM chain and its key"
    )
