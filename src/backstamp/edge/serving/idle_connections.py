"""Connections that ask for nothing give way when there are many.

hyper ends a client that is slow to ask (10 s), over TLS and HTTP/1.1.  An HTTP/2 client that answers its
pings may stay for ever, and a worker takes a bounded number of connections: when three quarters of them
are in use, those that asked for nothing since the last look are shut.  Who asks again opens a new one.

Granian tells nobody about its connections, so they are found among the open files of the process.  Only
Linux has that (elsewhere nothing is done), and what the kernel counts for each (tcp(7): TCP_INFO).
"""

import contextlib
import logging
import os
import socket
import struct
import sys
from pathlib import Path
from typing import Final

_log = logging.getLogger("backstamp.edge")

LOOK_SECONDS: Final = 10.0
"""How often to look; at least as long as the ping's interval, see below."""
LEAST_ASKED: Final = 100
"""Octets. In `LOOK_SECONDS` two answers to pings come at most, 39 octets each over TLS; a request has more
(a token 48 characters, then at least its record's and frame's heads and what is not in HPACK's table)."""
_FULL: Final = 0.75
_BYTES_RECEIVED: Final = 128
"""Where struct tcp_info has tcpi_bytes_received (linux/tcp.h)."""
_SIZE: Final = _BYTES_RECEIVED + 8
_OPEN_FILES: Final = Path("/proc/self/fd")

_Peer = tuple[str, int]


class IdleConnections:
    """The connections of this process to the port that it serves."""

    def __init__(self, port: int, most: int) -> None:
        """`most` is how many the worker takes at a time."""
        self._port = port
        self._most = most
        self._received: dict[_Peer, int] = {}

    def look(self) -> int:
        """Shut those that asked for nothing since the last look, if there are many; return how many."""
        before, self._received = self._received, {}
        if sys.platform != "linux":
            return 0
        open_files = [int(link.name) for link in _OPEN_FILES.iterdir()]
        if len(open_files) < self._most * _FULL:
            return 0
        shut = 0
        for descriptor in open_files:
            with contextlib.suppress(OSError):  # closed meanwhile, or no connection
                shut += self._look_at(descriptor, before)
        if shut:
            _log.warning("connections ran short: %d that asked for nothing were shut", shut)
        return shut

    def _look_at(self, descriptor: int, before: dict[_Peer, int]) -> bool:
        # A copy: the original may be closed, and its number be another's, at any moment.
        copy = os.dup(descriptor)
        try:
            connection = socket.socket(fileno=copy)
        except OSError:
            os.close(copy)
            raise
        with connection:
            if connection.family == socket.AF_UNIX or connection.getsockname()[1] != self._port:
                return False
            peer = connection.getpeername()[:2]
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SIZE)
            (received,) = struct.unpack_from("=Q", info, _BYTES_RECEIVED)
            if peer in before and received - before[peer] < LEAST_ASKED:
                connection.shutdown(socket.SHUT_RDWR)
                return True
            self._received[peer] = received
            return False
