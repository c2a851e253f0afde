"""connection: one MTA's connection: packets in, whole messages to the examiner, its answer out."""

import asyncio
import logging
import socket
from collections.abc import Iterable
from typing import Final, cast

import msgspec

from backstamp.gateway import trace
from backstamp.gateway.errors import place_of
from backstamp.gateway.milter import codec
from backstamp.gateway.milter.changes import NotPossibleError, find_changes
from backstamp.gateway.milter.codec import Command, MilterProtocolError, PacketReader
from backstamp.gateway.milter.config import MilterConfig
from backstamp.gateway.milter.conversation import Arrived, Conversation
from backstamp.gateway.milter.message import Accept, Examiner, MilterAnswer, Refuse, Replace
from backstamp.gateway.protocol.mail_data import Budget
from backstamp.gateway.protocol.reply import Reply, reply
from backstamp.vocabulary import MilterFailure

_log = logging.getLogger("backstamp.gateway")

IDLE_SECONDS: Final = 7210.0
"""libmilter's own. From the last RCPT to the end of a message Postfix says nothing for as long as its client
takes to send it, which may be an hour. One that is silent it sends away itself (`smtpd_timeout`, 300)."""
KEEPALIVE: Final = {socket.TCP_KEEPIDLE: 60, socket.TCP_KEEPINTVL: 15, socket.TCP_KEEPCNT: 4}
"""In seconds, and how often: an MTA whose machine is gone holds its places for two minutes and no longer."""
PROGRESS_SECONDS: Final = 5.0
"""So often an MTA hears that we are still at it, for which it begins to count its own time anew: Sendmail
waits for 10 s (`T=R:10s`), Postfix for 300."""
STALLED_SECONDS: Final = 300.0
"""So long an MTA may take none of our answer."""
WRITE_OCTETS: Final = 256 * 1024
"""So much of an answer is written at once: a write costs more than all the packets of a small one."""


class Surroundings(msgspec.Struct, frozen=True):
    """What all connections of one listener share; what is received lies in `buffer` for a moment only."""

    config: MilterConfig
    examine: Examiner
    budget: Budget
    connections: "set[Connection]"
    buffer: bytearray


class Connection(asyncio.BufferedProtocol):
    """One MTA's connection."""

    def __init__(self, about: Surroundings) -> None:
        self._about = about
        self._transport: asyncio.Transport | None = None
        self._reader = PacketReader()
        self._conversation = Conversation(
            max_size=about.config.max_size, budget=about.budget, new_trace_id=trace.new_trace_id
        )
        self._examination: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._loop = asyncio.get_running_loop()
        self._heard = self._began = self._said = self._loop.time()
        self._deciding = self._late = self._stopping = False
        self.ended = asyncio.Event()
        """Set when the connection is gone and nothing of it runs."""

    # what the loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, unless there are too many already."""
        # uvloop's transports are of no class of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        connections = self._about.connections
        if len(connections) >= self._about.config.max_connections:
            _log.warning("a milter connection too many; the MTA does without us")
            self._transport.abort()
            return
        connections.add(self)
        own = transport.get_extra_info("socket")
        if own.family != socket.AF_UNIX:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in KEEPALIVE.items():
                own.setsockopt(socket.IPPROTO_TCP, option, value)

    def get_buffer(self, sizehint: int) -> bytearray:
        """Give the place to receive into."""
        return self._about.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was received."""
        self._heard = self._loop.time()
        try:
            for command, payload in self._reader.feed(memoryview(self._about.buffer)[:nbytes]):
                if self._transport is None or self._transport.is_closing():
                    return
                self._take(command, payload)
        except MilterProtocolError as error:
            _log.warning("a milter connection was closed: %s", error)
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """End what is under way."""
        self._transport = None
        self._conversation.forget()
        self._writable.set()
        if self._examination is not None:
            self._examination.cancel()
        else:
            self._gone()

    def pause_writing(self) -> None:
        """Wait with the answer."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Go on with the answer."""
        self._writable.set()

    # what the listener calls

    def stop(self) -> None:
        """Close when the message at hand is answered; at once when there is none."""
        self._stopping = True
        if self._conversation.is_idle and self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def tick(self, now: float) -> None:
        """Look whether anything takes too long; `now` is the loop's time. One timer for all costs less."""
        task = self._examination
        if task is None:
            if now - self._heard >= IDLE_SECONDS:
                self.abort()
        elif not self._deciding:
            if now - self._said >= STALLED_SECONDS:
                _log.warning("a milter connection was closed: the MTA took no answer")
                self.abort()
        elif now - self._began >= self._about.config.examine_seconds:
            self._late = True
            task.cancel()
        elif now - self._said >= PROGRESS_SECONDS and self._transport is not None:
            self._said = now
            self._transport.write(codec.PROGRESS)

    # packets

    def _take(self, command: int, payload: bytes) -> None:
        assert self._transport is not None
        if self._examination is not None:
            # An MTA that waits for an answer can only say that it no longer does.
            if command not in (Command.ABORT, Command.QUIT, Command.QUIT_NEW_CONNECTION):
                raise MilterProtocolError("a command before the message is answered")
            self._examination.cancel()
            self._examination = None
        step = self._conversation.take(command, payload)
        if isinstance(step, Arrived):
            self._began = self._said = self._heard
            self._examination = self._loop.create_task(self._examine(step))
            self._examination.add_done_callback(self._examined)
        elif step is None:
            self._transport.close()
        elif step:
            self._transport.write(step)

    async def _examine(self, arrived: Arrived) -> None:
        self._deciding, self._late = True, False
        answer = await self._decide(arrived)
        if self._examination is not asyncio.current_task():
            return  # an examiner that would not be cancelled
        self._deciding, self._said = False, self._loop.time()
        parts: list[bytes] = []
        octets = 0
        for packet in answer.changes:
            parts.append(packet)
            octets += len(packet)
            if octets >= WRITE_OCTETS:
                await self._write(parts)
                parts, octets = [], 0
        if not self._writable.is_set():
            await self._writable.wait()
        # From the last octet on, the MTA may say anything again.
        self._examination = None
        self._conversation.forget()
        await self._write([*parts, answer.end])
        if self._stopping and self._transport is not None:
            self._transport.close()

    async def _write(self, parts: list[bytes]) -> None:
        if not self._writable.is_set():
            await self._writable.wait()
        if self._transport is not None:
            self._transport.write(b"".join(parts))
            self._said = self._loop.time()

    def _examined(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a milter connection was closed: internal error %s", type(error).__name__)
            self.abort()
        if self._transport is None:
            self._gone()

    # the answer

    async def _decide(self, arrived: Arrived) -> "_Answer":
        trace_id = arrived.envelope.trace_id
        if arrived.unkept is not None:
            extra = {"trace_id": trace_id}
            _log.warning("%s: a message was refused: %s", trace_id, arrived.unkept.text, extra=extra)
            return _refusal(arrived.unkept)
        try:
            return _encode(await self._about.examine(arrived.envelope, arrived.raw), arrived)
        except asyncio.CancelledError:
            if not self._late:
                raise
            return self._failed(trace_id, "it took too long")
        except NotPossibleError as error:
            return self._failed(trace_id, f"the new message cannot be given to the MTA: {error}")
        except Exception as error:  # noqa: BLE001 - a fault of ours must cost one message, not the server
            return self._failed(trace_id, f"internal error {place_of(error)}")

    def _failed(self, trace_id: str, reason: str) -> "_Answer":
        accept = self._about.config.on_failure is MilterFailure.ACCEPT
        _log.error(
            "%s: a message was %s unexamined: %s",
            trace_id,
            "let through" if accept else "put off",
            reason,
            extra={"trace_id": trace_id},
        )
        if accept:
            return _UNCHANGED
        return _refusal(reply(451, f"4.3.0 Not checked, try again later, trace id {trace_id}"))

    def _gone(self) -> None:
        self._about.connections.discard(self)
        self.ended.set()


class _Answer(msgspec.Struct, frozen=True):
    """What is sent for a message: its changes, and the packet that ends them."""

    changes: Iterable[bytes]
    end: bytes


_UNCHANGED: Final = _Answer((), codec.CONTINUE)


def _encode(answer: MilterAnswer, arrived: Arrived) -> _Answer:
    match answer:
        case Accept():
            return _UNCHANGED
        case Replace(wanted):
            changes = find_changes(
                arrived.fields,
                memoryview(arrived.raw)[arrived.body_start :],
                wanted,
                hidden_fields=arrived.hidden_fields,
                fold=arrived.fold,
            )
            return _Answer(changes.packets(), codec.CONTINUE)
        case Refuse(refusal):
            return _refusal(refusal)


def _refusal(refusal: Reply) -> _Answer:
    return _Answer((), codec.reply_code(refusal.encode().removesuffix(b"\r\n")))
