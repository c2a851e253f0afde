"""A next hop that does as it is told: refuses, stalls or hangs up anywhere, and keeps what it accepted."""

import asyncio
import ssl
from dataclasses import dataclass, field

from tests.daemons import free_port

DROP = "drop"
HANG = "hang"
LONGEST_LINE = 32 * 1024 * 1024
LOSE = "lose"
"""Accept the message, and lose the connection before the reply is out (RFC 1047)."""
OFFERS = ("PIPELINING", "SIZE 10240000", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES")


class LostReplyError(ConnectionAbortedError):
    """A reply that is never heard."""


@dataclass
class Accepted:
    """A message that was answered with 250, for one transaction (SMTP) or one recipient (LMTP)."""

    mail: str
    rcpts: list[str]
    data: bytes


def _in_capitals(command: str) -> str:
    """Return a command as our gateway writes it; smtplib writes it otherwise, since Python 3.13 anew."""
    words, colon, rest = command.partition(":")
    return words.upper() + colon + rest


@dataclass
class FakeNextHop:
    """`script` maps a stage (greeting, EHLO, MAIL, RCPT, DATA, END, QUIT ...) to what is done there.

    A value is a reply, DROP, HANG or (at END) LOSE; a list of them is used up, and then all is well again.
    "RCPT bob@example.net" and "END bob@example.net" are for one recipient only.
    """

    lmtp: bool = False
    offers: tuple[str, ...] = OFFERS
    script: dict[str, str | list[str]] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    accepted: list[Accepted] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    turns: int = 0
    """How often it waited for a command: pipelined ones are there already."""
    delay: float = 0
    """Seconds before the reply to a message."""
    port: int = field(default_factory=free_port)
    """Nobody else is given it when this one has gone."""

    async def start(self) -> "FakeNextHop":
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server = await asyncio.start_server(self._client, "127.0.0.1", self.port, limit=LONGEST_LINE)
        return self

    @property
    def url(self) -> str:
        return f"{'lmtp' if self.lmtp else 'smtp'}://127.0.0.1:{self.port}"

    def hang_up(self) -> None:
        """Close all connections without a word, as a server does that is started again."""
        for writer in self._writers:
            writer.transport.abort()

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _next(self, *stages: str) -> str | None:
        for stage in stages:
            action = self.script.get(stage)
            if isinstance(action, list):
                if action:
                    return action.pop(0)
            elif action is not None:
                return action
        return None

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        self.connections += 1
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)
            writer.close()

    async def _do(self, writer: asyncio.StreamWriter, default: str, *stages: str) -> bool:
        """Answer; return whether the answer was the default one."""
        action = self._next(*stages)
        if action == DROP:
            raise ConnectionAbortedError
        if action == LOSE:
            raise LostReplyError
        if action == HANG:
            await asyncio.sleep(3600)
        writer.write((action or default).replace("\n", "\r\n").encode("utf-8", "surrogateescape") + b"\r\n")
        await writer.drain()
        return (action or default)[0] in "23"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mail = ""
        rcpts: list[str] = []
        if not await self._do(writer, "220 fake.example ready", "greeting"):
            return
        while line := await reader.readline():
            text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
            self.commands.append(text)
            self.turns += b"\n" not in reader._buffer  # type: ignore[attr-defined]
            verb = text.split(" ")[0].upper()
            if verb in ("EHLO", "LHLO"):
                offers = "".join(f"\n250-{offer}" for offer in self.offers)
                await self._do(writer, f"250-fake.example{offers}\n250 HELP", "EHLO")
            elif verb == "STARTTLS" and self.tls is not None:
                await self._do(writer, "220 2.0.0 go", "STARTTLS")
                await writer.start_tls(self.tls)
            elif verb == "MAIL":
                if mail:
                    writer.write(b"503 5.5.1 nested MAIL command\r\n")
                elif await self._do(writer, "250 2.1.0 Ok", "MAIL"):
                    mail, rcpts = _in_capitals(text), []
            elif verb == "RCPT":
                address = text.split("<")[1].split(">")[0]
                if await self._do(writer, "250 2.1.5 Ok", f"RCPT {address}", "RCPT"):
                    rcpts.append(_in_capitals(text))
            elif verb == "DATA":
                if not rcpts:
                    writer.write(b"554 5.5.1 no valid recipients\r\n")
                elif await self._do(writer, "354 go", "DATA") and await self._data(
                    reader, writer, mail, rcpts
                ):
                    # Postfix keeps a transaction whose message it refused after its end; so do we.
                    mail, rcpts = "", []
            elif verb == "RSET":
                mail, rcpts = "", []
                await self._do(writer, "250 2.0.0 Ok", "RSET")
            elif verb == "QUIT":
                await self._do(writer, "221 2.0.0 Bye", "QUIT")
                return
            else:
                await self._do(writer, "250 2.0.0 Ok", verb)

    async def _data(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mail: str, rcpts: list[str]
    ) -> bool:
        lines = []
        while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        received = b"".join(lines)
        await asyncio.sleep(self.delay)
        addresses = [text.split("<")[1].split(">")[0] for text in rcpts]
        if self.lmtp:
            for text, address in zip(rcpts, addresses, strict=True):
                if await self._do(writer, f"250 2.0.0 kept for {address}", f"END {address}", "END"):
                    self.accepted.append(Accepted(mail, [text], received))
            return True
        # A copy for one recipient can be refused after its end, as a content filter does.
        stages = [f"END {addresses[0]}"] if len(addresses) == 1 else []
        try:
            kept = await self._do(writer, f"250 2.0.0 queued as {len(self.accepted) + 1}", *stages, "END")
        except LostReplyError:
            self.accepted.append(Accepted(mail, rcpts, received))
            raise
        if kept:
            self.accepted.append(Accepted(mail, rcpts, received))
        return kept
