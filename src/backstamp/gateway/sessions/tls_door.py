"""tls_door: a listener where TLS begins with the connection, which counts those who have not got that far.

A server of asyncio's tells of a connection once its handshake is through. Nobody would count strangers who
connect and say nothing: until no more files may be opened, and no mail server is heard any more.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from backstamp.gateway.access import Address, Party, parse_address, party_of
from backstamp.gateway.protocol import wire

_log = logging.getLogger("backstamp.gateway")

ACCEPTED_A_TURN: Final = 100
REST_SECONDS: Final = 1.0
"""So long nobody is let in where the system has no more files or memory."""


_OURS: Final[Party] = (0, 1)
"""All who connect from a network of our own."""


class TlsDoor:
    """One listener. Those who knock have not said hello by TLS yet."""

    def __init__(
        self,
        context: Callable[[], ssl.SSLContext],
        protocol: Callable[[], asyncio.BaseProtocol],
        *,
        is_ours: Callable[[Address | None], bool],
        most: int,
        seconds: float,
    ) -> None:
        """Open nothing yet.

        `context` gives what the next handshake is made with, `protocol` makes the protocol of a connection
        that is through. So many knock at most, and a quarter of them from one address that is not `is_ours`.
        A handshake has so many `seconds`.
        """
        self._context = context
        self._protocol = protocol
        self._is_ours = is_ours
        self._most = most
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._sockets: list[socket.socket] = []
        self._knocking: dict[asyncio.Task[None], Party] = {}
        """Who knocks longest comes first."""

    async def open(self, hosts: Sequence[str], port: int, *, backlog: int) -> int:
        """Listen on these IP addresses; return the port of the first. Raises `OSError`."""
        try:
            for host in hosts:
                # Whatever scope an address of IPv6 has, it is read again.
                ((family, _, _, _, address), *_) = await self._loop.getaddrinfo(
                    host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
                )
                listening = socket.create_server(address, family=family, backlog=backlog)
                listening.setblocking(False)
                self._sockets.append(listening)
        except OSError:
            self.close()
            raise
        for each in self._sockets:
            self._loop.add_reader(each, self._accept, each)
        return int(self._sockets[0].getsockname()[1])

    def close(self) -> None:
        """Let nobody in any more, and hang up on those who knock."""
        for each in self._sockets:
            self._loop.remove_reader(each)
            each.close()
        self._sockets = []
        for task in self._knocking:
            task.cancel()

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(ACCEPTED_A_TURN):
            try:
                connection, peer = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                _log.error("nobody is let in for a moment: %s", error.strerror)
                self._loop.remove_reader(listening)
                self._loop.call_later(REST_SECONDS, self._go_on, listening)
                return
            address = parse_address(peer[0])
            party = _OURS if self._is_ours(address) else party_of(address)
            if not self._has_room(party):
                connection.close()
                continue
            connection.setblocking(False)
            task = self._loop.create_task(self._shake_hands(connection))
            self._knocking[task] = party
            task.add_done_callback(self._through)

    def _has_room(self, party: Party) -> bool:
        """Return whether somebody may knock. Where all places are taken, who has most of them gives one up.

        Four addresses that said nothing kept everybody else out for as long as a handshake may take.
        """
        held = Counter(self._knocking.values())
        if party != _OURS and held[party] >= max(1, self._most // 4):
            return False
        if len(self._knocking) < self._most:
            return True
        del held[_OURS]
        if not held:
            return False
        ((greediest, _),) = held.most_common(1)
        longest = next(task for task, each in self._knocking.items() if each == greediest)
        del self._knocking[longest]
        longest.cancel()
        return True

    def _through(self, task: asyncio.Task[None]) -> None:
        self._knocking.pop(task, None)

    def _go_on(self, listening: socket.socket) -> None:
        if listening in self._sockets:
            self._loop.add_reader(listening, self._accept, listening)

    async def _shake_hands(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError):
            await self._loop.connect_accepted_socket(
                self._protocol,
                connection,
                ssl=self._context(),
                ssl_handshake_timeout=self._seconds,
                ssl_shutdown_timeout=wire.FAREWELL_SECONDS,
            )
