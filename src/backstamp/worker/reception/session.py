"""One connection by LMTP (RFC 2033), or by SMTP: commands, transactions, a reply for each recipient."""

import asyncio
import logging
import re
from typing import Final, Protocol

import msgspec

from backstamp.worker.reception.lines import LineSource, LineTooLongError, MailDataError

log = logging.getLogger("backstamp.worker")

LONGEST_COMMAND: Final = 4096
"""RFC 5321 §4.5.3.1.4 says 512, and every extension adds to it."""
MOST_RECIPIENTS: Final = 1000
MOST_ERRORS: Final = 20
MOST_WITHOUT_MAIL: Final = 100
"""Commands in a row that bring no mail, recipients apart; as the gateway has it."""
READ_SECONDS: Final = 300.0
"""RFC 5321 §4.5.3.2.7."""


class Mailbox(Protocol):
    """What takes the mail. Replies are SMTP's, without line ends."""

    name: str
    """In greetings: "capture mailbox"."""
    max_bytes: int
    """Largest mail, in octets."""
    speaks_smtp: bool
    """Whether EHLO and HELO are answered, too; a mail by SMTP has one recipient."""

    def refusal(self, forward_path: str) -> str | None:
        """Return the reply that refuses this recipient, or None."""

    async def deliver(self, mail_data: bytes, reverse_path: str, forward_path: str) -> str:
        """Take a mail for one recipient, and return the reply; a positive one once it is safe."""


_PATH: Final = r'<((?:"(?:\\.|[^"\\])*"|[^<>"])*)>(?: +(.*))?'
_MAIL: Final = re.compile(rf"from: *{_PATH}", re.IGNORECASE)
_RCPT: Final = re.compile(rf"to: *{_PATH}", re.IGNORECASE)
_SIZE: Final = re.compile(r"size=(\d{1,20})", re.IGNORECASE)
_PLAIN_PARAMETERS: Final = frozenset({"SMTPUTF8", "BODY=7BIT", "BODY=8BITMIME"})
_TOO_LARGE: Final = "552 5.3.4 This mail is larger than the whole mailbox may be"


class Transaction(msgspec.Struct):
    """A mail on its way in."""

    reverse_path: str
    forward_paths: list[str] = msgspec.field(default_factory=list)


class Session:
    """Speaks with one client until it quits, or `stop` is set between two transactions."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        mailbox: Mailbox,
        stop: asyncio.Event,
    ) -> None:
        self._source = LineSource(reader)
        self._writer = writer
        self._mailbox = mailbox
        self._stop = stop
        self._greeted = ""
        self._transaction: Transaction | None = None
        self._errors = self._without_mail = 0

    async def run(self) -> None:
        """Serve the connection to its end. Raises `OSError`, `EOFError`, `TimeoutError` when it breaks."""
        protocols = "SMTP and LMTP" if self._mailbox.speaks_smtp else "LMTP"
        await self._reply(f"220 Backstamp {self._mailbox.name}, {protocols}")
        while (line := await self._command()) is not None:
            verb, _, rest = line.partition(" ")
            self._without_mail += verb.upper() not in ("RCPT", "QUIT")
            if self._without_mail > MOST_WITHOUT_MAIL:
                await self._reply("421 4.7.0 Too many commands without a mail")
                return
            match verb.upper():
                case "QUIT":
                    await self._reply("221 2.0.0 Goodbye")
                    return
                case "LHLO" | "EHLO" | "HELO" as hello if hello == "LHLO" or self._mailbox.speaks_smtp:
                    await self._hello(hello)
                case "MAIL":
                    await self._reply(self._mail(rest))
                case "RCPT":
                    await self._reply(self._rcpt(rest))
                case "DATA":
                    await self._data()
                case "RSET":
                    self._transaction = None
                    await self._reply("250 2.0.0 OK")
                case "NOOP":
                    await self._reply("250 2.0.0 OK")
                case "VRFY":
                    await self._reply("252 2.1.5 Every address is taken")
                case _:
                    await self._reply(f"500 5.5.1 Unknown command; this server speaks {protocols}")
            if self._errors >= MOST_ERRORS:
                await self._reply("421 4.7.0 Too many errors")
                return

    async def _command(self) -> str | None:
        """Return the next command; None, after saying so, where there will be none."""
        reading = asyncio.ensure_future(self._source.line(LONGEST_COMMAND))
        stopping = asyncio.ensure_future(self._stop.wait())
        # What was begun may be ended: the gateway, which is told to stop at the same time, ends its own so.
        awaited = {reading} if self._transaction is not None else {reading, stopping}
        try:
            await asyncio.wait(awaited, timeout=READ_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                return reading.result().decode("utf-8")
            await self._reply("421 4.3.2 Closing" if stopping.done() else "421 4.4.2 Idle for too long")
        except LineTooLongError:
            await self._reply("500 5.5.6 The line is too long")
        except UnicodeDecodeError:
            await self._reply("501 5.5.2 Commands are UTF-8")
            return ""
        finally:
            reading.cancel()
            stopping.cancel()
        return None

    async def _hello(self, verb: str) -> None:
        self._greeted = verb
        self._transaction = None
        if verb == "HELO":
            await self._reply(f"250 Backstamp {self._mailbox.name}")
            return
        await self._reply(
            *(f"250-Backstamp {self._mailbox.name}", "250-PIPELINING", "250-8BITMIME", "250-SMTPUTF8"),
            *("250-ENHANCEDSTATUSCODES", f"250 SIZE {self._mailbox.max_bytes}"),
        )

    def _mail(self, rest: str) -> str:
        if not self._greeted:
            return f"503 5.5.1 Say {'EHLO or ' if self._mailbox.speaks_smtp else ''}LHLO first"
        if self._transaction is not None:
            return "503 5.5.1 A transaction is open already"
        match = _MAIL.fullmatch(rest)
        if match is None:
            return "501 5.5.4 Write MAIL FROM:<address>"
        for parameter in (match[2] or "").split():
            size = _SIZE.fullmatch(parameter)
            if size and int(size[1]) > self._mailbox.max_bytes:
                return _TOO_LARGE
            if not size and parameter.upper() not in _PLAIN_PARAMETERS:
                return "555 5.5.4 Unknown parameter"
        self._transaction = Transaction(match[1])
        return "250 2.1.0 OK"

    def _rcpt(self, rest: str) -> str:
        if self._transaction is None:
            return "503 5.5.1 Say MAIL first"
        match = _RCPT.fullmatch(rest)
        if match is None or not match[1]:
            return "501 5.5.4 Write RCPT TO:<address>"
        if match[2]:
            return "555 5.5.4 Unknown parameter"
        most = MOST_RECIPIENTS if self._greeted == "LHLO" else 1
        if len(self._transaction.forward_paths) >= most:
            return "452 4.5.3 Too many recipients"
        refusal = self._mailbox.refusal(match[1])
        if refusal is not None:
            return refusal
        self._transaction.forward_paths.append(match[1])
        return "250 2.1.5 OK"

    async def _data(self) -> None:
        transaction = self._transaction
        if transaction is None or not transaction.forward_paths:
            # RFC 2033 §4.2: without a recipient DATA is refused, and no mail data may follow.
            await self._reply("503 5.5.1 No recipient")
            return
        self._transaction = None
        self._without_mail = 0
        await self._reply("354 End with a lone dot")
        try:
            async with asyncio.timeout(READ_SECONDS):
                mail_data = await self._source.mail_data(self._mailbox.max_bytes)
        except MailDataError as error:
            await self._reply(*[str(error)] * len(transaction.forward_paths))
            return
        for forward_path in transaction.forward_paths:
            await self._reply(await self._mailbox.deliver(mail_data, transaction.reverse_path, forward_path))

    async def _reply(self, *lines: str) -> None:
        self._errors += sum(line.startswith("5") for line in lines[:1])
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        async with asyncio.timeout(READ_SECONDS):
            await self._writer.drain()
