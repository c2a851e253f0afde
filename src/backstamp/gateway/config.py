"""config: what the gateway is told, as plain values; checked before anything is opened."""

import re
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Final

import msgspec

from backstamp.gateway.errors import ConfigError
from backstamp.rewriting import Options
from backstamp.vocabulary import TlsMode, UpstreamTls

Network = IPv4Network | IPv6Network
PORTS: Final = {"smtp": 25, "smtps": 465, "lmtp": 24}


class NextHopAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail goes: a host and port, or the path of a Unix socket."""

    lmtp: bool = False
    host: str = ""
    port: int = 0
    path: str = ""
    implicit_tls: bool = False

    def __str__(self) -> str:
        if self.path:
            return f"lmtp+unix:{self.path}"
        scheme = "lmtp" if self.lmtp else "smtps" if self.implicit_tls else "smtp"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. RFC 5321 §4.5.3.2 gives all but `connect` (Postfix's `smtp_connect_timeout`) and `tls`.

    `idle` is how long a client may say nothing.
    """

    connect: float = 30
    tls: float = 60
    greeting: float = 300
    command: float = 300
    data: float = 120
    data_block: float = 180
    end_of_data: float = 600
    idle: float = 300


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """The listeners for people's mail programs, and the server that checks the passwords."""

    upstream: str
    listen: str = ""
    tls_listen: str = ""
    upstream_tls: UpstreamTls = UpstreamTls.STARTTLS
    upstream_ca: Path | None = None


class RewritingLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The worker processes: how many, and what each may use for one message."""

    workers: int = 2
    cpu_seconds: int = 10
    memory_bytes: int = 1 << 30


class GatewayConfig(msgspec.Struct, frozen=True, kw_only=True):
    """All that the gateway needs to know. Addresses to listen on are "HOST:PORT", or empty for off.

    `next_hop` is smtp://HOST:PORT, smtps://HOST:PORT, lmtp://HOST:PORT or lmtp+unix:/PATH, `max_size` in
    octets; `outcomes` is the file of what was accepted for messages that are not wholly delivered yet.
    Reverse paths at `return_path_domains` are replaced by ones at `report_domain`, the report mailbox's.
    """

    hostname: str
    next_hop: str
    outcomes: Path
    listen: str = ""
    lmtp_listen: str = ""
    trusted_networks: tuple[Network, ...] = ()
    xclient_networks: tuple[Network, ...] = ()
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None
    next_hop_tls: TlsMode = TlsMode.OPPORTUNISTIC
    next_hop_ca: Path | None = None
    max_size: int = 50_000_000
    max_connections: int = 200
    rewriting_options: Options = Options()
    report_domain: str = ""
    return_path_domains: tuple[str, ...] = ()
    submission: Submission | None = None
    rewriting: RewritingLimits = RewritingLimits()
    timeouts: Timeouts = Timeouts()


def parse_listen(name: str, text: str) -> tuple[str, int]:
    """Return host and port of "HOST:PORT" or "[IPv6]:PORT". Raises `ConfigError`."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]\s]+)):([0-9]{1,5})", text)
    if match is None or int(match[3]) > 65535:
        raise ConfigError(f"{name} is {text!r}; write HOST:PORT")
    return match[1] or match[2], int(match[3])


def parse_next_hop(text: str) -> NextHopAddress:
    """Return the address that `text` names. Raises `ConfigError`."""
    if text.startswith("lmtp+unix:/"):
        return NextHopAddress(lmtp=True, path=text.removeprefix("lmtp+unix:"))
    match = re.fullmatch(
        r"(smtps?|lmtp)://(?:\[([0-9A-Fa-f:.]+)\]|([^:/\[\]\s@]+))(?::([0-9]{1,5}))?/?", text
    )
    if match is None or int(match[4] or 0) > 65535:
        raise ConfigError(
            f"gateway.next_hop is {text!r}; "
            "write smtp://HOST:PORT, smtps://HOST:PORT, lmtp://HOST:PORT or lmtp+unix:/PATH"
        )
    return NextHopAddress(
        lmtp=match[1] == "lmtp",
        host=match[2] or match[3],
        port=int(match[4]) if match[4] else PORTS[match[1]],
        implicit_tls=match[1] == "smtps",
    )
