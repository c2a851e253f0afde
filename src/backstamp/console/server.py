"""Start Granian for the console: one worker, which dies with its parent."""

import importlib
import os
from functools import partial
from typing import Any, Final

from granian import Granian
from granian.constants import Interfaces, SSLProtocols
from granian.log import LogLevels

from backstamp.lifetime import die_with_parent

DRAIN_SECONDS: Final = 5
"""Live pages hold their connection open; after this they are cut, and the browser comes back."""
_LOGGING: Final[dict[str, Any]] = {
    "handlers": {},
    "formatters": {},
    "loggers": {"_granian": {"handlers": [], "propagate": True}},
}
"""Granian's own logger without its handlers: what it says goes the way of our logs."""


class ConsoleError(Exception):
    """The console cannot start; the message says in one line why, and what to do."""


def serve(host: str, port: int, target: str) -> None:
    """Serve until SIGTERM or SIGINT.

    `target` is an import string, "package.module:attribute", of an ASGI application. Raises `ConsoleError`.
    """
    server = Granian(
        target,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=1,
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig=_LOGGING,
        ssl_protocol_min=SSLProtocols.tls12,
        respawn_failed_workers=True,
        workers_kill_timeout=DRAIN_SECONDS,
    )
    try:
        server.serve(target_loader=partial(_load, target, os.getpid()), wrap_loader=False)
    except OSError as error:
        raise ConsoleError(
            f"console.listen: cannot listen on {host}:{port} ({error.strerror or error}); "
            "choose another port, or stop what has it"
        ) from None


def _load(target: str, parent: int) -> Any:
    """In a new worker: tie it to its parent, and import the application."""
    die_with_parent(parent)
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)
