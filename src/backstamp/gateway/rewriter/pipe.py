"""pipe: the gateway's end of the way to one worker: a request goes out, and so many blocks come back.

A socket pair and a protocol of our own: asyncio's streams of a child process woke the loop four times a
message and read it in pieces of 64 KB; here a usual message is one write and one read.
"""

import asyncio
from typing import Final, cast

from backstamp.gateway.rewriter.messages import LENGTH

SOCKET_OCTETS: Final = 1024 * 1024
"""Asked for at both ends, so that a usual message waits for nobody; the kernel gives what it allows."""


class Pipe(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._blocks: list[bytes] = []
        self._wanted = 0
        self._answer: asyncio.Future[list[bytes]] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def closed(self) -> bool:
        """Whether nothing comes over it any more."""
        return self._transport is None or self._transport.is_closing()

    async def exchange(self, request: list[bytes], blocks: int, seconds: float) -> list[bytes]:
        """Send a request and return so many blocks. Raises `EOFError`, `TimeoutError`."""
        if self._transport is None or self.closed:
            raise EOFError
        self._blocks, self._wanted = [], blocks
        answer: asyncio.Future[list[bytes]] = self._loop.create_future()
        self._answer = answer
        self._allow(seconds)
        try:
            self._transport.writelines(request)
            # Where the loop was held up, the first block came before anybody asked for it.
            self._take_blocks()
            return await answer
        finally:
            self._answer = None

    def close(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # uvloop's transports are of no class of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Keep what came until all is there."""
        self._buffer += data
        self._take_blocks()

    def _take_blocks(self) -> None:
        buffer, blocks = self._buffer, self._blocks
        while len(blocks) < self._wanted and len(buffer) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(buffer)
            end = LENGTH.size + length
            if len(buffer) < end:
                return
            blocks.append(bytes(memoryview(buffer)[LENGTH.size : end]))
            del buffer[:end]
        if len(blocks) == self._wanted and self._answer is not None and not self._answer.done():
            self._answer.set_result(blocks)

    def connection_lost(self, exc: Exception | None) -> None:
        """The worker is gone."""
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._fail(EOFError())

    def _allow(self, seconds: float) -> None:
        """Give the worker so long from now on. One timer serves many messages, as that of `Wire` does."""
        self._deadline = self._loop.time() + seconds
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._ring)
        elif self._timer.when() > self._deadline:
            self._timer.cancel()
            self._timer = self._loop.call_at(self._deadline, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._answer is None:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._ring)
        else:
            self._fail(TimeoutError())

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
