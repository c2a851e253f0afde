"""pool: the worker processes, each used by one message at a time, started again when one was ended."""

import asyncio
import contextlib
import logging
import os
import socket
from asyncio.subprocess import Process
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, NamedTuple, TypeVar

import msgspec

from backstamp.gateway.config import RewritingLimits
from backstamp.gateway.rewriter.messages import (
    ProtectAnswer,
    ProtectRequest,
    Request,
    RewriteAnswer,
    RewriteRequest,
    blocks,
)
from backstamp.gateway.rewriter.pipe import SOCKET_OCTETS, Pipe
from backstamp.lifetime import module_command
from backstamp.mail.patches import OverlapError, Patch, Patched, in_order

_log = logging.getLogger("backstamp.gateway")

WALL_FACTOR: Final = 3
"""A worker that waits for memory or a processor gets this many times its seconds of CPU, by the clock."""
LARGE_COPY: Final = 32 * 1024
"""Octets of patches that take 0.1 ms to read: 49 copies with 5,000 links each held others up for 0.12 s."""
START_SECONDS: Final = 10
"""Interpreter and parser are loaded in a third of a second here; a loaded machine gets more."""

_write_request: Final = msgspec.msgpack.Encoder().encode
_read_rewritten: Final = msgspec.msgpack.Decoder(RewriteAnswer).decode
_read_patches: Final = msgspec.msgpack.Decoder(list[Patch]).decode
_read_protected: Final = msgspec.msgpack.Decoder(ProtectAnswer).decode

Answer = TypeVar("Answer", RewriteAnswer, ProtectAnswer)


class TooCostlyError(Exception):
    """The worker was ended, or died, over this message."""


class BusyError(Exception):
    """No worker became free in time."""


class _Waiting(NamedTuple):
    """Who waits for a worker, and until when by the loop's clock."""

    until: float
    freed: "asyncio.Future[_Worker]"


class RewriterPool:
    """Rewrites messages in worker processes. Make it inside the loop it is used in."""

    def __init__(self, limits: RewritingLimits) -> None:
        """Start nothing yet; processes start when they are first needed."""
        self._limits = limits
        self._seconds = float(limits.cpu_seconds * WALL_FACTOR)
        self._workers = [_Worker(limits) for _ in range(limits.workers)]
        self._free = self._workers[:]
        self._waiting: deque[_Waiting] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def rewrite(self, request: RewriteRequest, raw: bytes) -> tuple[RewriteAnswer, list[Patched]]:
        """Return what was done and the copies, one for each seal. Raises `TooCostlyError`, `BusyError`."""
        return await self._exchange(request, raw, _read_rewritten)

    async def protect(self, request: ProtectRequest, raw: bytes) -> tuple[ProtectAnswer, list[Patched]]:
        """Return what was found and the copies, one for each seal. Raises `TooCostlyError`, `BusyError`."""
        return await self._exchange(request, raw, _read_protected)

    async def _exchange(
        self, request: Request, raw: bytes, read: Callable[[bytes], Answer]
    ) -> tuple[Answer, list[Patched]]:
        worker = self._free.pop() if self._free else await self._next_free()
        try:
            seconds = self._seconds
            if not worker.runs:
                seconds += START_SECONDS
                await worker.start()
            written = blocks(_write_request(request), raw)
            answer, *copies = await worker.exchange(written, 1 + len(request.seals), seconds)
            return read(answer), [copy async for copy in _read_copies(raw, copies)]
        except (TimeoutError, OSError, EOFError, msgspec.MsgspecError, OverlapError) as error:
            await worker.end()
            _log.warning("rewriting was ended: %s", type(error).__name__)
            raise TooCostlyError from None
        except BaseException:
            # Half an answer may be on its way.
            await worker.end()
            raise
        finally:
            self._give(worker)

    async def _next_free(self) -> "_Worker":
        loop = asyncio.get_running_loop()
        waiting = _Waiting(loop.time() + self._seconds, loop.create_future())
        self._waiting.append(waiting)
        if self._timer is None:
            self._timer = loop.call_at(waiting.until, self._ring)
        try:
            return await waiting.freed
        except asyncio.CancelledError:
            # In the very moment a worker may have come.
            if not waiting.freed.cancelled() and waiting.freed.exception() is None:
                self._give(waiting.freed.result())
            raise

    def _ring(self) -> None:
        """Tell who has waited long enough. All wait equally long, so one timer does for them."""
        loop = asyncio.get_running_loop()
        while self._waiting and (self._waiting[0].freed.done() or self._waiting[0].until <= loop.time()):
            freed = self._waiting.popleft().freed
            if not freed.done():
                freed.set_exception(BusyError())
        self._timer = loop.call_at(self._waiting[0].until, self._ring) if self._waiting else None

    def _give(self, worker: "_Worker") -> None:
        """Hand a worker to who waits longest, or keep it: the last one used is the next, for it is warm."""
        while self._waiting:
            freed = self._waiting.popleft().freed
            if not freed.done():
                freed.set_result(worker)
                return
        self._free.append(worker)

    async def close(self) -> None:
        """End all workers."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for worker in self._workers:
            await worker.end()


async def _read_copies(raw: bytes, copies: Sequence[bytes]) -> AsyncIterator[Patched]:
    for copy in copies:
        yield Patched(raw, in_order(len(raw), _read_patches(copy)))
        if len(copy) > LARGE_COPY:
            await asyncio.sleep(0)


class _Worker:
    def __init__(self, limits: RewritingLimits) -> None:
        self._arguments = [str(os.getpid()), str(limits.cpu_seconds), str(limits.memory_bytes)]
        self._process: Process | None = None
        self._pipe: Pipe | None = None

    @property
    def runs(self) -> bool:
        """Whether it has been started, and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it, or start it again. Raises `OSError`."""
        await self.end()
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                for each in (ours, theirs):
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_OCTETS)
                ours.setblocking(False)
                self._process = await asyncio.create_subprocess_exec(
                    *module_command("backstamp.gateway.rewriter.worker", *self._arguments),
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                )
                _, self._pipe = await asyncio.get_running_loop().create_unix_connection(Pipe, sock=ours)
            except BaseException:
                ours.close()
                raise

    async def exchange(self, request: list[bytes], blocks: int, seconds: float) -> list[bytes]:
        """Return so many blocks that answer a request. Raises `EOFError`, `TimeoutError`."""
        assert self._pipe is not None, "it was started"
        return await self._pipe.exchange(request, blocks, seconds)

    async def end(self) -> None:
        """End it, if it runs."""
        process, self._process = self._process, None
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            pipe.close()
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
