"""onward: one client's way to the next hop: a connection that is opened, kept, and opened again."""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

from backstamp.gateway.next_hop import (
    NextHopConnection,
    RefusedSessionError,
    UnreachableError,
)
from backstamp.gateway.protocol.reply import Reply, reply
from backstamp.gateway.protocol.xtext import encode_xtext

LOGGED_OUT: Final = reply(421, "4.4.2 The upstream server closed the connection, please connect again")

XFORWARD_ATTRIBUTES: Final = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE")
"""In Postfix's order (XFORWARD_README)."""


class Onward:
    """The way to the next hop of one client's session."""

    def __init__(self, connect: Callable[[], Awaitable[NextHopConnection]]) -> None:
        """`connect` opens a session with the next hop."""
        self._connect = connect
        self._connection: NextHopConnection | None = None
        self._forwarded: tuple[tuple[str, str], ...] = ()
        self.client: tuple[tuple[str, str], ...] = ()
        """The client's attributes for XFORWARD, told to the next hop before the next transaction."""
        self.reopens = True
        """Whether a lost connection may be opened again: not after AUTH, for the password is not kept."""

    @property
    def connection(self) -> NextHopConnection | None:
        """The connection, which may be lost by now, or None where there never was one."""
        return self._connection

    async def open(self) -> NextHopConnection:
        """Return a connection that seems to stand. Raises `UnreachableError`, `RefusedSessionError`."""
        connection = self._connection
        if connection is not None and not connection.closed:
            return connection
        if connection is not None:
            connection.abort()
            if not self.reopens:
                raise UnreachableError(LOGGED_OUT)
        self._connection = connection = await self._connect()
        self._forwarded = ()
        return connection

    async def begin(self, line: str) -> Reply:
        """Send MAIL, on a new connection when the kept one was let go meanwhile. Raises as `open`."""
        connection = await self.open()
        used = connection.used
        try:
            answer = await self._begin(connection, line)
            if not (used and self.reopens and connection.closed and answer.transient):
                return answer
        except UnreachableError:
            if not (used and self.reopens):
                raise
        return await self._begin(await self.open(), line)

    async def ready(self) -> NextHopConnection:
        """Return a connection on which a transaction may begin. Raises as `open`."""
        connection = await self.open()
        if forward := self._forward_line(connection):
            await connection.command(forward)
        return connection

    async def _begin(self, connection: NextHopConnection, line: str) -> Reply:
        try:
            await connection.reset()
            forward = self._forward_line(connection)
            if forward and "PIPELINING" in connection.capabilities:
                await connection.send(forward, line)
                await connection.read()
                answer = await connection.read()
            else:
                if forward:
                    await connection.command(forward)
                answer = await connection.command(line)
        except UnreachableError:
            connection.abort()
            raise
        connection.in_transaction = answer.positive
        return answer

    def _forward_line(self, connection: NextHopConnection) -> str:
        """Return the XFORWARD command that the next hop has to hear, empty where there is none."""
        offered = connection.capabilities.words("XFORWARD")
        wanted = tuple((name, value) for name, value in self.client if name in offered)
        if not wanted or wanted == self._forwarded:
            return ""
        self._forwarded = wanted
        return "XFORWARD " + " ".join(f"{name}={encode_xtext(value)}" for name, value in wanted)

    async def close(self) -> None:
        """Take leave of the next hop; never raises."""
        if self._connection is not None:
            with contextlib.suppress(UnreachableError, RefusedSessionError):
                await self._connection.quit()
            self._connection = None
