"""onward: one client's way to the next hop: a connection that is opened, kept, and opened again."""

from collections.abc import Callable, Sequence
from typing import Final

from backstamp.gateway.protocol.commands import Mailbox
from backstamp.gateway.protocol.reply import Reply, reply
from backstamp.gateway.protocol.xtext import encode_xtext
from backstamp.gateway.relaying.capabilities import Capabilities
from backstamp.gateway.relaying.handover import Outcome, Stage, hand_over
from backstamp.gateway.relaying.kept_connections import KeptConnections
from backstamp.gateway.relaying.next_hop import (
    DROPPED,
    SERVICE_ENDS,
    NextHopConnection,
    RefusedSessionError,
    UnreachableError,
)
from backstamp.mail.patches import Patched

LOGGED_OUT: Final = reply(421, "4.4.2 The upstream server closed the connection, please connect again")

CHANGED: Final = reply(421, "4.3.2 The next hop no longer offers what it did, please connect again")

XFORWARD_ATTRIBUTES: Final = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE")
"""In Postfix's order (XFORWARD_README)."""


class Onward:
    """The way to the next hop of one client's session."""

    def __init__(self, hop: KeptConnections) -> None:
        """`hop` gives connections, and takes them back."""
        self._hop = hop
        self._connection: NextHopConnection | None = None
        self.client: tuple[tuple[str, str], ...] = ()
        """The client's attributes for XFORWARD, told to the next hop before each transaction."""
        self.promised: frozenset[str] = frozenset()
        """The extensions that the client was offered since the next hop has them: it may use them by now."""
        self.reopens = True
        """Whether a lost connection may be opened again: not after AUTH, for the password is not kept."""

    @property
    def connection(self) -> NextHopConnection | None:
        """The connection, which may be lost by now, or None where there never was one."""
        return self._connection

    async def offered(self) -> Capabilities:
        """Return what the next hop offers; no connection is opened to learn what it told a moment ago.

        Raises as `open`.
        """
        known = self._hop.lately_offered if self._connection is None else None
        return known if known is not None else (await self.open()).capabilities

    async def let_go(self) -> None:
        """Take leave of the next hop; whoever wants more opens a connection anew. Never raises."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.quit()

    async def open(self, *, anew: bool = False) -> NextHopConnection:
        """Return a connection that seems to stand; `anew`: if it has to be opened, one that never was kept.

        Raises `UnreachableError`, `RefusedSessionError`.
        """
        connection = self._connection
        if connection is None or connection.closed:
            if connection is not None:
                connection.abort()
                if not self.reopens:
                    raise UnreachableError(LOGGED_OUT)
            self._connection = connection = await self._hop.connect(anew=anew)
        if not self.promised <= connection.capabilities.keywords.keys():
            # It was configured anew, or is another one. It would refuse for good what it takes in other form.
            raise UnreachableError(CHANGED)
        connection.introduction = self._introduction(connection)
        return connection

    async def begin(self, mail: str, rcpts: Sequence[str]) -> Reply:
        """Send MAIL, on a new connection when the kept one was let go meanwhile. Raises as `open`.

        `rcpts` go in the same breath, which the next hop must offer (PIPELINING); where MAIL is accepted,
        their replies are still to be read.
        """
        connection = await self.open()
        used = connection.used
        try:
            answer = await self._begin(connection, mail, rcpts)
            if not (used and self.reopens and connection.closed and answer.transient):
                return answer
        except UnreachableError:
            if not (used and self.reopens):
                raise
        connection = await self.open(anew=True)
        if rcpts and "PIPELINING" not in connection.capabilities:
            # It is another server now; one reply too few is better than a dialog out of step.
            connection.abort()
            raise UnreachableError(DROPPED)
        return await self._begin(connection, mail, rcpts)

    async def _begin(self, connection: NextHopConnection, mail: str, rcpts: Sequence[str]) -> Reply:
        await connection.reset()
        answer = await connection.begin_transaction(mail, rcpts)
        if not answer.positive:
            await connection.skip_replies(len(rcpts))
        return answer

    async def hand_over(
        self,
        reverse_path: Mailbox,
        forward_paths: Sequence[Mailbox],
        message: Callable[[NextHopConnection], Patched],
    ) -> list[Outcome]:
        """Send a message in a transaction of its own; return the outcome for each forward path.

        `message` is asked for what goes over this connection. Many servers end a connection after so many
        mails (421), and it is we who make many of one: then this one goes over a new connection.
        """
        anew = False
        while True:
            try:
                connection = await self.open(anew=anew)
            except (UnreachableError, RefusedSessionError) as error:
                return [Outcome(Stage.CONNECT, error.reply)] * len(forward_paths)
            used = connection.used
            outcomes = await hand_over(connection, reverse_path, forward_paths, message(connection))
            if not (used and self.reopens and connection.closed and _was_let_go(outcomes)):
                return outcomes
            anew = True

    def _introduction(self, connection: NextHopConnection) -> str:
        """Return the XFORWARD command that the next hop has to hear, empty where there is none."""
        offered = connection.capabilities.words("XFORWARD")
        wanted = [f"{name}={encode_xtext(value)}" for name, value in self.client if name in offered]
        return f"XFORWARD {' '.join(wanted)}" if wanted else ""

    async def close(self) -> None:
        """Leave the connection to others, or take leave of the next hop; never raises."""
        connection, self._connection = self._connection, None
        if connection is not None:
            if not self.reopens:
                await connection.quit()
            else:
                await self._hop.give_back(connection)


def _was_let_go(outcomes: Sequence[Outcome]) -> bool:
    """Whether the next hop ended the connection instead of beginning with the message."""
    return all(
        each.stage in (Stage.CONNECT, Stage.MAIL)
        and (each.reply is DROPPED or each.reply.code == SERVICE_ENDS)
        for each in outcomes
    )
