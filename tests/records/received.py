"""Received mail, clicks on its links and readers' reports, as a journal gives them."""

from collections.abc import Sequence

import msgspec

from backstamp.vocabulary import (
    ClickAction,
    Direction,
    Hit,
    Queued,
    QueuedFinding,
    QueuedLink,
    QueuedRecipient,
    ReaderReport,
    ReaderReportKind,
    ThreatType,
)
from tests.records.journal_records import ANNA, BERT, MESSAGE, SECOND, START_US, click, queued

EVIL = "https://login.evil.example/in?to=1"
GOOD = "https://good.example/page"
HEADERS_OF_A_SCRIPT = {"user_agent": "python-requests/2.32"}


def received(
    *urls: str,
    message: int = MESSAGE,
    seconds: float = 0,
    findings: Sequence[QueuedFinding] = (),
    recipients: Sequence[QueuedRecipient] = (
        QueuedRecipient(0, "anna@our.example", ANNA),
        QueuedRecipient(1, "bert@our.example", BERT),
    ),
) -> Queued:
    return msgspec.structs.replace(
        queued(message=message),
        at_us=START_US + round(seconds * SECOND),
        direction=Direction.INBOUND,
        protection="protect",
        recipients=tuple(recipients),
        tracked_links=tuple(QueuedLink(number, url) for number, url in enumerate(urls or (EVIL, GOOD))),
        findings=tuple(findings),
        sender="stranger@elsewhere.example",
        subject="Your account",
    )


def followed(
    seconds: float,
    action: ClickAction | None = ClickAction.BLOCK,
    *,
    index: int | None = 0,
    link: int = 0,
    message: int = MESSAGE,
    threat: ThreatType | None = ThreatType.PHISHING,
    reason: str = "listed_host",
    headers: dict[str, str] | None = None,
    source: bytes | None = None,
) -> Hit:
    """Return a click that was decided on; by somebody else each time, where `source` does not say."""
    whose = b"source%02d" % (index or 0) if source is None else source
    hit = click(seconds, index=index, link=link, message=message, headers=headers, source=whose)
    if action is None or action is ClickAction.ALLOW:
        return msgspec.structs.replace(hit, action=action)
    if action is ClickAction.GO_ON:
        hit = msgspec.structs.replace(hit, method="POST")
    return msgspec.structs.replace(
        hit, action=action, threat=threat, threat_reason=reason, threat_source="urlhaus"
    )


def reader_report(
    seconds: float, kind: ReaderReportKind, *, index: int | None = 0, text: str = "", message: int = MESSAGE
) -> ReaderReport:
    return ReaderReport(
        at_us=START_US + round(seconds * SECOND),
        kind=kind,
        tracking_id=message,
        link_number=0,
        url=EVIL,
        recipient_index=index,
        text=text,
    )


ON_ARRIVAL = QueuedFinding(0, ThreatType.MALWARE, "listed_url", "urlhaus", "login.evil.example/in")
