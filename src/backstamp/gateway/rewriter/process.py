"""process: the gateway's side of one worker process: started, asked, and ended."""

import asyncio
import contextlib
import os
import signal
import socket
import time
from asyncio.subprocess import Process
from typing import Final

from backstamp.gateway.rewriter.config import RewritingLimits
from backstamp.gateway.rewriter.pipe import SOCKET_OCTETS, Pipe
from backstamp.lifetime import module_command

START_SECONDS: Final = 10
"""Interpreter and parser are loaded in a quarter of a second here; a loaded machine gets more."""
END_SECONDS: Final = 2
"""So long a process may take to end that has nothing more to say."""
_SCHEDULED: Final = 2
"""The clock of a process that counts when it runs (CPUCLOCK_SCHED of Linux)."""


class RewriterProcess:
    """One worker process, which carries out one request at a time."""

    def __init__(self, limits: RewritingLimits) -> None:
        self._limits = limits
        self._process: Process | None = None
        self._pipe: Pipe | None = None

    @property
    def runs(self) -> bool:
        """Whether it has been started, and has not ended."""
        return self._pipe is not None and not self._pipe.closed

    async def start(self) -> None:
        """Start it, or start it again, and wait until it listens. Raises `OSError`, `EOFError`."""
        await self.end()
        limits = self._limits
        arguments = map(str, (os.getpid(), limits.cpu_seconds, limits.memory_bytes))
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                for each in (ours, theirs):
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_OCTETS)
                ours.setblocking(False)
                self._process = await asyncio.create_subprocess_exec(
                    *module_command("backstamp.gateway.rewriter.worker", *arguments),
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                )
                _, self._pipe = await asyncio.get_running_loop().create_unix_connection(Pipe, sock=ours)
            except BaseException:
                ours.close()
                raise
        # A message's time begins when there is somebody to read it.
        await self._pipe.exchange([], 1, START_SECONDS)

    async def exchange(self, request: list[bytes], blocks: int, seconds: float) -> list[bytes]:
        """Return so many blocks that answer a request. Raises `EOFError`, `TimeoutError`."""
        assert self._pipe is not None, "it was started"
        return await self._pipe.exchange(request, blocks, seconds)

    def processor_seconds(self) -> float:
        """Return how much processor time it has taken since it began, as far as the kernel tells."""
        if self._process is None:
            return 0.0
        # Of another process than our own (clock_getcpuclockid(3), which Python lacks): 1.6 µs.
        with contextlib.suppress(OSError):
            return time.clock_gettime(~self._process.pid << 3 | _SCHEDULED)
        return 0.0

    def kill(self) -> None:
        """Have the kernel end it; whoever waits for its answer gets `EOFError`."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def end(self) -> str:
        """End it, if it runs; return how it came to its end, empty where it never began."""
        process, pipe = self._process, self._pipe
        if process is None:
            return ""
        if pipe is not None and pipe.closed:
            # By itself; asyncio does not hear how, where we kill it in that moment (CPython issue 87744).
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_SECONDS):
                    await process.wait()
        self.kill()
        self._process = self._pipe = None
        if pipe is not None:
            pipe.close()
        return self._how(await process.wait())

    def _how(self, status: int) -> str:
        if status == -signal.SIGXCPU:
            return f"{self._limits.cpu_seconds} s of processor time were used up (rewriting.cpu_seconds)"
        if status < 0:
            return f"it was ended by {signal.Signals(-status).name}"
        return f"it ended with status {status}"
