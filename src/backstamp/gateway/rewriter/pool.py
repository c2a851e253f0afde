"""pool: the worker processes, each used by one message at a time, started again when one was ended."""

import asyncio
import contextlib
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from backstamp.gateway.config import RewritingLimits
from backstamp.gateway.rewriter.messages import (
    LENGTH,
    ProtectAnswer,
    ProtectRequest,
    Request,
    RewriteAnswer,
    RewriteRequest,
    blocks,
)

_log = logging.getLogger("backstamp.gateway")

WALL_FACTOR: Final = 3
"""A worker that waits for memory or a processor gets this many times its seconds of CPU, by the clock."""
START_SECONDS: Final = 10
"""Interpreter and parser are loaded in a third of a second here; a loaded machine gets more."""

_write_request: Final = msgspec.msgpack.Encoder().encode
_read_rewritten: Final = msgspec.msgpack.Decoder(RewriteAnswer).decode
_read_protected: Final = msgspec.msgpack.Decoder(ProtectAnswer).decode

Answer = TypeVar("Answer", RewriteAnswer, ProtectAnswer)


class TooCostlyError(Exception):
    """The worker was ended, or died, over this message."""


class BusyError(Exception):
    """No worker became free in time."""


class RewriterPool:
    """Rewrites messages in worker processes. Make it inside the loop it is used in."""

    def __init__(self, limits: RewritingLimits) -> None:
        """Start nothing yet; processes start when they are first needed."""
        self._limits = limits
        self._seconds = float(limits.cpu_seconds * WALL_FACTOR)
        self._free: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        self._workers = [_Worker(limits) for _ in range(limits.workers)]
        for worker in self._workers:
            self._free.put_nowait(worker)

    async def rewrite(self, request: RewriteRequest, raw: bytes) -> tuple[RewriteAnswer, list[bytes]]:
        """Return what was done and the copies, one for each seal. Raises `TooCostlyError`, `BusyError`."""
        return await self._exchange(request, raw, _read_rewritten)

    async def protect(self, request: ProtectRequest, raw: bytes) -> tuple[ProtectAnswer, list[bytes]]:
        """Return what was found and the copies, one for each seal. Raises `TooCostlyError`, `BusyError`."""
        return await self._exchange(request, raw, _read_protected)

    async def _exchange(
        self, request: Request, raw: bytes, read: Callable[[bytes], Answer]
    ) -> tuple[Answer, list[bytes]]:
        try:
            async with asyncio.timeout(self._seconds):
                worker = await self._free.get()
        except TimeoutError:
            raise BusyError from None
        try:
            async with asyncio.timeout(START_SECONDS):
                await worker.start()
            async with asyncio.timeout(self._seconds):
                return await worker.exchange(request, raw, read)
        except (TimeoutError, OSError, EOFError, msgspec.MsgspecError) as error:
            await worker.end()
            _log.warning("rewriting was ended: %s", type(error).__name__)
            raise TooCostlyError from None
        except BaseException:
            # Half an answer may be in the pipe.
            await worker.end()
            raise
        finally:
            self._free.put_nowait(worker)

    async def close(self) -> None:
        """End all workers."""
        for worker in self._workers:
            await worker.end()


class _Worker:
    def __init__(self, limits: RewritingLimits) -> None:
        self._arguments = [str(os.getpid()), str(limits.cpu_seconds), str(limits.memory_bytes)]
        self._process: Process | None = None

    async def start(self) -> None:
        if self._process is not None and self._process.returncode is None:
            return
        await self.end()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "backstamp.gateway.rewriter.worker", *self._arguments),
            stdin=PIPE,
            stdout=PIPE,
        )

    async def exchange(
        self, request: Request, raw: bytes, read: Callable[[bytes], Answer]
    ) -> tuple[Answer, list[bytes]]:
        assert self._process is not None, "it was started"
        pipe = self._process.stdin
        assert pipe is not None, "it was started with pipes"
        pipe.write(blocks(_write_request(request), raw))
        await pipe.drain()
        answer = read(await self._read())
        return answer, [await self._read() for _ in request.seals]

    async def _read(self) -> bytes:
        assert self._process is not None, "it was started"
        pipe = self._process.stdout
        assert pipe is not None, "it was started with pipes"
        (length,) = LENGTH.unpack(await pipe.readexactly(LENGTH.size))
        return await pipe.readexactly(length)

    async def end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()
