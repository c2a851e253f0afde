"""session: one client's connection, from greeting to close: the loop of commands, and how it ends."""

import asyncio
import contextlib
import logging
from typing import Final

from backstamp.gateway import trace
from backstamp.gateway.access import party_of
from backstamp.gateway.errors import place_of
from backstamp.gateway.protocol.commands import (
    MAX_COMMAND,
    UNKNOWN,
    RefusedError,
    is_web_request,
    parse_command,
)
from backstamp.gateway.protocol.reply import Reply, reply
from backstamp.gateway.protocol.wire import BrokenLineError, LineTooLongError, Wire, WireClosedError
from backstamp.gateway.relaying.kept_connections import KeptConnections
from backstamp.gateway.relaying.next_hop import SERVICE_ENDS, RefusedSessionError, UnreachableError
from backstamp.gateway.relaying.onward import Onward
from backstamp.gateway.sessions.client import Client, Kind
from backstamp.gateway.sessions.mail_commands import Action, MailCommands
from backstamp.gateway.sessions.session_commands import SessionCommands
from backstamp.gateway.sessions.surroundings import Surroundings

_log = logging.getLogger("backstamp.gateway")

MOST_MISTAKES: Final = 20
"""Commands that we refuse on one connection; Postfix's `smtpd_hard_error_limit` is the same number.

What the next hop refuses is no mistake of the client's: the next hop has limits of its own.
"""

MOST_WITHOUT_MESSAGE: Final = 100
"""Commands in a row that bring no message, recipients apart: so many NOOP, RSET and the like Postfix takes,
too (`smtpd_junk_command_limit`). Who says one now and then would keep a connection for ever.
"""

LOGIN_SECONDS: Final = 180.0
"""So long one may be where people submit without logging in, whatever one says there; as with Dovecot."""

COMMANDS_A_TURN: Final = 100
"""After so many (2 ms) other sessions have their turn, also where a client has said more in the same breath.

One that sent NOOP as fast as it could kept all others waiting for 6 s.
"""

BROKEN_LINE: Final = reply(500, "5.5.2 Lines must end in CRLF, and hold no other CR or LF")
LINE_TOO_LONG: Final = reply(500, "5.5.2 Line too long")
TOO_MANY_MISTAKES: Final = reply(421, "4.7.0 Too many errors, closing the connection")
NO_MESSAGE: Final = reply(421, "4.7.0 Too many commands without a message, closing the connection")
WEB_REQUEST: Final = reply(421, "4.7.0 This is no web server, closing the connection")
"""Any page can have a browser that may relay post to us, with mail for a body (Postfix, too, hangs up:
`smtpd_forbidden_commands`).
"""
IDLE: Final = reply(421, "4.4.2 Nothing was said for too long, closing the connection")
NO_LOGIN: Final = reply(421, "4.7.0 Nobody logged in for too long, closing the connection")
STOPPING: Final = reply(421, "4.3.2 The server is stopping, try again in a moment")


class Session:
    """One client's connection, from greeting to close."""

    def __init__(self, wire: Wire, kind: Kind, about: Surroundings, *, receives: bool) -> None:
        """Take a connection that stands; `run` does the rest. `receives`: it hands over received mail."""
        self._wire = wire
        self._about = about
        self._config = about.config
        self._client = Client(wire, kind, about.config, receives=receives)
        self.is_stranger = not (self._client.may_relay or self._client.is_proxy)
        """Whether it had no right to anything when it came."""
        self.is_from_ours = self._client.is_from_ours
        self.party = party_of(self._client.peer)
        """Who it is, as far as its address tells."""
        self._onward = Onward(self._next_hop())
        self._mail = MailCommands(wire, self._client, self._onward, about)
        self._commands = self._mistakes = self._without_message = 0
        self._closing = False
        self.gave_way = False
        self._busy = True
        self._login_by = asyncio.get_running_loop().time() + LOGIN_SECONDS
        self._own = SessionCommands(wire, self._client, self._onward, self._mail, about, ask=self._ask)
        self._actions = self._own.actions | self._mail.actions

    @property
    def submits(self) -> bool:
        """Whether it came where people's mail programs submit."""
        return self._client.kind is Kind.SUBMISSION

    async def run(self) -> None:
        """Serve the client until it goes; raises nothing but cancellation."""
        try:
            await self._answer(await self._own.greet())
            while not self._closing:
                await self._serve_command()
                self._commands += 1
                if self._commands % COMMANDS_A_TURN == 0:
                    await asyncio.sleep(0)
        except (WireClosedError, TimeoutError, OSError):
            pass
        finally:
            self._wire.close()
            await self._onward.close()

    @property
    def may_give_way(self) -> bool:
        """Whether it is a stranger's who submits, and has not logged in yet."""
        return self.submits and not (self._client.logged_in or self.is_from_ours or self._closing)

    def give_way(self, farewell: Reply) -> None:
        """Close at once, for others have more right to the place."""
        self.gave_way = self._closing = True
        with contextlib.suppress(WireClosedError):
            self._wire.write(farewell.encode())
        self._wire.close()

    def stop(self) -> None:
        """Close as soon as the command at hand is answered; at once when there is none."""
        self._closing = True
        if not self._busy:
            with contextlib.suppress(WireClosedError):
                self._wire.write(STOPPING.encode())
            self._wire.close()

    # one command after the other

    async def _serve_command(self) -> None:
        answer: Reply | None
        self._busy = False
        try:
            self._wire.allow(self._patience())
            line = await self._wire.read_line(MAX_COMMAND)
        except TimeoutError:
            answer = IDLE if self._patience() > 0 else NO_LOGIN
        except LineTooLongError:
            answer = self._mistake(LINE_TOO_LONG)
        except BrokenLineError:
            answer = self._mistake(BROKEN_LINE)
        else:
            self._busy = True
            answer = await self._carry_out(line)
        self._busy = True
        if answer is not None:
            await self._answer(answer)

    def _patience(self) -> float:
        """Return for how many seconds the client's next line is waited for."""
        idle = self._config.timeouts.idle
        if not self.submits or self._client.logged_in:
            return idle
        return min(idle, self._login_by - asyncio.get_running_loop().time())

    def _mistake(self, refusal: Reply) -> Reply:
        """Count a refusal of ours, and return what is answered."""
        self._mistakes += refusal.permanent
        return TOO_MANY_MISTAKES if self._mistakes > MOST_MISTAKES else refusal

    async def _answer(self, answer: Reply) -> None:
        if answer.code == SERVICE_ENDS or self._own.ended:
            self._closing = True
        if not self._wire.hold(answer.encode()):
            await self._say(answer)

    async def _carry_out(self, line: bytes) -> Reply | None:
        if is_web_request(line):
            return WEB_REQUEST
        try:
            verb, argument = parse_command(line)
            action = self._actions.get(verb)
            if action is None:
                return self._mistake(UNKNOWN)
            return await self._perform(verb, action, argument)
        except RefusedError as refusal:
            return self._mistake(refusal.reply)
        except (UnreachableError, RefusedSessionError) as failure:
            return failure.reply
        except (WireClosedError, TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours must cost one command, not the server
            return await self._apologise(error)

    async def _perform(self, verb: str, action: Action, argument: str) -> Reply | None:
        self._mail.owed = 1
        self._without_message += verb not in ("RCPT", "QUIT")
        if self._without_message > MOST_WITHOUT_MESSAGE:
            return NO_MESSAGE
        answer = await action(argument)
        if answer is None and verb == "DATA":
            self._without_message = 0
        return answer

    async def _apologise(self, error: Exception) -> Reply | None:
        """Return the reply to a command that met a fault of ours; None where the client waits for none."""
        trace_id = trace.new_trace_id()
        _log.error("%s: internal error %s", trace_id, place_of(error), extra={"trace_id": trace_id})
        self._mail.forget()
        if self._onward.connection is not None:
            self._onward.connection.abort()
        if not self._mail.owed:
            # What more we said would be the reply to something else, and the rest of a message commands.
            self._closing = True
            return None
        apology = reply(451, f"4.3.0 Internal error, trace id {trace_id}")
        for _ in range(1, self._mail.owed):
            await self._say(apology)
        return apology

    async def _say(self, answer: Reply) -> None:
        await self._wire.send(answer.encode(), self._config.timeouts.idle)

    async def _ask(self, challenge: str) -> str:
        await self._say(reply(334, challenge))
        try:
            self._wire.allow(self._patience())
            line = await self._wire.read_line(MAX_COMMAND)
        except (LineTooLongError, BrokenLineError):
            raise RefusedError(LINE_TOO_LONG) from None
        return line.decode("ascii", "replace")

    def _next_hop(self) -> KeptConnections:
        if self._client.receives:
            assert self._about.inside is not None, "who listens for received mail has a next hop for it"
            return self._about.inside
        if self._client.kind is not Kind.SUBMISSION:
            return self._about.next_hop
        assert self._about.upstream is not None, "who listens for submissions has an upstream"
        return self._about.upstream
