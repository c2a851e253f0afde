"""session: one client's connection: greeting, EHLO, STARTTLS, AUTH, XCLIENT, and the loop of commands.

The next hop is connected to before the greeting where the client may relay, so that its refusal to talk
is the client's greeting too; else once the client has shown who it is.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import Final

from backstamp.gateway import submission, trace
from backstamp.gateway.access import parse_address, party_of
from backstamp.gateway.capabilities import HANDED_ON, NAMED_IN_COMMANDS, Capabilities
from backstamp.gateway.client import Client, Kind
from backstamp.gateway.errors import place_of
from backstamp.gateway.kept_connections import KeptConnections
from backstamp.gateway.mail_commands import OK, OUT_OF_ORDER, RELAY_DENIED, MailCommands
from backstamp.gateway.next_hop import SERVICE_ENDS, RefusedSessionError, UnreachableError
from backstamp.gateway.onward import XFORWARD_ATTRIBUTES, Onward
from backstamp.gateway.protocol.commands import (
    MAX_COMMAND,
    SYNTAX,
    UNKNOWN,
    RefusedError,
    parse_command,
)
from backstamp.gateway.protocol.reply import Reply, reply
from backstamp.gateway.protocol.wire import BrokenLineError, LineTooLongError, Wire, WireClosedError
from backstamp.gateway.surroundings import Surroundings
from backstamp.gateway.xclient import XCLIENT_ATTRIBUTES, read_xclient, read_xforward

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
NO_EXPANSION: Final = reply(252, "2.0.0 Send some mail, and see")
TOO_MANY_MISTAKES: Final = reply(421, "4.7.0 Too many errors, closing the connection")
NO_MESSAGE: Final = reply(421, "4.7.0 Too many commands without a message, closing the connection")
IDLE: Final = reply(421, "4.4.2 Nothing was said for too long, closing the connection")
NO_LOGIN: Final = reply(421, "4.7.0 Nobody logged in for too long, closing the connection")
STOPPING: Final = reply(421, "4.3.2 The server is stopping, try again in a moment")
GOODBYE: Final = reply(221, "2.0.0 Goodbye")
START_TLS: Final = reply(220, "2.0.0 Ready to start TLS")
NO_TLS: Final = reply(502, "5.5.1 This port has no certificate, so no TLS")
NO_AUTH: Final = reply(502, "5.5.1 Nobody signs in on this port")

Action = Callable[[str], Awaitable[Reply | None]]


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
        self._commands = self._mistakes = self._attempts = self._without_message = 0
        self._closing = False
        self.gave_way = False
        self._busy = True
        self._login_by = asyncio.get_running_loop().time() + LOGIN_SECONDS
        self._verbs: dict[str, Action] = {
            "LHLO" if kind is Kind.LMTP else "EHLO": self._ehlo,
            "MAIL": self._mail.mail,
            "RCPT": self._mail.rcpt,
            "DATA": self._mail.data,
            "RSET": self._mail.rset,
            "NOOP": self._noop,
            "VRFY": self._vrfy,
            "QUIT": self._quit,
            "STARTTLS": self._starttls,
            "XCLIENT": self._xclient,
            "XFORWARD": self._xforward,
        }
        if kind is not Kind.LMTP:
            self._verbs["HELO"] = self._helo
        self._verbs["AUTH"] = self._auth if kind is Kind.SUBMISSION else self._no_auth

    @property
    def submits(self) -> bool:
        """Whether it came where people's mail programs submit."""
        return self._client.kind is Kind.SUBMISSION

    async def run(self) -> None:
        """Serve the client until it goes; raises nothing but cancellation."""
        try:
            await self._greet()
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
        if answer.code == SERVICE_ENDS:
            self._closing = True
        if not self._wire.hold(answer.encode()):
            await self._say(answer)

    async def _carry_out(self, line: bytes) -> Reply | None:
        try:
            verb, argument = parse_command(line)
            action = self._verbs.get(verb)
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
        self._wire.write(answer.encode())
        self._wire.allow(self._config.timeouts.idle)
        await self._wire.drain()

    # the beginning

    def _next_hop(self) -> KeptConnections:
        if self._client.receives:
            assert self._about.inside is not None, "who listens for received mail has a next hop for it"
            return self._about.inside
        if self._client.kind is not Kind.SUBMISSION:
            return self._about.next_hop
        assert self._about.upstream is not None, "who listens for submissions has an upstream"
        return self._about.upstream

    async def _greet(self) -> None:
        if self._client.may_relay:
            try:
                await self._onward.open()
            except UnreachableError as error:
                # RFC 5321 §4.2: of all transient replies only 421 can be a greeting.
                await self._answer(Reply(SERVICE_ENDS, error.reply.lines))
                return
            except RefusedSessionError as error:
                # A refusal of EHLO is kept for the client's own EHLO, where it is met again.
                if error.at_greeting:
                    await self._answer(error.reply)
                    self._closing = True
                    return
        protocol = "LMTP" if self._client.kind is Kind.LMTP else "ESMTP"
        await self._say(reply(220, f"{self._config.hostname} {protocol} Backstamp"))

    async def _ehlo(self, argument: str) -> Reply:
        client = self._client
        self._begin(argument, extended=True)
        theirs: Capabilities | None = None
        if client.may_relay:
            theirs = (await self._onward.open()).capabilities
        elif client.kind is Kind.SUBMISSION and self._wire.tls is not None:
            # Who may be a stranger keeps no connection with the upstream, which has so many for all of us.
            theirs = await self._onward.offered()
        offer = self._offer(theirs)
        self._mail.offered = frozenset(line.partition(" ")[0] for line in offer)
        self._onward.promised = self._mail.offered & NAMED_IN_COMMANDS
        return reply(250, self._config.hostname, *offer)

    def _offer(self, theirs: Capabilities | None) -> list[str]:
        """Return the lines of our EHLO reply: of what the next hop has to carry out, only what it offers."""
        client, config = self._client, self._config
        size = config.max_size
        if theirs is not None and theirs.max_size is not None:
            size = min(size, theirs.max_size)
        offer = ["PIPELINING", f"SIZE {size}"]
        offer += [keyword for keyword in HANDED_ON if theirs is not None and keyword in theirs]
        if self._about.tls is not None and self._wire.tls is None:
            offer.append("STARTTLS")
        if client.kind is Kind.SUBMISSION and self._wire.tls is not None and not client.logged_in:
            offer.append(f"AUTH {' '.join(submission.MECHANISMS)}")
        if client.is_proxy:
            offer.append(f"XCLIENT {' '.join(XCLIENT_ATTRIBUTES)}")
            offer.append(f"XFORWARD {' '.join(XFORWARD_ATTRIBUTES)}")
        return offer

    async def _helo(self, argument: str) -> Reply:
        self._begin(argument, extended=False)
        self._mail.offered = frozenset()
        if self._client.may_relay:
            await self._onward.open()
        return reply(250, self._config.hostname)

    def _begin(self, argument: str, *, extended: bool) -> None:
        if not argument or not argument.isprintable() or " " in argument:
            raise RefusedError(SYNTAX)
        self._mail.forget()
        self._onward.promised = frozenset()
        self._client.helo = argument
        self._client.extended = extended

    # TLS and identity

    async def _starttls(self, argument: str) -> Reply | None:
        if argument:
            raise RefusedError(SYNTAX)
        if self._about.tls is None:
            raise RefusedError(NO_TLS)
        if self._wire.tls is not None or self._mail.open:
            raise RefusedError(OUT_OF_ORDER)
        await self._say(START_TLS)
        try:
            contexts = self._about.tls.contexts
            await self._wire.start_tls(
                contexts.people if self.submits else contexts.servers,
                server_side=True,
                server_name=None,
                seconds=self._config.timeouts.tls,
            )
        except ssl.SSLError:
            raise WireClosedError("the TLS handshake failed") from None
        # All that was said before could have been said by anybody (RFC 3207 §4.2).
        self._client.helo = ""
        self._client.forwarded = {}
        self._mail.offered = frozenset()
        return None

    async def _auth(self, argument: str) -> Reply:
        client = self._client
        if self._wire.tls is None:
            raise RefusedError(submission.TLS_REQUIRED)
        if not client.helo or client.logged_in or self._mail.open:
            raise RefusedError(OUT_OF_ORDER)
        credentials = await submission.read_credentials(argument, self._ask)
        failed = self._about.failed_logins
        async with client.turn_to_log_in(failed):
            if client.may_guess_no_more(failed, credentials):
                return submission.TOO_MANY_WRONG
            answer = await submission.authenticate(await self._onward.open(), credentials)
            if answer.permanent and client.was_wrong(failed, credentials):
                _log.warning("too many wrong passwords from one address: it may try no more for some minutes")
        if answer.positive:
            client.logged_in = True
            self._onward.reopens = False
            failed.note_right(client.peer, credentials)
            return answer
        await self._onward.let_go()
        self._attempts += 1
        if self._attempts >= submission.MOST_ATTEMPTS:
            self._closing = True
        return answer

    async def _no_auth(self, _argument: str) -> Reply:
        raise RefusedError(NO_AUTH)

    async def _ask(self, challenge: str) -> str:
        await self._say(reply(334, challenge))
        try:
            self._wire.allow(self._patience())
            line = await self._wire.read_line(MAX_COMMAND)
        except (LineTooLongError, BrokenLineError):
            raise RefusedError(LINE_TOO_LONG) from None
        return line.decode("ascii", "replace")

    async def _xclient(self, argument: str) -> Reply | None:
        client = self._client
        if not client.is_proxy:
            raise RefusedError(RELAY_DENIED)
        if self._mail.open:
            raise RefusedError(OUT_OF_ORDER)
        attributes = read_xclient(argument)
        if "ADDR" in attributes:
            client.address = parse_address(attributes["ADDR"])
        if "LOGIN" in attributes:
            client.logged_in = bool(attributes["LOGIN"])
        client.helo = ""
        client.forwarded = {}
        self._mail.offered = frozenset()
        # XCLIENT_README: the session begins anew, with a greeting.
        await self._greet()
        return None

    async def _xforward(self, argument: str) -> Reply:
        if not self._client.is_proxy:
            raise RefusedError(RELAY_DENIED)
        if self._mail.open:
            raise RefusedError(OUT_OF_ORDER)
        self._client.forwarded |= read_xforward(argument)
        return OK

    # the rest

    async def _noop(self, argument: str) -> Reply:
        return OK

    async def _vrfy(self, argument: str) -> Reply:
        if not argument:
            raise RefusedError(SYNTAX)
        return NO_EXPANSION

    async def _quit(self, argument: str) -> Reply:
        self._closing = True
        return GOODBYE
