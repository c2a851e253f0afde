"""The one table of settings: name, kind, default, help, secret.

`backstamp.toml`, the environment variables, `backstamp settings` and docs/settings.md are made from
it.  A number's help says where the number comes from.
"""

from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from backstamp.app.settings import addresses, feed_lists, kinds
from backstamp.app.settings.kinds import Kind
from backstamp.vocabulary import (
    ConsentMode,
    DkimSigned,
    Feed,
    MilterFailure,
    ShownUrls,
    SuppressionAction,
    TlsMode,
    UpstreamTls,
    VisibleUrls,
)

T = TypeVar("T")


class LogLevel(StrEnum):
    """The least severity that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Setting(Generic[T]):
    """One row of the table. `name` is "section.key", or a key at the top."""

    def __init__(self, name: str, kind: Kind[T], default: Any, help: str, *, secret: bool = False) -> None:
        self.name = name
        self.kind = kind
        self.default: T = kind.parse(default)
        self.written_default = default
        self.help = help
        self.secret = secret

    @property
    def variable(self) -> str:
        """The environment variable that sets it; with "_FILE" behind it where it is secret, a file does."""
        return "BACKSTAMP_" + self.name.replace(".", "_").upper()


LOOPBACK: Final = ["127.0.0.0/8", "::1/128"]

DATA_DIR = Setting(
    "data_dir",
    kinds.PATH,
    "data",
    "The directory in which everything is kept. One instance of Backstamp each.",
)
LOG_LEVEL = Setting("log.level", kinds.one_of(LogLevel), "info", "Least severity that is logged.")

TRACKING_ENABLED = Setting(
    "tracking.enabled",
    kinds.BOOLEAN,
    True,
    "The one switch: false turns all tracking off, whatever else is set.",
)
TRACKING_URL = Setting(
    "tracking.url",
    addresses.WEB_ADDRESS,
    "http://localhost:8025",
    "The address at which recipients reach the edge: in production https and a host name of its own, never the console's. Unset, it has the port of edge.listen.",
)
TRACKING_OPENS = Setting(
    "tracking.opens", kinds.BOOLEAN, True, "Add the pixel to mail that comes through the gateway."
)
TRACKING_LINKS = Setting(
    "tracking.links", kinds.BOOLEAN, True, "Rewrite links in mail that comes through the gateway."
)
TRACKING_ANONYMOUS = Setting(
    "tracking.anonymous",
    kinds.BOOLEAN,
    False,
    "Name no recipient in any pixel or link: totals only, nobody can be singled out.",
)
TRACKING_EXCLUDED_HOSTS = Setting(
    "tracking.excluded_hosts",
    kinds.WORDS,
    [],
    "Hosts whose links are never rewritten, subdomains included.",
)

CONSENT_MODE = Setting(
    "consent.mode",
    kinds.one_of(ConsentMode),
    "required",
    'What it means if nothing is on record of a recipient: "required": do not track (CNIL 2026-042, Garante 284); "objection": track.',
)
SUPPRESSION_ACTION = Setting(
    "suppression.action",
    kinds.one_of(SuppressionAction),
    "refuse",
    'What happens to mail to an address on the suppression list: "refuse" it with 550, or accept and "drop" it.',
)
UNSUBSCRIBE_ADD = Setting(
    "unsubscribe.add",
    kinds.BOOLEAN,
    False,
    "Add List-Unsubscribe with one click (RFC 8058) to mail that comes through the gateway without one; a sender domain can decide otherwise.",
)
PRIVACY_CONTACT = Setting(
    "privacy.contact",
    addresses.MAIL_ADDRESS,
    "",
    "Whom recipients can ask about their data: shown on their page, and the sender of records mailed to them.",
)
PRIVACY_KEEP_ADDRESSES = Setting(
    "privacy.keep_addresses",
    kinds.BOOLEAN,
    False,
    "Keep the network address of every hit. false: only the class of its network.",
)
PRIVACY_RETENTION_DAYS = Setting(
    "privacy.retention_days", kinds.number(1, 3650), 90, "Days after which messages and events are deleted."
)

GATEWAY_LISTEN = Setting(
    "gateway.listen", addresses.LISTEN, "127.0.0.1:2525", "Where the gateway takes mail by SMTP."
)
GATEWAY_LMTP_LISTEN = Setting(
    "gateway.lmtp_listen", addresses.LISTEN, "", "Where the gateway takes mail by LMTP."
)
GATEWAY_HOSTNAME = Setting(
    "gateway.hostname", kinds.TEXT, "", "Our name in greetings and Received fields. Empty: the machine's own."
)
GATEWAY_TRUSTED_NETWORKS = Setting(
    "gateway.trusted_networks",
    kinds.NETWORKS,
    LOOPBACK,
    "Clients in these networks may send through us. A whole address family is refused.",
)
GATEWAY_XCLIENT_NETWORKS = Setting(
    "gateway.xclient_networks",
    kinds.NETWORKS,
    LOOPBACK,
    "Clients in these networks may use XCLIENT and XFORWARD.",
)
GATEWAY_TLS_CERTIFICATE = Setting(
    "gateway.tls_certificate", kinds.OPTIONAL_PATH, "", "PEM chain for STARTTLS and the submission listeners."
)
GATEWAY_TLS_KEY = Setting(
    "gateway.tls_key", kinds.OPTIONAL_PATH, "", "PEM private key of gateway.tls_certificate."
)
GATEWAY_CLIENT_CA = Setting(
    "gateway.client_ca",
    kinds.OPTIONAL_PATH,
    "",
    "Clients with a TLS certificate of this CA may send through us. Submission listeners ask for none.",
)
GATEWAY_NEXT_HOP = Setting(
    "gateway.next_hop",
    addresses.NEXT_HOP,
    "",
    "The server that gets the mail after us. Empty: the built-in test mailbox, and nobody else.",
)
GATEWAY_NEXT_HOP_TLS = Setting(
    "gateway.next_hop_tls",
    kinds.one_of(TlsMode),
    "opportunistic",
    'TLS to the next hop: "required" verifies the certificate, "opportunistic" encrypts if it can.',
)
GATEWAY_NEXT_HOP_CA = Setting(
    "gateway.next_hop_ca",
    kinds.OPTIONAL_PATH,
    "",
    "PEM certificates to verify the next hop with. Empty: the system's.",
)
GATEWAY_MAX_SIZE = Setting(
    "gateway.max_size",
    kinds.BYTES,
    "50 MB",
    "Largest message accepted; Postfix's own default is 10 MB, large providers take 25 to 150 MB.",
)
GATEWAY_MAX_CONNECTIONS = Setting(
    "gateway.max_connections",
    kinds.number(1, 10_000),
    200,
    "SMTP and LMTP connections at once, and as many again for submission; Postfix's smtpd has 100 by default.",
)

SUBMISSION_LISTEN = Setting(
    "submission.listen",
    addresses.LISTEN,
    "",
    "Where people's mail programs submit mail with STARTTLS (port 587).",
)
SUBMISSION_TLS_LISTEN = Setting(
    "submission.tls_listen",
    addresses.LISTEN,
    "",
    "Where people's mail programs submit mail over TLS (port 465).",
)
SUBMISSION_UPSTREAM = Setting(
    "submission.upstream",
    addresses.LISTEN,
    "",
    "The submission server that checks passwords and gets the mail, HOST:PORT.",
)
SUBMISSION_UPSTREAM_TLS = Setting(
    "submission.upstream_tls",
    kinds.one_of(UpstreamTls),
    "starttls",
    'How TLS begins at the upstream: "starttls" or "tls". Always verified.',
)
SUBMISSION_UPSTREAM_CA = Setting(
    "submission.upstream_ca",
    kinds.OPTIONAL_PATH,
    "",
    "PEM certificates to verify the upstream with. Empty: the system's.",
)
SUBMISSION_OPENS = Setting(
    "submission.opens", kinds.BOOLEAN, True, "Add the pixel to mail that people submit."
)
SUBMISSION_LINKS = Setting(
    "submission.links", kinds.BOOLEAN, False, "Rewrite links in mail that people submit."
)

SUBMISSION_UNSUBSCRIBE = Setting(
    "submission.unsubscribe",
    kinds.BOOLEAN,
    False,
    "Add List-Unsubscribe to mail that people submit, too.",
)

PROTECTION_LISTEN = Setting(
    "protection.listen",
    addresses.LISTEN,
    "",
    "Where your own MTA hands over received mail by SMTP, to have its links guarded (docs/protect-postfix.md).",
)
PROTECTION_LMTP_LISTEN = Setting(
    "protection.lmtp_listen", addresses.LISTEN, "", "The same by LMTP, which has a reply for each recipient."
)
PROTECTION_NEXT_HOP = Setting(
    "protection.next_hop",
    addresses.NEXT_HOP,
    "",
    "Where received mail goes after that: a listener of the same MTA, without a filter.",
)
PROTECTION_MILTER_LISTEN = Setting(
    "protection.milter_listen",
    addresses.LISTEN_OR_SOCKET_OR_OFF,
    "",
    "Where the MTA connects as to a milter; a relative path is in data_dir. A socket is quicker than a port.",
)
PROTECTION_MILTER_GROUP = Setting(
    "protection.milter_group", kinds.TEXT, "", "The group that may use the milter's socket: that of the MTA."
)
PROTECTION_MILTER_FAILURE = Setting(
    "protection.milter_failure",
    kinds.one_of(MilterFailure),
    "accept",
    'What happens to mail that could not be examined because of a fault: "accept" it unguarded, or "tempfail". Set milter_default_action alike.',
)
PROTECTION_AUTHSERV_IDS = Setting(
    "protection.authserv_ids",
    kinds.WORDS,
    [],
    "Names under which your MTA writes Authentication-Results (and removes strangers' fields): senders that it vouches for can be trusted.",
)

PROTECTION_SMIME_CA = Setting(
    "protection.smime_ca",
    kinds.OPTIONAL_PATH,
    "",
    "PEM certificates of authorities whose S/MIME signatures count: such mail stays as it is. Empty: none; signed mail is treated by on_unprotected.",
)
PROTECTION_PGP_KEYRING = Setting(
    "protection.pgp_keyring",
    kinds.OPTIONAL_PATH,
    "",
    "Keys (gpg --export) whose OpenPGP signatures count. Empty: none; signed mail is treated by on_unprotected.",
)

PROTECTION_SHOWN_URLS = Setting(
    "protection.shown_urls",
    kinds.one_of(ShownUrls),
    "keep",
    "Words of protected links in HTML that are a web address. Thunderbird offers to open them instead of the link; without_scheme writes example.com/a for https://example.com/a, and Thunderbird does not ask.",
)

REWRITING_VISIBLE_URLS = Setting(
    "rewriting.visible_urls",
    kinds.one_of(VisibleUrls),
    "aligned",
    "Links of sent HTML mail whose words are a web address: mail programs warn if the words show another domain than the link. aligned rewrites them if the tracking host belongs to the shown domain.",
)
REWRITING_DKIM_SIGNED = Setting(
    "rewriting.dkim_signed",
    kinds.one_of(DkimSigned),
    "rewrite",
    "Sent mail that is DKIM-signed already; rewriting breaks the signature. Sign behind Backstamp, or set keep.",
)
REWRITING_READABLE_TEXT = Setting(
    "rewriting.readable_text",
    kinds.BOOLEAN,
    False,
    "In plain text of sent mail, write the true host in brackets behind each new link.",
)
REWRITING_WORKERS = Setting(
    "rewriting.workers",
    kinds.number(1, 64),
    2,
    "Processes that rewrite mail. Half as many more, at least one, are there for mail that takes long.",
)
REWRITING_CPU_SECONDS = Setting(
    "rewriting.cpu_seconds",
    kinds.number(1, 300),
    10,
    "Longest time for one message; a newsletter takes about a millisecond, 204 KB of hostile HTML took 8.8 s.",
)
REWRITING_MEMORY = Setting(
    "rewriting.memory_bytes",
    kinds.BYTES,
    "1 GiB",
    "Most memory of one rewriting process; it has to hold the message several times.",
)

EDGE_LISTEN = Setting(
    "edge.listen", addresses.LISTEN, "127.0.0.1:8025", "Where the public edge answers pixels and links."
)
EDGE_WORKERS = Setting(
    "edge.workers", kinds.number(1, 64), 1, "Edge processes; one per core that is free for it."
)
EDGE_TRUSTED_PROXIES = Setting(
    "edge.trusted_proxies",
    kinds.NETWORKS,
    [],
    "Your proxies, whose X-Forwarded-For is believed, counted from the right.",
)
EDGE_TLS_CERTIFICATE = Setting(
    "edge.tls_certificate", kinds.OPTIONAL_PATH, "", "PEM chain, if the edge speaks TLS itself."
)
EDGE_TLS_KEY = Setting("edge.tls_key", kinds.OPTIONAL_PATH, "", "PEM private key of edge.tls_certificate.")

CONSOLE_LISTEN = Setting(
    "console.listen", addresses.LISTEN, "127.0.0.1:8026", "Where the private console answers."
)
CONSOLE_URL = Setting(
    "console.url",
    addresses.WEB_ADDRESS,
    "http://127.0.0.1:8026",
    "The address at which administrators reach the console; other host names are refused. Unset, it has the port of console.listen.",
)

SIGNATURES_UPDATE = Setting(
    "signatures.update",
    kinds.BOOLEAN,
    True,
    "Let the worker fetch newer lists of networks once a day (Apple, Google, Microsoft, Telegram).",
)

FEEDS_ENABLED = Setting(
    "feeds.enabled",
    kinds.some_of(Feed),
    [],
    "Lists of dangerous URLs in use. Each has terms of its own, and most need a key: docs/feeds.md.",
)
FEEDS_LISTS = Setting(
    "feeds.lists",
    feed_lists.OWN_LISTS,
    [],
    "Further lists of hosts and URLs, by URL or file. A file is your own, and believed as it is. MISP feeds: misp+https://.",
)
FEEDS_MINUTES = Setting(
    "feeds.minutes",
    kinds.number(0, 10_080),
    0,
    "Minutes between two looks at a list; 0: as each publisher wants. abuse.ch forbids less than 5.",
)
FEEDS_MIRRORS = Setting(
    "feeds.mirrors", feed_lists.MIRRORS, [], "Other addresses for feeds, for machines without internet."
)
FEEDS_URLHAUS_KEY = Setting("feeds.urlhaus_key", kinds.TEXT, "", "The Auth-Key of abuse.ch.", secret=True)
FEEDS_SAFE_BROWSING_KEY = Setting(
    "feeds.safe_browsing_key", kinds.TEXT, "", "An API key for Google Safe Browsing.", secret=True
)
FEEDS_WEB_RISK_KEY = Setting(
    "feeds.web_risk_key", kinds.TEXT, "", "An API key for Google Web Risk.", secret=True
)
FEEDS_WEB_RISK_QUESTIONS = Setting(
    "feeds.web_risk_questions",
    kinds.number(1, 1_000_000),
    500,
    "Most questions to Web Risk per day (UTC); each cost 5 US cents in 2026. What is not asked stays unconfirmed.",
)
FEEDS_SPAMHAUS_KEY = Setting(
    "feeds.spamhaus_key",
    kinds.TEXT,
    "",
    "A key of Spamhaus' Data Query Service. Empty: their public zone, which refuses open resolvers.",
    secret=True,
)
FEEDS_RESOLVER = Setting(
    "feeds.resolver",
    addresses.LISTEN,
    "",
    "The DNS resolver for spamhaus-dbl and surbl, HOST:PORT with an address. Empty: the system's.",
)

OPERATIONS_LISTEN = Setting(
    "operations.listen",
    addresses.LISTEN,
    "",
    "Where the worker answers /metrics (Prometheus) and /ask (Caddy). There is no password: keep it private.",
)

JOURNAL_SYNC = Setting(
    "journal.sync",
    kinds.SYNC,
    20,
    "When records are written to disk: a power cut may cost the last milliseconds given here.",
)
JOURNAL_SEGMENT_BYTES = Setting(
    "journal.segment_bytes", kinds.BYTES, "64 MiB", "A journal file is closed at this size."
)
DATABASE_URL = Setting(
    "database.url",
    kinds.DATABASE,
    "",
    "Empty: SQLite in data_dir. PostgreSQL needs a driver (docs/database.md).",
    secret=True,
)
CAPTURE_LISTEN = Setting(
    "capture.listen",
    addresses.LISTEN_OR_SOCKET,
    "unix:capture.sock",
    "Where the test mailbox takes mail (LMTP); a relative path is in data_dir.",
)
CAPTURE_MAX_BYTES = Setting(
    "capture.max_bytes", kinds.BYTES, "100 MB", "Size of the test mailbox; the oldest mail is deleted first."
)


REPORTS_LISTEN = Setting(
    "reports.listen",
    addresses.LISTEN_OR_SOCKET_OR_OFF,
    "",
    "Where the report mailbox takes bounces, receipts, complaints and replies (SMTP or LMTP); a relative path is in data_dir.",
)
REPORTS_DOMAIN = Setting(
    "reports.domain",
    addresses.MAIL_DOMAIN,
    "",
    "The domain of our reverse paths, whose mail your server hands to the report mailbox.",
)
REPORTS_RETURN_PATH_DOMAINS = Setting(
    "reports.return_path_domains",
    kinds.WORDS,
    [],
    "Your domains whose reverse paths are replaced by one per copy at reports.domain (VERP).",
)
REPORTS_FORWARD = Setting(
    "reports.forward",
    kinds.BOOLEAN,
    True,
    "Pass a report at such a reverse path on to the original one.",
)
REPORTS_IMAP = Setting(
    "reports.imap",
    addresses.IMAP,
    "",
    "A mailbox that is searched for reports: imaps://USER@HOST:PORT/FOLDER. Mail that was read is marked as seen.",
)
REPORTS_IMAP_PASSWORD = Setting(
    "reports.imap_password", kinds.TEXT, "", "The password of reports.imap.", secret=True
)
REPORTS_IMAP_SECONDS = Setting(
    "reports.imap_seconds", kinds.number(10, 86_400), 60, "How often reports.imap is searched."
)
REPORTS_IMAP_CA = Setting(
    "reports.imap_ca",
    kinds.OPTIONAL_PATH,
    "",
    "PEM certificates to verify the IMAP server with. Empty: the system's.",
)


def table() -> tuple[Setting[Any], ...]:
    """Return all settings in the order of this file."""
    return tuple(value for value in globals().values() if isinstance(value, Setting))
