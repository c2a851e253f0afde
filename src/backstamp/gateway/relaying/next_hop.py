"""next_hop: a connection to the server that gets the mail after us, by SMTP or LMTP.

What it says comes back as it is, as a `Reply`.  What it fails to say (no connection, no answer in
time, a broken connection) is an `UnreachableError` that carries the reply for our own client.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Sequence
from types import TracebackType
from typing import Final

import msgspec

from backstamp.dialling import dial
from backstamp.gateway.addresses import NextHopAddress
from backstamp.gateway.config import Timeouts
from backstamp.gateway.protocol.mail_data import dot_stuffed
from backstamp.gateway.protocol.reply import MAX_LINE, BadReplyError, Reply, read_reply, reply
from backstamp.gateway.protocol.wire import Wire, WireClosedError
from backstamp.gateway.relaying.capabilities import Capabilities, read_capabilities
from backstamp.mail.patches import Patched
from backstamp.vocabulary import TlsMode

SERVICE_ENDS: Final = 421
"""The server closes the connection after this reply (RFC 5321 §3.8)."""
TRANSIENT: Final = 400
"""From here on, replies are refusals."""
QUIT_SECONDS: Final = 2.0
"""The answer to QUIT changes nothing, so nobody waits for it long."""
LAST_WORDS_SECONDS: Final = 2.0
"""So long what belongs to a reply of 421 is waited for."""

_BLOCK: Final = 256 * 1024
"""A message is sent in pieces of this size, each with its own time limit."""

UNREACHABLE: Final = reply(421, "4.4.1 The next hop cannot be reached, try again later")
NO_ANSWER: Final = reply(451, "4.4.2 The next hop did not answer in time, try again later")
DROPPED: Final = reply(451, "4.4.2 The next hop closed the connection, try again later")
GARBLED: Final = reply(451, "4.5.0 The next hop answered with something that is no reply, try again later")
TLS_FAILED: Final = reply(421, "4.7.5 No secured connection with the next hop, try again later")


class UnreachableError(Exception):
    """The next hop gave no reply; `reply` is what our client is told."""

    def __init__(self, answer: Reply) -> None:
        super().__init__(answer.text)
        self.reply = answer


class TlsFailedError(Exception):
    """The handshake with the next hop failed."""


class RefusedSessionError(Exception):
    """The next hop will not talk to us: `reply` is its own, to our connecting or to our EHLO."""

    def __init__(self, answer: Reply, *, at_greeting: bool) -> None:
        super().__init__(answer.text)
        self.reply = answer
        self.at_greeting = at_greeting


class NextHop(msgspec.Struct, frozen=True):
    """A server and how it is spoken to. `context` is None exactly where TLS is never used."""

    address: NextHopAddress
    mode: TlsMode
    context: ssl.SSLContext | None
    hostname: str
    timeouts: Timeouts

    async def connect(self) -> "NextHopConnection":
        """Open a session, EHLO and TLS included. Raises `UnreachableError`, `RefusedSessionError`."""
        try:
            return await self._open(self.context)
        except TlsFailedError:
            if self.mode is not TlsMode.OPPORTUNISTIC:
                raise UnreachableError(TLS_FAILED) from None
        # Encryption that cannot be had is not worth losing mail for (RFC 7435 §3).
        return await self._open(None)

    async def _open(self, context: ssl.SSLContext | None) -> "NextHopConnection":
        wire = await self._connect_wire()
        connection = NextHopConnection(wire, self)
        try:
            await connection.begin(context)
        except BaseException:
            wire.abort()
            raise
        return connection

    async def _connect_wire(self) -> Wire:
        loop = asyncio.get_running_loop()
        address = self.address
        try:
            async with asyncio.timeout(self.timeouts.connect):
                if address.path:
                    _, wire = await loop.create_unix_connection(Wire, address.path)
                else:
                    implicit = address.implicit_tls
                    _, wire = await loop.create_connection(
                        Wire,
                        sock=await dial(address.host, address.port),
                        ssl=self.context if implicit else None,
                        server_hostname=address.host if implicit else None,
                    )
        except ssl.SSLError:
            raise UnreachableError(TLS_FAILED) from None
        except (OSError, TimeoutError, UnicodeError):
            raise UnreachableError(UNREACHABLE) from None
        return wire


class NextHopConnection:
    """One session with the next hop. One task uses it at a time."""

    def __init__(self, wire: Wire, hop: NextHop) -> None:
        self._wire = wire
        self._hop = hop
        self._ends = False
        self.capabilities = Capabilities()
        self.used = False
        """Whether it has carried out commands since it began, or was kept: the server may have let it go."""
        self.in_transaction = False
        """Whether MAIL was accepted and nothing has ended that transaction yet."""
        self.introduction = ""
        """The XFORWARD command of the client at hand, or none. Postfix forgets it with each transaction."""
        self.began = asyncio.get_running_loop().time()
        self.mails = 0
        """How many transactions have begun on it."""
        self._failures = _Failures(wire)
        self._owed = 1  # the greeting
        self._refused = False

    @property
    def lmtp(self) -> bool:
        """Whether each recipient gets a reply of its own."""
        return self._hop.address.lmtp

    @property
    def closed(self) -> bool:
        """Whether it is known to be gone; something unasked for, such as 421, counts as gone."""
        return self._wire.ended or self._wire.pending

    @property
    def is_as_new(self) -> bool:
        """Whether the next hop cannot tell it from a new one: nothing stands, is owed, or was refused."""
        return not (self.closed or self.in_transaction or self._owed or self._refused)

    async def begin(self, context: ssl.SSLContext | None) -> None:
        """Read the greeting, say EHLO, and begin TLS where that is wanted. Raises as `NextHop.connect`."""
        greeting = await self.read(self._hop.timeouts.greeting)
        if not greeting.positive:
            raise RefusedSessionError(greeting, at_greeting=True)
        await self._hello()
        self.used = False
        required = self._hop.mode is TlsMode.REQUIRED
        if context is None or self._wire.tls is not None or self._hop.address.path:
            return
        if "STARTTLS" not in self.capabilities:
            if required:
                raise UnreachableError(TLS_FAILED)
            return
        answer = await self.command("STARTTLS")
        if not answer.positive:
            if required:
                raise UnreachableError(TLS_FAILED)
            return
        try:
            await self._wire.start_tls(
                context,
                server_side=False,
                server_name=self._hop.address.host,
                seconds=self._hop.timeouts.tls,
            )
        except OSError:
            raise TlsFailedError from None
        await self._hello()
        self.used = False

    async def _hello(self) -> None:
        answer = await self.command(f"{'LHLO' if self.lmtp else 'EHLO'} {self._hop.hostname}")
        if answer.permanent and not self.lmtp:
            answer = await self.command(f"HELO {self._hop.hostname}")
            self.capabilities = Capabilities()
        else:
            self.capabilities = read_capabilities(answer)
        if not answer.positive:
            raise RefusedSessionError(answer, at_greeting=False)

    async def command(self, line: str, *, asks: bool = False) -> Reply:
        """Send a command and return the reply; `asks` as of `read`. Raises `UnreachableError`."""
        await self.send(line)
        return await self.read(asks=asks)

    async def begin_transaction(self, mail: str, rcpts: Sequence[str]) -> Reply:
        """Send MAIL under the introduction, and return its reply. Raises `UnreachableError`.

        `rcpts` go in the same breath, which PIPELINING must allow; their replies follow.
        """
        self.mails += 1
        introduction = (self.introduction,) if self.introduction else ()
        if introduction and "PIPELINING" not in self.capabilities:
            await self.command(self.introduction)
            introduction = ()
        await self.send(*introduction, mail, *rcpts)
        if introduction:
            await self.read()
        answer = await self.read()
        self.in_transaction = answer.positive
        return answer

    async def skip_replies(self, count: int) -> None:
        """Read the replies to what was sent in one breath with a command that was refused.

        Who refuses may hang up behind it, and is quoted nevertheless. Who falls silent did not answer in
        order (as smtp-sink(1) where MAIL is to take long): what was read belongs to another command, and is
        no refusal. Raises `UnreachableError` for all but the hanging up.
        """
        try:
            for _ in range(count):
                answer = await self.read(asks=True)
                if answer.intermediate:  # RFC 2920 §3.1: 354 although it takes nobody
                    self.abort()
                    return
        except UnreachableError as error:
            if error.reply is not DROPPED:
                raise

    async def reset(self) -> None:
        """End the transaction, if there is one. Raises `UnreachableError`."""
        if self.in_transaction:
            self.in_transaction = False
            await self.command("RSET")

    async def send(self, *lines: str) -> None:
        """Send commands, more than one only where PIPELINING is offered. Raises `UnreachableError`."""
        with self._failures:
            self._owed += len(lines)
            said = "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")
            await self._wire.send(said, self._hop.timeouts.command)

    async def read(self, seconds: float | None = None, *, asks: bool = False, goes_on: bool = False) -> Reply:
        """Read one reply within so many seconds, those of a command by default. Raises `UnreachableError`.

        `asks`: it may be 3yz, which is no answer to anything but DATA and AUTH: neither yes nor no.
        `goes_on`: replies for other recipients follow (LMTP). Who ends the session in the midst of them has
        taken or refused the mail for the others all the same, and says so at once or never.
        """
        with self._failures:
            self._wire.allow(LAST_WORDS_SECONDS if self._ends else seconds or self._hop.timeouts.command)
            answer = await read_reply(self._read_line)
            if answer.intermediate and not asks:
                raise BadReplyError("more is asked for than there is")
        self.used = True
        self._owed -= 1
        self._refused |= answer.code >= TRANSIENT
        self._ends |= answer.code == SERVICE_ENDS
        if self._ends and not goes_on:
            self.abort()
        return answer

    async def read_more(self) -> list[Reply]:
        """Return the replies that are there although none is owed. Raises `UnreachableError`."""
        more: list[Reply] = []
        while self._wire.pending:
            more.append(await self.read(LAST_WORDS_SECONDS, goes_on=True))
        return more

    async def send_message(self, message: Patched, *, replies: int) -> None:
        """Send a message with its end; so many replies follow. Raises `UnreachableError`."""
        self._owed += replies
        with self._failures:
            for number, block in enumerate(dot_stuffed(message.blocks(_BLOCK))):
                if number:
                    # A next hop may take them as fast as they are made: 28 MB held all others up for 60 ms.
                    await asyncio.sleep(0)
                await self._wire.send(block, self._hop.timeouts.data_block)

    @property
    def timeouts(self) -> Timeouts:
        """How long this next hop may take."""
        return self._hop.timeouts

    async def quit(self) -> None:
        """Take leave and close; never raises."""
        with contextlib.suppress(UnreachableError):
            if not self._wire.ended:
                with self._failures:
                    self._wire.write(b"QUIT\r\n")
                await self.read(QUIT_SECONDS)
        self._wire.close()

    def leave(self) -> None:
        """Take leave of a next hop that is not listened to any more, as Postfix does itself; never raises."""
        with contextlib.suppress(WireClosedError):
            self._wire.write(b"QUIT\r\n")
        self._wire.close()

    def abort(self) -> None:
        """Close at once."""
        self._wire.abort()

    def _read_line(self) -> Awaitable[bytes]:
        # Cut where it is too long: an acceptance that is not understood makes a double at every retry.
        return self._wire.read_line(MAX_LINE, strict=False)


class _Failures:
    """Turns whatever can happen to a connection into an `UnreachableError`, and closes it.

    A reply that comes later would be taken for that to the next command: of a password, say. Not a generator
    of contextlib's, which took half as long as a reply itself: there are nine a mail.
    """

    __slots__ = ("_wire",)

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, (TimeoutError, BadReplyError, WireClosedError, OSError)):
            self._wire.abort()
            raise UnreachableError(_words(error)) from None


def _words(error: Exception) -> Reply:
    if isinstance(error, TimeoutError):
        return NO_ANSWER
    return GARBLED if isinstance(error, BadReplyError) else DROPPED
