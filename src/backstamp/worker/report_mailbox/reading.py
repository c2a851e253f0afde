"""From a mail that came back to what the records must know of it: clues to its message, and statements."""

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from backstamp.mail.reports import Action, BounceClass, MailReport, RecipientReport, ReportKind, read_report
from backstamp.records.reports.matching import Clues, Finding, Named, Statement
from backstamp.tokens import Keyring, LinkToken, open_token
from backstamp.vocabulary import EventType

_ACTIONS: Final = {
    Action.FAILED: EventType.BOUNCED,
    Action.DELAYED: EventType.DEFERRED,
    Action.DELIVERED: EventType.DELIVERED,
    Action.RELAYED: EventType.SENT,
}
"""A copy that was relayed is with a server from which no more reports may come. Of one that was expanded
nothing new is said."""
_KINDS: Final = {
    ReportKind.FEEDBACK: EventType.COMPLAINED,
    ReportKind.AUTO_REPLY: EventType.AUTORESPONDED,
    ReportKind.REPLY: EventType.REPLIED,
}
_SHOWN: Final = "displayed"
_NO_COMPLAINTS: Final = frozenset({"not-spam", "auth-failure"})
"""The second is no reader's, but a server's whose check of SPF, DKIM or DMARC failed (RFC 6591)."""

_SOFT_BREAK: Final = re.compile(rb"=\r?\n")
_OUR_URL: Final = re.compile(rb"https?://[A-Za-z0-9.:_-]{1,255}/([A-Za-z0-9_-]{44,})")
_SAME_FIELDS: Final = re.compile(
    rb"^(?:message-id|date):[^\r]*(?:\r\n[ \t][^\r]*)*", re.IGNORECASE | re.MULTILINE
)
MOST_BYTES: Final = 1024 * 1024
"""Of a returned copy that are searched for our links: they are in its text."""
MOST_URLS: Final = 200


def finding_of(raw: bytes, *, at_us: int, sealed: Named | None, ring: Keyring) -> Finding | None:
    """Return what a mail says of a message, or None where it is no report and no answer.

    `at_us` is when it came, microseconds since 1970 UTC; `sealed` what the address says to which it came.
    """
    report = read_report(raw)
    statements = tuple(_statements(report))
    if not statements:
        return None
    about = report.about
    ids = (about.message_id, *about.references)
    return Finding(
        at_us=at_us,
        clues=Clues(
            sealed=sealed,
            tokens=() if sealed else tuple(dict.fromkeys(_tokens(raw, ring))),
            message_ids=tuple(dict.fromkeys(each for each in ids if each)),
        ),
        statements=statements,
        reporter=report.reporter,
        mail=_identity(raw),
    )


def _identity(raw: bytes) -> str:
    """Return what is the same when a mail comes again or by another way: those add fields to its header."""
    header, _, body = raw.partition(b"\r\n\r\n")
    same = b"\r\n".join(sorted(_SAME_FIELDS.findall(header)))
    return hashlib.blake2b(b"%s\r\n\r\n%s" % (same, body.rstrip()), digest_size=12).hexdigest()


def _statements(report: MailReport) -> Iterator[Statement]:
    if report.kind is ReportKind.DSN:
        for recipient in report.recipients:
            event = _ACTIONS.get(recipient.action)
            if event is not None:
                yield _statement(event, recipient, report.arrival_us)
    elif report.kind is ReportKind.MDN:
        event = EventType.DISPLAYED if report.disposition == _SHOWN else EventType.AUTORESPONDED
        yield from (_statement(event, recipient) for recipient in report.recipients)
    elif report.kind in _KINDS and report.feedback_type not in _NO_COMPLAINTS:
        # A provider may leave out who complains; then the message alone is meant.
        for recipient in report.recipients or (RecipientReport(address="", action=Action.DELIVERED),):
            yield _statement(_KINDS[report.kind], recipient)


def _statement(event: EventType, recipient: RecipientReport, arrival_us: int = 0) -> Statement:
    """`arrival_us` is when the mail came to the system that reports."""
    delivered = event is EventType.DELIVERED
    return Statement(
        type=event,
        address=recipient.address,
        also=(recipient.final,) if recipient.final else (),
        guessed=recipient.guessed,
        happened_us=(recipient.last_attempt_us or arrival_us) if delivered else 0,
        permanent=recipient.bounce is BounceClass.HARD,
        cause=recipient.cause.value if event is EventType.BOUNCED else "",
        code=recipient.code,
        enhanced_status=recipient.enhanced_status,
        text=recipient.text,
    )


def _tokens(raw: bytes, ring: Keyring) -> Iterator[Named]:
    """Yield what our links and pixels in a returned copy name; each proves itself by its seal."""
    text = _SOFT_BREAK.sub(b"", raw[:MOST_BYTES])
    for number, match in enumerate(_OUR_URL.finditer(text)):
        if number >= MOST_URLS:
            return
        token = open_token(ring, match[1].decode("ascii"))
        if isinstance(token, LinkToken):
            yield Named(token.tracking_id, token.recipient_index)
        elif token is not None:
            yield Named(token.tracking_id, None, token.recipient_key)
