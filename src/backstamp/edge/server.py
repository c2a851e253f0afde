"""Start Granian for the edge, with its traps closed (DESIGN §3, "Django for what is not our trade").

Workers die with their parent, come back when they die, speak TLS 1.2 and up, take a bounded header
section, and log where we log.
"""

import asyncio
from typing import Final

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops, SSLProtocols
from granian.http import HTTP1Settings, HTTP2Settings
from granian.log import LogLevels

from backstamp.edge.config import EdgeConfig, EdgeError
from backstamp.edge.first_step import FirstStepPolicy
from backstamp.http_listener import LOGGING, check_free, loader

HEAD_BYTES: Final = 64 * 1024
"""Most of a request's line and header section; the longest token has 22 KB."""
HEAD_MILLISECONDS: Final = 10_000
"""Longest wait for a whole header section, also between two requests of a connection."""
BACKLOG: Final = 4096
CONNECTIONS: Final = 8192
"""Most connections of a worker at a time: many slow ones must not keep out the others."""
DRAIN_SECONDS: Final = 12
"""After SIGTERM a worker finishes what it began; then it is killed (`app.supervisor` waits 20 s). Half a
header section is waited for as long as `HEAD_MILLISECONDS`, and the journal's last sync comes after it."""


def serve(config: EdgeConfig, target: str) -> None:
    """Serve until SIGTERM or SIGINT.

    `target` is an import string, "package.module:attribute", of an `Edge`; each worker imports it anew.
    Raises `EdgeError`, `PortTakenError`, or SystemExit when workers die again and again.
    """
    check_free("edge.listen", config.host, config.port)
    asyncio.set_event_loop_policy(FirstStepPolicy())
    try:
        server = Granian(
            target,
            address=config.host,
            port=config.port,
            interface=Interfaces.RSGI,
            workers=config.workers,
            loop=Loops.asyncio,
            http=HTTPModes.auto,
            websockets=False,
            backlog=BACKLOG,
            backpressure=CONNECTIONS,
            http1_settings=HTTP1Settings(header_read_timeout=HEAD_MILLISECONDS, max_buffer_size=HEAD_BYTES),
            http2_settings=HTTP2Settings(
                max_headers_size=HEAD_BYTES,
                max_concurrent_streams=100,
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
    server.serve(target_loader=loader(target, DRAIN_SECONDS), wrap_loader=False)
