"""http_listener: what edge and console do alike to listen with Granian.

Whether a port is free (`ports`); the server (`server`), and its worker processes (`workers`).
"""

from backstamp.http_listener.ports import PortTakenError, free_address, taken
from backstamp.http_listener.server import LOGGING, STARTED_SECONDS, Server
from backstamp.http_listener.workers import at_end, connections_for, loader

__all__ = [
    "LOGGING",
    "STARTED_SECONDS",
    "PortTakenError",
    "Server",
    "at_end",
    "connections_for",
    "free_address",
    "loader",
    "taken",
]
