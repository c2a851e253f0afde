"""Start Granian for the console: one worker, ASGI, so that live pages cost a task and not a process."""

import importlib
import logging
import os
import socket
import warnings
from functools import partial
from typing import Any, Final

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from backstamp.lifetime import die_with_parent

DRAIN_SECONDS: Final = 3
"""After SIGTERM open streams are waited for so long; a browser comes back to the next process by itself."""
_LOGGING: Final[dict[str, Any]] = {
    "handlers": {},
    "formatters": {},
    "loggers": {"_granian": {"handlers": [], "propagate": True}},
}
"""Granian's own logger without its handlers: what it says goes the way of our logs."""


class ConsoleError(Exception):
    """The console cannot start; the message is one line for the operator."""


def serve(host: str, port: int, target: str) -> None:
    """Serve until SIGTERM or SIGINT.

    `target` is an import string, "package.module:attribute", of an ASGI application. Raises `ConsoleError`.
    """
    _check_free(host, port)
    server = Granian(
        target,
        address=host,
        port=port,
        # Django's application speaks no lifespan protocol.
        interface=Interfaces.ASGINL,
        workers=1,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=10_000, max_buffer_size=64 * 1024),
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig=_LOGGING,
        respawn_failed_workers=True,
        workers_kill_timeout=DRAIN_SECONDS,
    )
    server.serve(target_loader=partial(_load, target, os.getpid()), wrap_loader=False)


def _check_free(host: str, port: int) -> None:
    """See whether we may listen there: Granian's own complaint has a native stack trace of 80 lines."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise ConsoleError(
            f"console.listen: cannot listen on {host}:{port} ({error.strerror or error}); "
            "choose another port, or stop what has it"
        ) from None


def _load(target: str, parent: int) -> Any:
    """In a new worker: tie it to its parent, and import the application."""
    die_with_parent(parent)
    # WhiteNoise gives plain file iterators; Django reads those at once, which is right for small files.
    warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
    logging.getLogger("_granian").setLevel(logging.WARNING)
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)
