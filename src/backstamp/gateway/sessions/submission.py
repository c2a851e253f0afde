"""submission: AUTH for people's mail programs (RFC 6409, RFC 4954, RFC 4616).

We hold no passwords: what the client says is said to the upstream submission server, over verified TLS, on
the very connection that then carries the mail.  It is neither kept nor logged.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from backstamp.gateway.protocol.commands import RefusedError
from backstamp.gateway.protocol.reply import Reply, reply
from backstamp.gateway.relaying.next_hop import NextHopConnection

MECHANISMS: Final = ("PLAIN", "LOGIN")
MOST_ATTEMPTS: Final = 3
"""Failed attempts on one connection."""

NOT_BASE64: Final = reply(501, "5.5.2 That is not base64")
CANCELLED: Final = reply(501, "5.7.0 Authentication cancelled")
UNKNOWN_MECHANISM: Final = reply(504, "5.5.4 This mechanism is not offered")
NO_COMMON_MECHANISM: Final = reply(454, "4.7.0 The upstream server offers neither PLAIN nor LOGIN")
AUTH_REQUIRED: Final = reply(530, "5.7.0 Authentication required")
TLS_REQUIRED: Final = reply(530, "5.7.0 Must issue a STARTTLS command first")
TOO_MANY_WRONG: Final = reply(421, "4.7.0 Too many wrong passwords from your address, try again later")
NUL_INSIDE: Final = reply(501, "5.5.2 No user name or password has a NUL")

Ask = Callable[[str], Awaitable[str]]
"""Sends 334 with a challenge (base64 or empty), and returns the client's next line."""


class Credentials(msgspec.Struct, frozen=True):
    """Who a client says it is. Kept only until the upstream server has answered."""

    identity: bytes
    user: bytes
    password: bytes

    def __repr__(self) -> str:
        return "Credentials(...)"


async def read_credentials(argument: str, ask: Ask) -> Credentials:
    """Carry out the client's half of AUTH; `argument` stood behind the verb. Raises `RefusedError`."""
    mechanism, _, initial = argument.partition(" ")
    match mechanism.upper():
        case "PLAIN":
            return _plain(_decoded(initial.strip() or await ask("")))
        case "LOGIN":
            user = _decoded(initial.strip() or await ask("VXNlcm5hbWU6"))
            password = _decoded(await ask("UGFzc3dvcmQ6"))
            if b"\0" in user or b"\0" in password:
                # PLAIN, by which the upstream hears them, has NUL between its parts (RFC 4616 §2).
                raise RefusedError(NUL_INSIDE)
            return Credentials(b"", user, password)
    raise RefusedError(UNKNOWN_MECHANISM)


def _plain(message: bytes) -> Credentials:
    parts = message.split(b"\0")
    if len(parts) != 3:
        raise RefusedError(NOT_BASE64)
    return Credentials(*parts)


def _decoded(text: str) -> bytes:
    if text == "*":
        raise RefusedError(CANCELLED)
    if text == "=":
        return b""
    try:
        return b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise RefusedError(NOT_BASE64) from None


async def authenticate(upstream: NextHopConnection, credentials: Credentials) -> Reply:
    """Say the credentials to the upstream server and return its reply. Raises `UnreachableError`."""
    offered = upstream.capabilities.words("AUTH")
    if "PLAIN" in offered:
        message = b"\0".join((credentials.identity, credentials.user, credentials.password))
        return await upstream.command(f"AUTH PLAIN {b64encode(message).decode()}")
    if "LOGIN" in offered and not credentials.identity:
        answer = await upstream.command("AUTH LOGIN", asks=True)
        if answer.intermediate:
            answer = await upstream.command(b64encode(credentials.user).decode(), asks=True)
        if answer.intermediate:
            answer = await upstream.command(b64encode(credentials.password).decode())
        return answer
    return NO_COMMON_MECHANISM
