"""mail_commands: MAIL, RCPT, DATA and RSET: each handed on, and answered with the next hop's own reply."""

from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from backstamp.gateway import trace
from backstamp.gateway.delivering.roll import RcptAnswer
from backstamp.gateway.delivering.transaction import Submitted
from backstamp.gateway.protocol.commands import (
    MAX_COMMAND,
    MOST_RECIPIENTS,
    SYNTAX,
    TOO_MANY_RECIPIENTS,
    Mailbox,
    RefusedError,
    parse_command,
    parse_mail,
    parse_rcpt,
)
from backstamp.gateway.protocol.mail_data import TOO_LARGE, MailDataRefusedError, read_mail_data
from backstamp.gateway.protocol.reply import Reply, reply
from backstamp.gateway.protocol.wire import Wire, WireClosedError
from backstamp.gateway.relaying.handover import mail_line, rcpt_line
from backstamp.gateway.relaying.next_hop import SERVICE_ENDS, UnreachableError
from backstamp.gateway.relaying.onward import Onward
from backstamp.gateway.sessions import submission
from backstamp.gateway.sessions.client import Client, Kind
from backstamp.gateway.sessions.surroundings import Surroundings

MOST_AHEAD: Final = 100
"""Recipients that go on with MAIL; their replies fit into the buffers of both sides (RFC 2920 §3.1)."""

OK: Final = reply(250, "2.0.0 Ok")
GO_AHEAD: Final = reply(354, "End data with <CR><LF>.<CR><LF>")
OUT_OF_ORDER: Final = reply(503, "5.5.1 Bad sequence of commands")
NO_RECIPIENTS: Final = reply(554, "5.5.1 No valid recipients")
RELAY_DENIED: Final = reply(554, "5.7.1 Relay access denied")

Action = Callable[[str], Awaitable[Reply | None]]
"""Carries out a command with that argument, and returns the reply; None where all is said.

May raise `RefusedError`, `UnreachableError`, `RefusedSessionError`.
"""


class MailCommands:
    """The mail transaction of one session."""

    def __init__(self, wire: Wire, client: Client, onward: Onward, about: Surroundings) -> None:
        self._wire = wire
        self._client = client
        self._onward = onward
        self._about = about
        self._reverse_path: Mailbox | None = None
        self._rcpts: list[RcptAnswer] = []
        self._ahead: deque[Mailbox] = deque()
        """Recipients whom the next hop has heard of already, and the client is about to name."""
        self.owed = 1
        """How many replies the client waits for: with LMTP a message has one for each accepted recipient.

        None before the end of a message, nor when all is said.
        """
        self.offered: frozenset[str] = frozenset()
        """The EHLO keywords of this session."""

    @property
    def actions(self) -> dict[str, Action]:
        """The commands by their verbs."""
        return {"MAIL": self.mail, "RCPT": self.rcpt, "DATA": self.data, "RSET": self.rset}

    @property
    def open(self) -> bool:
        """Whether a transaction stands."""
        return self._reverse_path is not None

    def forget(self) -> None:
        """Drop the transaction on our side, and for whom it was, as Postfix does."""
        self._client.forwarded = {}
        self._reverse_path = None
        self._rcpts = []
        self._ahead.clear()

    async def mail(self, argument: str) -> Reply:
        """MAIL (RFC 5321 §4.1.1.2). Raises `RefusedError`, and as `Onward.open`."""
        client = self._client
        if not client.helo or self._reverse_path is not None:
            raise RefusedError(OUT_OF_ORDER)
        if not client.may_relay:
            if client.kind is Kind.SUBMISSION:
                raise RefusedError(submission.AUTH_REQUIRED)
            raise RefusedError(RELAY_DENIED)
        mailbox = parse_mail(argument, self.offered)
        size = mailbox.parameter("SIZE")
        if size is not None and int(size) > self._about.config.max_size:
            raise RefusedError(TOO_LARGE)
        self._onward.client = client.for_next_hop
        # We offer SIZE in any case, for the limit is ours too. Received mail will be larger than that by its
        # guarded links, and goes in this very transaction.
        theirs = (await self._onward.open()).capabilities
        told = size is not None and "SIZE" in theirs and not client.receives
        ahead = list(self._rcpts_ahead()) if "PIPELINING" in theirs else []
        answer = await self._onward.begin(
            mail_line(mailbox, int(size) if size and told else None), list(map(rcpt_line, ahead))
        )
        if answer.positive:
            self._reverse_path = mailbox
            self._ahead.extend(ahead)
        return answer

    def _rcpts_ahead(self) -> Iterator[Mailbox]:
        """Yield the recipients whom a client that pipelines (RFC 2920) has named already: they save turns."""
        for line in self._wire.lines_ahead(MOST_AHEAD):
            try:
                verb, argument = parse_command(line)
                if verb != "RCPT" or len(line) + 2 > MAX_COMMAND:
                    return
                yield parse_rcpt(argument, self.offered)
            except RefusedError:
                return

    async def rcpt(self, argument: str) -> Reply:
        """RCPT (RFC 5321 §4.1.1.3). Raises `RefusedError`, `UnreachableError`."""
        if self._reverse_path is None:
            raise RefusedError(OUT_OF_ORDER)
        if len(self._rcpts) >= MOST_RECIPIENTS:
            raise RefusedError(TOO_MANY_RECIPIENTS)
        connection = self._onward.connection
        assert connection is not None, "MAIL was accepted on it"
        was_sent = bool(self._ahead)
        recipient = self._ahead.popleft() if was_sent else parse_rcpt(argument, self.offered)
        try:
            answer = await (connection.read() if was_sent else connection.command(rcpt_line(recipient)))
        except UnreachableError as error:
            answer = error.reply
        self._rcpts.append(RcptAnswer(recipient, answer))
        return answer

    async def rset(self, argument: str) -> Reply:
        """RSET (RFC 5321 §4.1.1.5); the next hop is told before its next transaction."""
        if argument:
            raise RefusedError(SYNTAX)
        self.forget()
        return OK

    async def data(self, argument: str) -> Reply | None:
        """DATA (RFC 5321 §4.1.1.4): read the message, hand it over, answer. Raises `RefusedError`.

        The reply where the message is not read. Who pipelines cannot know that nobody was accepted.
        """
        if argument:
            raise RefusedError(SYNTAX)
        if self._reverse_path is None:
            raise RefusedError(OUT_OF_ORDER)
        reverse_path, rcpts = self._reverse_path, self._rcpts
        count = sum(1 for rcpt in rcpts if rcpt.reply.positive)
        if not count:
            return NO_RECIPIENTS
        is_local, party = self._client.is_local, self._client.party
        self.forget()
        self._wire.write(GO_AHEAD.encode())
        config, budget = self._about.config, self._about.budget
        lmtp = self._client.kind is Kind.LMTP
        replies = count if lmtp else 1
        self.owed = 0
        try:
            message = await read_mail_data(
                self._wire,
                max_size=config.max_size,
                budget=budget,
                block_timeout=config.timeouts.data_block,
                mends=self._client.receives,
            )
        except MailDataRefusedError as error:
            await self._say((error.reply,) * replies)
            return None
        self.owed = replies
        utf8 = reverse_path.parameter("SMTPUTF8") is not None
        submitted = Submitted(
            origin=self._client.origin,
            client=self._client.retry_name,
            party=party,
            reverse_path=reverse_path,
            rcpts=rcpts,
            message=message,
            hop=self._client.hop(utf8=utf8),
            lmtp=lmtp,
            may_report=bool(reverse_path.path) and is_local,
            trace_id=trace.new_trace_id(),
        )
        try:
            await self._about.transactions.carry_out(submitted, self._onward, self._tell)
        finally:
            budget.give(len(message))
        return None

    async def _tell(self, replies: tuple[Reply, ...]) -> bool:
        """Say the replies; return whether the client is there to hear them. Nothing follows a 421."""
        try:
            await self._say(replies)
        except (WireClosedError, TimeoutError):
            return False
        heard = not self._wire.ended
        if any(each.code == SERVICE_ENDS for each in replies):
            self._wire.close()
        return heard

    async def _say(self, replies: tuple[Reply, ...]) -> None:
        said = b"".join(each.encode() for each in replies)
        self.owed = 0
        await self._wire.send(said, self._about.config.timeouts.idle)
