"""listeners: where mail is taken, what is spoken there, and what kind of mail it is."""

from collections.abc import Iterator

import msgspec

from backstamp.gateway.config import GatewayConfig
from backstamp.gateway.sessions.client import Kind


class Listener(msgspec.Struct, frozen=True):
    """A listener: its setting, what that says, and what is spoken there.

    `receives`: mail that our own MTA has received. `implicit_tls`: TLS begins with the connection.
    """

    name: str
    text: str
    kind: Kind
    receives: bool = False
    implicit_tls: bool = False


def listeners(config: GatewayConfig) -> Iterator[Listener]:
    """Yield the listeners that are wanted."""
    wanted = [
        Listener("gateway.listen", config.listen, Kind.SMTP),
        Listener("gateway.lmtp_listen", config.lmtp_listen, Kind.LMTP),
    ]
    if config.submission is not None:
        submission = config.submission
        wanted += [
            Listener("submission.listen", submission.listen, Kind.SUBMISSION),
            Listener("submission.tls_listen", submission.tls_listen, Kind.SUBMISSION, implicit_tls=True),
        ]
    protection = config.protection
    wanted += [
        Listener("protection.listen", protection.listen, Kind.SMTP, receives=True),
        Listener("protection.lmtp_listen", protection.lmtp_listen, Kind.LMTP, receives=True),
    ]
    return (each for each in wanted if each.text)
