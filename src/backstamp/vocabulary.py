"""The words that all rooms share: closed enums, and the records of the journal.

Nothing here does anything.  A word is added here once, and is then the same in
the code, the database, the console, the command line and the documents.
"""

from enum import StrEnum
from typing import Final, Literal

import msgspec

type_tag: Final = "is"
"""Field of an encoded record that names its type."""


class Direction(StrEnum):
    """Which way a message goes, seen from the people who run this server."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class EventType(StrEnum):
    """What happened to a message."""

    QUEUED = "queued"
    SENT = "sent"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    AUTORESPONDED = "autoresponded"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    OPENED = "opened"
    CLICKED = "clicked"
    DISPLAYED = "displayed"
    REPLIED = "replied"
    BLOCKED = "blocked"
    WARNED = "warned"
    CLICKED_THROUGH = "clicked_through"
    ALLOWED = "allowed"
    UNKNOWN = "unknown"


class Actor(StrEnum):
    """Who or what caused an event."""

    HUMAN = "human"
    PROXIED_HUMAN = "proxied_human"
    PREFETCH = "prefetch"
    SCANNER = "scanner"
    PREVIEW_BOT = "preview_bot"
    SELF = "self"
    UNKNOWN = "unknown"


PEOPLE: Final = frozenset({Actor.HUMAN, Actor.PROXIED_HUMAN})
"""The actors that count as a person having acted."""


class HitKind(StrEnum):
    """What was asked of the edge."""

    PIXEL = "pixel"
    REDIRECT = "redirect"


class ClickAction(StrEnum):
    """What was decided about a link that was asked for.

    `check`: the bare prefix of a hash names it, and the reader is asked to wait a moment. `go_on`: the reader
    was warned, and went on.
    """

    ALLOW = "allow"
    WARN = "warn"
    BLOCK = "block"
    CHECK = "check"
    GO_ON = "go_on"


class ThreatType(StrEnum):
    """What is wrong with a link.

    Safe Browsing says `social_engineering` for phishing and `potentially_harmful_application` for unwanted
    software. `forbidden`: on an administrator's own list. `suspicious`: no list names it, but its looks do
    (`threats.heuristics`).
    """

    MALWARE = "malware"
    PHISHING = "phishing"
    UNWANTED_SOFTWARE = "unwanted_software"
    SPAM = "spam"
    FORBIDDEN = "forbidden"
    SUSPICIOUS = "suspicious"


class Feed(StrEnum):
    """A provider's list of dangerous URLs, by the name under which it is switched on."""

    URLHAUS = "urlhaus"
    OPENPHISH = "openphish"
    SAFE_BROWSING = "safe-browsing"
    WEB_RISK = "web-risk"
    SPAMHAUS_DBL = "spamhaus-dbl"
    SURBL = "surbl"


class AlertRule(StrEnum):
    """What administrators are alerted to (docs/alerts.md).

    The two with `before` are looked back for: what people received, or clicked, before it was listed.
    """

    KNOWN_BAD_CLICK = "known_bad_click"
    CLICKED_THROUGH = "clicked_through"
    NEW_HOST = "new_host"
    REPORTED_MISTAKE = "reported_mistake"
    REPORTED_PHISHING = "reported_phishing"
    RECEIVED_BEFORE = "received_before_listed"
    CLICKED_BEFORE = "clicked_before_listed"
    KNOWN_BAD_ARRIVED = "known_bad_arrived"
    UNPROTECTED_MAIL = "unprotected_mail"


class ChannelKind(StrEnum):
    """The way by which an alert reaches an administrator."""

    MAIL = "mail"
    WEBHOOK = "webhook"
    SLACK = "slack"


class Origin(StrEnum):
    """The way by which a message came to be tracked, or protected."""

    GATEWAY = "gateway"
    SUBMISSION = "submission"
    MANUAL = "manual"
    FILTER = "filter"
    MILTER = "milter"


class TlsMode(StrEnum):
    """TLS to the next hop: never, if it can be had (nobody is verified), or verified or not at all."""

    NONE = "none"
    OPPORTUNISTIC = "opportunistic"
    REQUIRED = "required"


class UpstreamTls(StrEnum):
    """How TLS begins with the upstream submission server; plain text is not offered."""

    STARTTLS = "starttls"
    TLS = "tls"


MALFORMED: Final = "malformed_token"
"""Stands among a hit's header fields, with what followed the token, where the path was a token of ours with a
piece of markup behind it. No field of HTTP has this name here: the edge keeps only those that it knows."""


class Hit(msgspec.Struct, frozen=True, tag_field=type_tag, tag="hit", omit_defaults=True, gc=False):
    """One HTTP request to the edge, as it was seen; what it means is the verdict's business.

    `at_us` is the time of arrival, microseconds since 1970 UTC.  `headers` holds only the fields that the
    verdict reads (`edge.recording.kept_headers`), names in lower case with `_` for `-`, values cut to 512
    characters, and perhaps `MALFORMED`.  `network` is a coarse class made from the address while it was in
    hand (`verdicts.networks`), `source` a pseudonym of the address under a key that is destroyed after 48
    hours (docs/privacy.md).  `address` is there only where the policy keeps addresses.  `action` is None
    where nothing had to be decided: the link led on. `threat`, `threat_reason` and `threat_source` say what
    spoke against it (`threats.Finding`).

    The fields stand in the order of `journal.PackedHit`.
    """

    at_us: int
    kind: HitKind
    domain_id: int
    tracking_id: int
    method: str = "GET"
    recipient_key: bytes = b""
    recipient_index: int | None = None
    link_number: int | None = None
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    network: str = ""
    source: bytes = b""
    address: str | None = None
    action: ClickAction | None = None
    threat: ThreatType | None = None
    threat_reason: str = ""
    threat_source: str = ""


class QueuedRecipient(msgspec.Struct, frozen=True):
    """A recipient of a queued message: its index in link tokens, its address, its key in pixel tokens."""

    index: int
    address: str
    recipient_key: bytes = b""


class QueuedLink(msgspec.Struct, frozen=True, omit_defaults=True):
    """A tracked link: its number in tokens, the URL sealed for it, and where it stood."""

    number: int
    url: str
    text: str = ""
    part: str = ""


class QueuedFinding(msgspec.Struct, frozen=True, omit_defaults=True):
    """What spoke against a link of received mail when it came: its number, and a `threats.Finding`."""

    number: int
    threat: ThreatType
    reason: str
    source: str
    detail: str = ""


class Queued(msgspec.Struct, frozen=True, tag_field=type_tag, tag="queued", omit_defaults=True, kw_only=True):
    """A message that is about to be handed over: written before any copy leaves.

    `untracked_reason` says in words why neither opens nor links are tracked, or is empty.
    `manifest` is the JSON text of `rewriting.manifest.Manifest`, without the new URLs.
    `envelope_digest` is stable over an MTA's retries of the same message. Of received mail, `protection` says
    what was done (`policy.ProtectionMode`), `unprotected` which links could not be guarded, and why
    (`rewriting.SkipReason`), `findings` what spoke against its links.
    """

    at_us: int
    tracking_id: int
    origin: Origin
    direction: Direction = Direction.OUTBOUND
    domain_id: int = 0
    trace_id: str = ""
    reverse_path: str = ""
    recipients: tuple[QueuedRecipient, ...] = ()
    message_id: str = ""
    subject: str = ""
    sender: str = ""
    size: int = 0
    opens: bool = False
    links: bool = False
    untracked_reason: str = ""
    tracked_links: tuple[QueuedLink, ...] = ()
    manifest: str = ""
    protection: str = ""
    unprotected: tuple[str, ...] = ()
    findings: tuple[QueuedFinding, ...] = ()


class Delivery(
    msgspec.Struct, frozen=True, tag_field=type_tag, tag="delivery", omit_defaults=True, kw_only=True
):
    """What the next hop said of one recipient: `type` is sent, rejected or deferred."""

    at_us: int
    tracking_id: int
    type: EventType
    recipient_index: int
    code: int = 0
    enhanced_status: str = ""
    text: str = ""
    next_hop: str = ""
    stage: str = ""


class Report(msgspec.Struct, frozen=True, tag_field=type_tag, tag="report", omit_defaults=True, kw_only=True):
    """What was learned of a message from a mail that came back: a bounce, a receipt, a complaint, a reply.

    `type` is sent (on), delivered, deferred, bounced, displayed, autoresponded, complained or replied.
    `at_us` is when it came to us, microseconds since 1970 UTC. `recipient_index` is None where it tells of
    no recipient in particular. `sealed` says that our own seal named the message, so that nobody else can
    have made it up. `happened_us` is when it was delivered, as the receiving system says, or 0. `permanent`
    is of bounces: trying again is no use; `cause` says why (`mail.reports.Cause`), or is empty.
    `final_recipient` is whose mailbox that is, as the reporting system knows it (RFC 3464 §2.3.2): another
    address than the one that we sent to where that one passes its mail on; "" where it does not say.
    `reporter` is who says so: a mail system's name. `mail` tells the mail that said so from others, for one
    may come twice, or by two ways; it is empty where it was no mail.
    """

    at_us: int
    tracking_id: int
    type: EventType
    recipient_index: int | None = None
    sealed: bool = False
    happened_us: int = 0
    permanent: bool = False
    cause: str = ""
    code: int = 0
    enhanced_status: str = ""
    text: str = ""
    final_recipient: str = ""
    reporter: str = ""
    mail: str = ""


class WishAct(StrEnum):
    """What a recipient asks for on their own page, or their mail program with one click."""

    UNSUBSCRIBE = "unsubscribe"
    RESUBSCRIBE = "resubscribe"
    STOP_OPENS = "stop_opens"
    STOP_LINKS = "stop_links"
    MAIL_RECORDS = "mail_records"


class Wish(msgspec.Struct, frozen=True, tag_field=type_tag, tag="wish", omit_defaults=True, kw_only=True):
    """What a recipient asked for, by the sealed address of their own page.

    `at_us` in microseconds since 1970 UTC; `sender_domain` is empty where the address does not say it.
    `shown` is the text that the button stood below, in `language`; with one click (RFC 8058) it is empty.
    """

    at_us: int
    act: WishAct
    tracking_id: int
    recipient_index: int
    recipient_key: bytes
    domain_id: int = 0
    sender_domain: str = ""
    shown: str = ""
    language: str = ""


class ReaderReportKind(StrEnum):
    """What a reader says of a page that we showed instead of a link's target, or of the mail it came in.

    `override`: they went on from a block page, where that is allowed, and say why.
    """

    MISTAKE = "mistake"
    PHISHING = "phishing"
    OVERRIDE = "override"


class ReaderReport(
    msgspec.Struct, frozen=True, tag_field=type_tag, tag="reader_report", omit_defaults=True, kw_only=True
):
    """A reader's report of a link, from the page that was shown for it. `at_us` in microseconds since 1970.

    `url` is the link's sealed target. `text` is what the reader wrote, cut to 1,000 characters.
    """

    at_us: int
    kind: ReaderReportKind
    tracking_id: int
    link_number: int
    url: str
    recipient_index: int | None = None
    domain_id: int = 0
    text: str = ""


JournalRecord = Hit | Queued | Delivery | Report | Wish | ReaderReport
"""Everything that the journal holds."""


class VisibleUrls(StrEnum):
    """What is done in sent mail with HTML links whose words are a web address themselves.

    Mail programs warn of words that show another domain than the link. `aligned` rewrites where the tracking
    host and the shown host have the same registrable domain.
    """

    ALIGNED = "aligned"
    REWRITE = "rewrite"
    KEEP = "keep"


class ShownUrls(StrEnum):
    """What becomes of the words of a protected link in received HTML mail where they are a web address.

    `without_scheme` leaves `example.com/a` of `https://example.com/a`, which no mail program takes for an
    address that it could open instead of the link.
    """

    KEEP = "keep"
    WITHOUT_SCHEME = "without_scheme"


class DkimSigned(StrEnum):
    """What is done with a message that carries a DKIM signature, which a change of its body breaks."""

    REWRITE = "rewrite"
    KEEP = "keep"


class ConsentMode(StrEnum):
    """What a recipient's silence means: `required` no, `objection` yes."""

    REQUIRED = "required"
    OBJECTION = "objection"


class SuppressionAction(StrEnum):
    """What is done with a copy for an address on the list: refused with a 550, or taken and thrown away."""

    REFUSE = "refuse"
    DROP = "drop"


class MilterFailure(StrEnum):
    """What is answered for a message that could not be examined."""

    ACCEPT = "accept"
    TEMPFAIL = "tempfail"


Sync = Literal["always", "off"] | int
"""When records reach the disk: before `append` returns, never by us, or within so many milliseconds."""
