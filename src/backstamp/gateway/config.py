"""config: what the gateway is told, as plain values; checked before anything is opened."""

from pathlib import Path

import msgspec

from backstamp.gateway.access import Network
from backstamp.gateway.milter.config import MilterConfig
from backstamp.gateway.rewriter.config import RewritingLimits
from backstamp.gateway.rewriter.signatures import Trust
from backstamp.rewriting import Options
from backstamp.vocabulary import TlsMode, UpstreamTls


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


class ProtectionConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed for received mail: listeners like the gateway's, and who gets it after us.

    `threat_lists` is the file of the compiled lists, `threat_answers` that of their publishers' answers,
    `known_sites` that of sites which are not new here.
    `authserv_ids` are the names (lower case) under which our own MTA writes Authentication-Results, `trust`
    says whose signatures of messages count.
    """

    threat_lists: Path | None = None
    threat_answers: Path | None = None
    known_sites: Path | None = None
    listen: str = ""
    lmtp_listen: str = ""
    next_hop: str = ""
    milter: MilterConfig | None = None
    authserv_ids: tuple[str, ...] = ()
    trust: Trust = Trust()


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
    protection: ProtectionConfig = ProtectionConfig()
    rewriting: RewritingLimits = RewritingLimits()
    timeouts: Timeouts = Timeouts()
