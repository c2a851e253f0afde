"""kept_connections: connections with a next hop that wait a moment for the next client.

An MTA connects to us for every few mails, and a connection of ours for each of its own cost a third of the
mail's time, here and at the next hop. One is kept only where the next hop cannot tell it from a new one: no
transaction, no reply owed, nobody logged in, and nothing ever refused on it, for servers slow down or hang up
on those who err (Postfix's `smtpd_soft_error_limit`).
"""

import asyncio
from typing import Final

from backstamp.gateway.relaying.capabilities import Capabilities
from backstamp.gateway.relaying.next_hop import NextHop, NextHopConnection

MOST_KEPT: Final = 20
"""As many as Postfix has transactions with one destination at once."""
IDLE_SECONDS: Final = 2.0
"""Postfix's own `smtp_connection_cache_time_limit`: other clients of the next hop want its processes, too."""
OLDEST_SECONDS: Final = 300.0
"""Postfix's `smtp_connection_reuse_time_limit`: a next hop that was moved is met again within this time."""
MOST_MAILS: Final = 100
"""Through one connection; many servers end one after some hundred."""
OFFERED_SECONDS: Final = 60.0
"""So long it is believed that a next hop still offers what it did."""


class KeptConnections:
    """One next hop, and the connections with it that nobody uses now."""

    def __init__(self, hop: NextHop, *, most: int = MOST_KEPT) -> None:
        """Begin with none; `most` is how many are kept."""
        self.hop = hop
        self._most = most
        self._kept: list[tuple[float, NextHopConnection]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = False
        self._offered = Capabilities()
        self._offered_until = 0.0

    @property
    def lately_offered(self) -> Capabilities | None:
        """What the next hop offered a moment ago, or None where nobody has asked of late."""
        return self._offered if asyncio.get_running_loop().time() < self._offered_until else None

    async def connect(self, *, anew: bool = False) -> NextHopConnection:
        """Return a connection, `anew`: one that never was kept. Raises as `NextHop.connect`."""
        while self._kept and not anew:
            _, connection = self._kept.pop()
            if not connection.closed:
                return connection
            connection.abort()
        connection = await self.hop.connect()
        self._offered = connection.capabilities
        self._offered_until = asyncio.get_running_loop().time() + OFFERED_SECONDS
        return connection

    async def give_back(self, connection: NextHopConnection) -> None:
        """Keep a connection that a client no longer needs, or take leave of the next hop; never raises."""
        loop = asyncio.get_running_loop()
        young = loop.time() - connection.began < OLDEST_SECONDS and connection.mails < MOST_MAILS
        if not connection.is_as_new or not young or len(self._kept) >= self._most or self._stopping:
            await connection.quit()
            return
        connection.used = True
        self._kept.append((loop.time() + IDLE_SECONDS, connection))
        if self._timer is None:
            self._timer = loop.call_later(IDLE_SECONDS, self._sweep)

    def _sweep(self) -> None:
        now = asyncio.get_running_loop().time()
        waiting = self._kept
        self._kept = [each for each in waiting if each[0] > now and not each[1].closed]
        for until, connection in waiting:
            if until <= now or connection.closed:
                connection.leave()
        self._timer = None
        if self._kept:
            first = min(until for until, _ in self._kept)
            self._timer = asyncio.get_running_loop().call_at(first, self._sweep)

    async def close(self) -> None:
        """Take leave of the next hop on all of them, and keep no more."""
        self._stopping = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        kept, self._kept = self._kept, []
        await asyncio.gather(*(connection.quit() for _, connection in kept))
