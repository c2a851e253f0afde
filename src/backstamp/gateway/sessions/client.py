"""client: who is connected, on whose behalf, and what that allows."""

from contextlib import AbstractAsyncContextManager, nullcontext
from enum import StrEnum

from backstamp.gateway.access import Address, Party, contains, parse_address, party_of
from backstamp.gateway.config import GatewayConfig
from backstamp.gateway.protocol.wire import Wire
from backstamp.gateway.sessions.failed_logins import FailedLogins
from backstamp.gateway.sessions.submission import Credentials
from backstamp.gateway.sessions.xclient import LONGEST
from backstamp.gateway.trace import Hop
from backstamp.vocabulary import Origin


class Kind(StrEnum):
    """What a listener speaks."""

    SMTP = "smtp"
    LMTP = "lmtp"
    SUBMISSION = "submission"


def is_of_ours(config: GatewayConfig, address: Address | None) -> bool:
    """Whether an address is of a network of our own.

    There many may come by one address: that of a proxy, or of a webmail's server.
    """
    return contains((*config.trusted_networks, *config.xclient_networks), address)


class Client:
    """A client's identity, which XCLIENT may change and which grows with TLS and AUTH."""

    def __init__(self, wire: Wire, kind: Kind, config: GatewayConfig, *, receives: bool) -> None:
        """Look at who is connected; `receives`: to a listener for received mail."""
        self._wire = wire
        self._config = config
        self.kind = kind
        self.receives = receives
        self.peer = parse_address(wire.peer_address)
        """Who is really connected; nothing changes it."""
        self.address: Address | None = self.peer
        self.is_proxy = kind is not Kind.SUBMISSION and contains(config.xclient_networks, self.peer)
        """Whether it may speak for others by XCLIENT and XFORWARD."""
        self.logged_in = False
        self.helo = ""
        self.extended = False
        self.forwarded: dict[str, str] = {}
        """What XFORWARD told of the original client of the transaction at hand, or of the next one."""

    @property
    def may_relay(self) -> bool:
        """Whether mail is taken from it at all."""
        if self.logged_in or self.kind is Kind.SUBMISSION:
            return self.logged_in
        return contains(self._config.trusted_networks, self.address) or self._shows_certificate

    @property
    def _shows_certificate(self) -> bool:
        tls = self._wire.tls
        # One that does not verify never gets this far: its handshake fails.
        return self._config.client_ca is not None and tls is not None and bool(tls.getpeercert())

    @property
    def is_from_ours(self) -> bool:
        """Whether it connects from a network of our own."""
        return is_of_ours(self._config, self.peer)

    def may_guess_no_more(self, failed: FailedLogins, credentials: Credentials) -> bool:
        """Whether too many passwords from its address were wrong, and these were not right before."""
        return not self.is_from_ours and failed.too_many(self.peer, credentials)

    def turn_to_log_in(self, failed: FailedLogins) -> AbstractAsyncContextManager[None]:
        """Return what is held while a password is tried."""
        return nullcontext() if self.is_from_ours else failed.turn(self.peer)

    def was_wrong(self, failed: FailedLogins, credentials: Credentials) -> bool:
        """Note a wrong password; return whether it was the last that may be tried for now."""
        return not self.is_from_ours and failed.note(self.peer, credentials)

    @property
    def is_local(self) -> bool:
        """Whether the sender is one of ours, so that a report to the reverse path reaches no stranger."""
        if self.logged_in:
            return True
        if self.forwarded.get("SOURCE", "").upper() == "REMOTE":
            return False
        return contains(self._config.trusted_networks, self._original)

    @property
    def party(self) -> Party:
        """Whose mail it hands over, as far as addresses tell."""
        return party_of(self._original)

    @property
    def _original(self) -> Address | None:
        """The address of the client that its mail came from first, where it told."""
        told = self.forwarded.get("ADDR", "")
        return parse_address(told) if told else self.address

    @property
    def retry_name(self) -> str:
        """The name under which its retries are recognised: its address, where that is not a person's.

        And the way: one MTA may send a mail through us, and hand the very same over when it has received it.
        """
        address = "" if self.kind is Kind.SUBMISSION or self.address is None else str(self.address)
        return f"{self.origin.value} {address}"

    @property
    def origin(self) -> Origin:
        """The way by which its mail comes."""
        if self.receives:
            return Origin.FILTER
        return Origin.SUBMISSION if self.kind is Kind.SUBMISSION else Origin.GATEWAY

    @property
    def for_next_hop(self) -> tuple[tuple[str, str], ...]:
        """The XFORWARD attributes for the next hop: what we were told, or what we see."""
        if self.kind is Kind.SUBMISSION:
            return ()
        helo = self.helo if len(self.helo) <= LONGEST else ""
        address = "" if self.address is None else str(self.address)
        seen = {"ADDR": address, "HELO": helo, "PROTO": self._protocol}
        told = self.forwarded or seen
        if "ADDR" in told:
            # Postfix refuses an IPv6 address that is not said to be one, and all that stands behind it.
            told = told | {"ADDR": _forwarded_address(parse_address(told["ADDR"]))}
        return tuple((name, value or "[UNAVAILABLE]") for name, value in told.items())

    @property
    def _protocol(self) -> str:
        if self.kind is Kind.LMTP:
            return "LMTP"
        return "ESMTP" if self.extended else "SMTP"

    def hop(self, *, utf8: bool) -> Hop:
        """Return what the Received field says of this session.

        The address of a person's mail program is left out: it tells where they are, and helps nobody.
        """
        person = self.kind is Kind.SUBMISSION
        return Hop(
            helo=self.helo,
            address="" if person or self.address is None else str(self.address),
            hostname=self._config.hostname,
            lmtp=self.kind is Kind.LMTP,
            extended=self.extended,
            tls=self._wire.tls is not None,
            authenticated=self.logged_in,
            utf8=utf8,
        )


def _forwarded_address(address: Address | None) -> str:
    if address is None:
        return ""
    return f"IPv6:{address}" if address.version == 6 else str(address)
