"""Start Granian for the edge, with its traps closed (DESIGN §3, "Django for what is not our trade").

Workers die with their parent, come back when they die, speak TLS 1.2 and up, take a bounded header
section, and log where we log.
"""

import importlib
import logging
import os
import resource
import threading
import time
from functools import partial
from typing import Any, Final

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops, SSLProtocols
from granian.http import HTTP1Settings, HTTP2Settings
from granian.log import LogLevels

from backstamp.edge.config import EdgeConfig, EdgeError
from backstamp.lifetime import die_with_parent

HEAD_BYTES: Final = 64 * 1024
"""Most of a request's line and header section; the longest token has 22 KB."""
HEAD_MILLISECONDS: Final = 10_000
"""Longest wait for a whole header section, also between two requests of a connection."""
BACKLOG: Final = 4096
CONNECTIONS: Final = 8192
"""Most connections of a worker at a time: many slow ones must not keep out the others."""
DRAIN_SECONDS: Final = 10
"""After SIGTERM a worker finishes what it began; then it is killed (`app.supervisor` waits 20 s)."""
PARENT_CHECK_SECONDS: Final = 0.5
_LOGGING: Final[dict[str, Any]] = {
    "handlers": {},
    "formatters": {},
    "loggers": {"_granian": {"handlers": [], "propagate": True}},
}
"""Granian's own logger without its handlers: what it says goes the way of our logs."""


def serve(config: EdgeConfig, target: str) -> None:
    """Serve until SIGTERM or SIGINT.

    `target` is an import string, "package.module:attribute", of an `Edge`; each worker imports it anew.
    Raises `EdgeError` when the edge cannot start, SystemExit when workers die again and again.
    """
    try:
        server = Granian(
            target,
            address=config.host,
            port=config.port,
            interface=Interfaces.RSGI,
            workers=config.workers,
            loop=Loops.uvloop,
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
            log_dictconfig=_LOGGING,
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
    try:
        server.serve(target_loader=partial(_load, target, os.getpid()), wrap_loader=False)
    except OSError as error:
        raise EdgeError(
            f"edge.listen: cannot listen on {config.host}:{config.port} ({error.strerror or error}); "
            "choose another port, or stop what has it"
        ) from None


def _load(target: str, parent: int) -> Any:
    """In a new worker: tie it to its parent, and import the application."""
    die_with_parent(parent)
    threading.Thread(target=_leave_after, args=(parent,), name="parent-watch", daemon=True).start()
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    logging.getLogger("_granian").setLevel(logging.WARNING)
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _leave_after(parent: int) -> None:
    """End a worker whose drain nobody ends any more: a client that never reads can hold it for ever."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    time.sleep(DRAIN_SECONDS)
    os._exit(1)
