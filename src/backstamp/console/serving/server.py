"""Start Granian for the console: one worker, ASGI, so that live pages cost a task and not a process."""

import logging
from typing import Final

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from backstamp.http_listener import LOGGING, Server, free_address, loader

_log = logging.getLogger("backstamp.console")

DRAIN_SECONDS: Final = 3
"""After SIGTERM answers that have begun are waited for so long. Live pages end at once (`watching`), and a
browser comes back to the next process by itself."""


def serve(host: str, port: int, target: str) -> None:
    """Serve until SIGTERM or SIGINT.

    `target` is an import string, "package.module:attribute", of an ASGI application. Raises `PortTakenError`.
    """
    address = free_address("console.listen", host, port)
    server = Server(
        target,
        address=address,
        port=port,
        # Django's application speaks no lifespan protocol.
        interface=Interfaces.ASGINL,
        workers=1,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=10_000, max_buffer_size=64 * 1024),
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig=LOGGING,
        respawn_failed_workers=True,
        # Our own end of the drain comes first: Granian would call a worker stubborn whose client is slow.
        workers_kill_timeout=DRAIN_SECONDS + 1,
    )
    server.on_startup(lambda: _log.info("listens on %s:%d", host, port))
    server.serve(target_loader=loader(target, DRAIN_SECONDS), wrap_loader=False)
