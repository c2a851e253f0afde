"""message: what a milter is told of a message, and what it may answer."""

from typing import Protocol

import msgspec

from backstamp.gateway.protocol.reply import Reply
from backstamp.mail.patches import Patched


class MilterPath(msgspec.Struct, frozen=True):
    """A path of MAIL or RCPT without its angle brackets, and the ESMTP parameters as they were written."""

    path: str
    parameters: tuple[str, ...] = ()


class MilterEnvelope(msgspec.Struct, frozen=True, kw_only=True):
    """All that the MTA told of a message beside its content. What it did not tell is empty.

    `client_address` is an IP address, or the path of a Unix socket; `authenticated_user` is the SASL login
    name; `queue_id` is the MTA's; `trace_id` is ours. Octets that are not UTF-8 are surrogates.
    """

    client_address: str
    helo: str
    reverse_path: MilterPath
    recipients: tuple[MilterPath, ...]
    queue_id: str
    authenticated_user: str
    daemon_name: str
    trace_id: str


class Accept(msgspec.Struct, frozen=True):
    """The message goes on as it is."""


class Replace(msgspec.Struct, frozen=True):
    """The message goes on as `wanted`: header fields, an empty line, body, with CRLF."""

    wanted: Patched


class Refuse(msgspec.Struct, frozen=True):
    """The message is refused, for good (5yz) or for now (4yz)."""

    reply: Reply


MilterAnswer = Accept | Replace | Refuse


class Examiner(Protocol):
    """Whoever decides what becomes of a message."""

    async def __call__(self, envelope: MilterEnvelope, raw: bytes) -> MilterAnswer:
        """Return what becomes of `raw`, which has all the message's octets, with CRLF.

        Called at the end of each message, several at once. May raise: the listener's way of failure is
        followed then, as it is when the time is up and the call is cancelled.
        """
