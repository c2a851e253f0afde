"""session_commands: the greeting, and all commands but those of mail: EHLO, STARTTLS, AUTH, XCLIENT ...

The next hop is connected to before the greeting where the client may relay, so that its refusal to talk
is the client's greeting too; else once the client has shown who it is.
"""

import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import Final

from backstamp.gateway.access import parse_address
from backstamp.gateway.protocol.commands import SYNTAX, RefusedError
from backstamp.gateway.protocol.reply import Reply, reply
from backstamp.gateway.protocol.wire import Wire, WireClosedError
from backstamp.gateway.relaying.capabilities import HANDED_ON, NAMED_IN_COMMANDS, Capabilities
from backstamp.gateway.relaying.next_hop import SERVICE_ENDS, RefusedSessionError, UnreachableError
from backstamp.gateway.relaying.onward import XFORWARD_ATTRIBUTES, Onward
from backstamp.gateway.sessions import submission
from backstamp.gateway.sessions.client import Client, Kind
from backstamp.gateway.sessions.mail_commands import OK, OUT_OF_ORDER, RELAY_DENIED, Action, MailCommands
from backstamp.gateway.sessions.surroundings import Surroundings
from backstamp.gateway.sessions.xclient import XCLIENT_ATTRIBUTES, read_xclient, read_xforward

_log = logging.getLogger("backstamp.gateway")

NO_EXPANSION: Final = reply(252, "2.0.0 Send some mail, and see")
GOODBYE: Final = reply(221, "2.0.0 Goodbye")
START_TLS: Final = reply(220, "2.0.0 Ready to start TLS")
NO_TLS: Final = reply(502, "5.5.1 This port has no certificate, so no TLS")
NO_AUTH: Final = reply(502, "5.5.1 Nobody signs in on this port")


class SessionCommands:
    """All commands of one session that no mail transaction is made of."""

    def __init__(
        self,
        wire: Wire,
        client: Client,
        onward: Onward,
        mail: MailCommands,
        about: Surroundings,
        *,
        ask: Callable[[str], Awaitable[str]],
    ) -> None:
        """`ask` says a challenge (RFC 4954 §4) and returns what the client answers."""
        self._wire = wire
        self._client = client
        self._onward = onward
        self._mail = mail
        self._about = about
        self._config = about.config
        self._ask = ask
        self._attempts = 0
        self.ended = False
        """Whether nothing follows the reply: the client takes leave, or is served no longer."""

    @property
    def actions(self) -> dict[str, Action]:
        """The commands by their verbs."""
        kind = self._client.kind
        actions: dict[str, Action] = {
            "LHLO" if kind is Kind.LMTP else "EHLO": self._ehlo,
            "STARTTLS": self._starttls,
            "AUTH": self._auth if kind is Kind.SUBMISSION else self._no_auth,
            "XCLIENT": self._xclient,
            "XFORWARD": self._xforward,
            "NOOP": self._noop,
            "VRFY": self._vrfy,
            "QUIT": self._quit,
        }
        if kind is not Kind.LMTP:
            actions["HELO"] = self._helo
        return actions

    async def greet(self) -> Reply:
        """Return the greeting, that of the next hop where it will not talk to us."""
        if self._client.may_relay:
            try:
                await self._onward.open()
            except UnreachableError as error:
                # RFC 5321 §4.2: of all transient replies only 421 can be a greeting.
                return Reply(SERVICE_ENDS, error.reply.lines)
            except RefusedSessionError as error:
                # A refusal of EHLO is kept for the client's own EHLO, where it is met again.
                if error.at_greeting:
                    self.ended = True
                    return error.reply
        protocol = "LMTP" if self._client.kind is Kind.LMTP else "ESMTP"
        return reply(220, f"{self._config.hostname} {protocol} Backstamp")

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
        await self._wire.send(START_TLS.encode(), self._config.timeouts.idle)
        try:
            contexts = self._about.tls.contexts
            await self._wire.start_tls(
                contexts.people if self._client.kind is Kind.SUBMISSION else contexts.servers,
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
            self.ended = True
        return answer

    async def _no_auth(self, _argument: str) -> Reply:
        raise RefusedError(NO_AUTH)

    async def _xclient(self, argument: str) -> Reply:
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
        return await self.greet()

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
        self.ended = True
        return GOODBYE
