"""pool: who is rewritten when: ordinary mail at once, costly mail without keeping others waiting.

Each message begins in an ordinary place. One that has taken a quarter of a second of a processor leaves that
place when somebody waits for it: it goes on in a slow place, its process with it, where one is free; else its
process is ended, and it begins anew when its turn for a slow place comes. No more processes live than there
are places.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, TypeVar

import msgspec

from backstamp.gateway.access import Party
from backstamp.gateway.rewriter.config import RewritingLimits
from backstamp.gateway.rewriter.messages import (
    ProtectAnswer,
    ProtectRequest,
    Request,
    RewriteAnswer,
    RewriteRequest,
    blocks,
)
from backstamp.gateway.rewriter.places import Places
from backstamp.gateway.rewriter.process import START_SECONDS, RewriterProcess
from backstamp.mail.patches import OverlapError, Patch, Patched, in_order

_log = logging.getLogger("backstamp.gateway")

WALL_FACTOR: Final = 3
"""A worker that waits for memory or a processor gets this many times its seconds of CPU, by the clock."""
ORDINARY_SECONDS: Final = 0.25
"""Of 419 real mails 99 in 100 took less than 7 ms, and the costliest took 64.

Of processor time: by the clock alone, on a machine that others kept busy, most of 60 mails of 0.1 s that came
together were ended and begun anew, and 16 of them found no process in time.
"""
LARGE_COPY: Final = 32 * 1024
"""Octets of patches that take 0.1 ms to read: 49 copies with 5,000 links each held others up for 0.12 s."""

_write_request: Final = msgspec.msgpack.Encoder().encode
_read_rewritten: Final = msgspec.msgpack.Decoder(RewriteAnswer).decode
_read_patches: Final = msgspec.msgpack.Decoder(list[Patch]).decode
_read_protected: Final = msgspec.msgpack.Decoder(ProtectAnswer).decode

Answer = TypeVar("Answer", RewriteAnswer, ProtectAnswer)


class TooCostlyError(Exception):
    """The worker was ended, or died, over this message."""


class BusyError(Exception):
    """There was no worker for this message in time."""


class _DisplacedError(Exception):
    """The worker was ended so that somebody else has its place."""


class _Job(msgspec.Struct, eq=False):
    """One message with its worker, in one of `places`.

    `begun` by the loop's clock, when `processor` seconds had been taken by the worker.
    """

    worker: RewriterProcess
    places: Places
    party: Party
    begun: float = 0.0
    processor: float = 0.0
    displaced: bool = False


class RewriterPool:
    """Rewrites messages in worker processes. Make it inside the loop it is used in."""

    def __init__(self, limits: RewritingLimits) -> None:
        """Start nothing yet; processes start when they are first needed."""
        self._limits = limits
        self._seconds = float(limits.cpu_seconds * WALL_FACTOR)
        self._ordinary = Places(limits.workers)
        self._slow = Places(limits.slow_workers)
        self._idle: list[RewriterProcess] = []
        self._under_way: list[_Job] = []
        """Those in ordinary places, in the order in which they began."""
        self._timer: asyncio.TimerHandle | None = None

    async def rewrite(
        self, request: RewriteRequest, raw: bytes, party: Party
    ) -> tuple[RewriteAnswer, list[Patched]]:
        """Return what was done and the copies, one for each seal. Raises `TooCostlyError`, `BusyError`.

        Where some have to wait, each `party` has its turn, however much mail there is of another.
        """
        return await self._exchange(request, raw, party, _read_rewritten)

    async def protect(
        self, request: ProtectRequest, raw: bytes, party: Party
    ) -> tuple[ProtectAnswer, list[Patched]]:
        """Return what was found and the copies, as `rewrite`. Raises `TooCostlyError`, `BusyError`."""
        return await self._exchange(request, raw, party, _read_protected)

    async def _exchange(
        self, request: Request, raw: bytes, party: Party, read: Callable[[bytes], Answer]
    ) -> tuple[Answer, list[Patched]]:
        until = asyncio.get_running_loop().time() + self._seconds
        for places in (self._ordinary, self._slow):
            if not places.take_at_once(party):
                await self._wait(places, party, until)
            # The last one used is the next, for it is warm.
            worker = self._idle.pop() if self._idle else RewriterProcess(self._limits)
            with contextlib.suppress(_DisplacedError):
                return await self._carry_out(_Job(worker, places, party), request, raw, read)
        raise AssertionError("nobody has to leave a slow place")

    async def _wait(self, places: Places, party: Party, until: float) -> None:
        self._watch()
        try:
            await places.take(party, until)
        except TimeoutError:
            raise BusyError from None

    async def _carry_out(
        self, job: _Job, request: Request, raw: bytes, read: Callable[[bytes], Answer]
    ) -> tuple[Answer, list[Patched]]:
        is_kept = False
        try:
            if not job.worker.runs:
                await self._start(job.worker)
            if job.places is self._ordinary:
                job.begun = asyncio.get_running_loop().time()
                job.processor = job.worker.processor_seconds()
                self._under_way.append(job)
            written = blocks(_write_request(request), raw)
            answered, *copies = await job.worker.exchange(written, 1 + len(request.seals), self._seconds)
            self._leave(job)
            answer = read(answered)
            made = [copy async for copy in _read_copies(raw, copies)]
            is_kept = not job.displaced
        except (TimeoutError, OSError, EOFError, msgspec.MsgspecError, OverlapError) as error:
            how = await job.worker.end()
            if job.displaced:
                raise _DisplacedError from None
            _log.warning("rewriting was ended: %s", _why(error, how, self._seconds))
            raise TooCostlyError from None
        else:
            return answer, made
        finally:
            self._leave(job)
            try:
                if is_kept:
                    self._idle.append(job.worker)
                else:
                    await job.worker.end()  # Half an answer may be on its way.
            finally:
                job.places.give(job.party)

    async def _start(self, worker: RewriterProcess) -> None:
        if how := await worker.end():
            _log.warning("a rewriting process ended while it was idle: %s", how)
        try:
            await worker.start()
        except (OSError, EOFError) as error:
            how = await worker.end()
            _log.error("a rewriting process does not start: %s", _why(error, how, START_SECONDS))
            raise BusyError from None

    def _leave(self, job: _Job) -> None:
        if job in self._under_way:
            self._under_way.remove(job)

    def _watch(self) -> None:
        """See to it in a moment that nobody waits for what is slow."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(ORDINARY_SECONDS, self._make_room)

    def _make_room(self) -> None:
        self._timer = None
        waiting = self._ordinary.waiting
        if not waiting:
            return
        now = asyncio.get_running_loop().time()
        for job in [each for each in self._under_way if _is_slow(each, now)][:waiting]:
            self._leave(job)
            if self._slow.take_at_once(job.party):
                job.places = self._slow
                self._ordinary.give(job.party)
            else:
                job.displaced = True
                job.worker.kill()
        self._watch()

    async def close(self) -> None:
        """End the workers, when nothing is rewritten any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._idle:
            await self._idle.pop().end()


def _is_slow(job: _Job, now: float) -> bool:
    """Whether a message takes long by itself, and not because it waits for a processor that others have."""
    if now - job.begun >= ORDINARY_SECONDS * WALL_FACTOR:
        return True
    return job.worker.processor_seconds() - job.processor >= ORDINARY_SECONDS


def _why(error: Exception, how: str, seconds: float) -> str:
    """Return why a process is of no use, in words for the log; `how` it came to its end."""
    if isinstance(error, TimeoutError):
        return f"it took longer than {seconds:.0f} s by the clock"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return how if isinstance(error, (OSError, EOFError)) else f"{type(error).__name__} in its answer"


async def _read_copies(raw: bytes, copies: Sequence[bytes]) -> AsyncIterator[Patched]:
    for copy in copies:
        yield Patched(raw, in_order(len(raw), _read_patches(copy)))
        if len(copy) > LARGE_COPY:
            await asyncio.sleep(0)
