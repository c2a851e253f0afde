"""config: what the milter's listener is told, as plain values."""

from pathlib import Path

import msgspec

from backstamp.gateway.addresses import parse_listen
from backstamp.vocabulary import MilterFailure


class MilterConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`listen` is "unix:/PATH" or "HOST:PORT"; a socket gets `socket_group` where one is named.

    `max_size` in octets for one message, `memory` in octets for all that are under way, and for what keeping
    them costs; `examine_seconds` for one message: Postfix waits for 300 (`milter_content_timeout`).
    """

    listen: str
    socket_group: str = ""
    max_size: int = 50_000_000
    memory: int = 200_000_000
    max_connections: int = 200
    examine_seconds: float = 120
    on_failure: MilterFailure = MilterFailure.ACCEPT


def socket_path(listen: str) -> Path | None:
    """Return the path of "unix:PATH", or None for "HOST:PORT". Raises `ConfigError` where it is neither."""
    if listen.startswith("unix:") and len(listen) > len("unix:"):
        return Path(listen.removeprefix("unix:"))
    parse_listen("protection.milter_listen", listen)
    return None
