"""wire: a connection as lines and blocks of bytes, with limits; TLS may begin on it (RFC 3207)."""

import asyncio
import math
import ssl
from collections.abc import Callable
from typing import Final, cast

READ_AHEAD: Final = 256 * 1024
"""Bytes kept unread before the peer is made to wait."""
MOST_HELD: Final = 4096
"""Bytes of replies that wait for the next one."""
LONGEST_SKIPPED_LINE: Final = 1024 * 1024
"""A line that is too long is skipped up to here; who sends more is cut off."""
LINGER_SECONDS: Final = 30.0
"""So long after the end a peer may take what was written before; who never reads is cut off then."""
FAREWELL_SECONDS: Final = 2.0
"""So long a peer may take to answer the end of TLS. With asyncio's own 30 s whoever never does held a file
open with each connection that was refused."""


class WireClosedError(ConnectionError):
    """The peer is gone: there is nothing more to read, or nobody to write to."""


class LineTooLongError(ValueError):
    """A line was longer than allowed; it has been skipped."""


class BrokenLineError(ValueError):
    """A line held a bare CR or ended in a bare LF; it has been skipped."""


class Wire(asyncio.Protocol):
    """One connection. One task reads it, and nobody reads at the same time."""

    def __init__(self, on_connected: Callable[["Wire"], None] | None = None) -> None:
        """`on_connected` is told once, when the connection stands."""
        self._on_connected = on_connected
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._ended = False
        self._paused = False
        self._full = False
        self._held = b""
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = math.inf

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, and tell who waits for connections."""
        # Not asserted: uvloop's transports are no subclasses.
        self._transport = cast(asyncio.Transport, transport)
        if self._on_connected is not None:
            on_connected, self._on_connected = self._on_connected, None
            on_connected(self)

    def data_received(self, data: bytes) -> None:
        """Keep what came; make the peer wait when nobody reads."""
        self._buffer += data
        if len(self._buffer) > READ_AHEAD and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Nothing more will come. Without TLS the peer may still read, as `nc` does at its input's end."""
        self._ended = True
        self._wake()
        return self.tls is None

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake whoever waits."""
        self._ended = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wake()

    def pause_writing(self) -> None:
        """The peer reads too slowly."""
        self._full = True

    def resume_writing(self) -> None:
        """The peer has caught up."""
        self._full = False
        self._wake()

    # for the rest of the gateway

    @property
    def ended(self) -> bool:
        """Whether the peer will send nothing more; most likely it has gone."""
        return self._ended or self._transport is None or self._transport.is_closing()

    @property
    def peer_address(self) -> str:
        """The peer's address in text, or an empty string on a local socket."""
        name = self._transport.get_extra_info("peername") if self._transport is not None else None
        return str(name[0]) if isinstance(name, tuple) else ""

    @property
    def tls(self) -> ssl.SSLObject | None:
        """The TLS session, or None in plain text."""
        if self._transport is None:
            return None
        session: ssl.SSLObject | None = self._transport.get_extra_info("ssl_object")
        return session

    def allow(self, seconds: float) -> None:
        """Give the peer so long for all that it is waited for from now on; then `TimeoutError` is raised.

        For many commands there is one timer, which looks again where more was allowed meanwhile: a timer for
        each took a tenth of a mail's time.
        """
        self._deadline = self._loop.time() + seconds

    async def read_line(self, limit: int, *, strict: bool = True) -> bytes:
        """Return the next line without its end; `limit` counts octets with the end.

        Where `strict`, only CRLF ends a line; else a line that is too long is cut.
        Raises `LineTooLongError`, `BrokenLineError`, `WireClosedError`, `TimeoutError`.
        """
        scanned = skipped = 0
        head = b""
        while (end := self._buffer.find(b"\n", scanned)) < 0:
            scanned = len(self._buffer)
            if scanned > limit:
                skipped += scanned
                if skipped > LONGEST_SKIPPED_LINE:
                    self.abort()
                    raise WireClosedError("a line without an end")
                head = head or bytes(self._buffer[:limit])
                self._buffer.clear()
                scanned = 0
            await self._more()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        if skipped or end >= limit:
            if strict:
                raise LineTooLongError
            return (head or line)[:limit]
        if not line.endswith(b"\r"):
            if strict:
                raise BrokenLineError
            return line
        line = line[:-1]
        if strict and b"\r" in line:
            raise BrokenLineError
        return line

    def lines_ahead(self, most: int) -> list[bytes]:
        """Return whole lines that are there already, without their ends; they stay unread.

        As `read_line` would return them where it is strict; none behind one that it would not.
        """
        lines: list[bytes] = []
        start = 0
        while len(lines) < most and (end := self._buffer.find(b"\n", start)) >= 0:
            line = bytes(self._buffer[start:end])
            if not line.endswith(b"\r") or line.count(b"\r") > 1:
                break
            lines.append(line[:-1])
            start = end + 1
        return lines

    async def read_block(self) -> bytes:
        """Return all that is there, at least one byte. Raises `WireClosedError`, `TimeoutError`."""
        if not self._buffer:
            await self._more()
        block = bytes(self._buffer)
        self._buffer.clear()
        return block

    def unread(self, data: bytes) -> None:
        """Put bytes back before all that is unread."""
        self._buffer[:0] = data

    @property
    def pending(self) -> bool:
        """Whether the peer has sent something that was not read yet."""
        return bool(self._buffer)

    def write(self, data: bytes) -> None:
        """Send bytes soon, behind those that were held. Raises `WireClosedError` where the peer is gone."""
        if self._transport is None or self._transport.is_closing():
            raise WireClosedError("the connection is closed")
        held, self._held = self._held, b""
        self._transport.write(held + data)

    async def send(self, data: bytes, seconds: float) -> None:
        """Send bytes, and wait for so long until the peer has taken most of it. Raises as `drain`."""
        self.write(data)
        self.allow(seconds)
        await self.drain()

    def hold(self, data: bytes) -> bool:
        """Return True where the peer has said its next line already: the bytes go with the reply to that.

        They are sent before the peer is waited for at the latest (RFC 2920 §3.2); each write costs a system
        call here and at the peer. False: they are not held.
        """
        if self._buffer.find(b"\n") < 0 or len(self._held) > MOST_HELD:
            return False
        self._held += data
        return True

    async def drain(self) -> None:
        """Wait until the peer has taken most of it. Raises `WireClosedError`, `TimeoutError`."""
        while self._full and not self._ended:
            await self._wait()
        if self._transport is None or self._transport.is_closing():
            raise WireClosedError("the connection is closed")

    async def start_tls(
        self, context: ssl.SSLContext, *, server_side: bool, server_name: str | None, seconds: float
    ) -> None:
        """Begin TLS. What came in plain text before it is forgotten (CVE-2011-0411).

        The handshake gets so many seconds. Raises `OSError` (`ssl.SSLError` is one) when the handshake fails.
        """
        assert self._transport is not None, "TLS begins on a connection"
        self._buffer.clear()
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        try:
            transport = await self._loop.start_tls(
                self._transport,
                self,
                context,
                server_side=server_side,
                server_hostname=server_name,
                ssl_handshake_timeout=seconds,
                ssl_shutdown_timeout=FAREWELL_SECONDS,
            )
        except (ConnectionError, EOFError) as error:
            raise WireClosedError("the connection was lost during the TLS handshake") from error
        if transport is None:
            raise WireClosedError("the connection was lost during the TLS handshake")
        self._transport = transport

    def close(self) -> None:
        """Close after all that was written has been sent."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._held:
            self.write(b"")
        if self._transport.get_write_buffer_size():
            self._loop.call_later(LINGER_SECONDS, self._transport.abort)
        self._transport.close()

    def abort(self) -> None:
        """Close at once; what was not read yet is forgotten."""
        self._buffer.clear()
        if self._transport is not None:
            self._transport.abort()

    async def _more(self) -> None:
        if self._held:
            self.write(b"")
        if self._paused and self._transport is not None and not self._ended:
            self._paused = False
            self._transport.resume_reading()
        had = len(self._buffer)
        while len(self._buffer) == had:
            if self._ended:
                raise WireClosedError("the peer closed the connection")
            await self._wait()

    async def _wait(self) -> None:
        """Wait for anything to change, until the deadline."""
        waiter = self._waiter = self._loop.create_future()
        self._arm()
        try:
            await waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _arm(self) -> None:
        """Have the timer ring at the deadline, or before."""
        if self._deadline == math.inf:
            return
        if self._timer is not None:
            if self._rings_at <= self._deadline:
                return
            self._timer.cancel()
        self._rings_at = self._deadline
        self._timer = self._loop.call_at(self._deadline, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        if self._loop.time() < self._deadline:
            self._arm()
        else:
            self._waiter.set_exception(TimeoutError())
