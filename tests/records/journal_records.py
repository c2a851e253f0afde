"""Records as a journal gives them: each producer's in order, positions like byte offsets."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from backstamp.journal import Batch, RecordId
from backstamp.vocabulary import (
    ClickAction,
    Delivery,
    Direction,
    EventType,
    Hit,
    HitKind,
    JournalRecord,
    Origin,
    Queued,
    QueuedFinding,
    QueuedLink,
    QueuedRecipient,
    Report,
    ThreatType,
    Wish,
    WishAct,
)

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
START_US = 1_772_442_000_000_000
SECOND = 1_000_000
MESSAGE = 0xF00D_0000_0000_0001
ANNA, BERT = b"anna-key", b"bert-key"
SOURCE, OTHER_SOURCE = b"source-1", b"source-2"

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/138.0.0.0 Safari/537.36"
)
APPLE_PREFETCH = "Mozilla/5.0"
OUTLOOK = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)"
BROWSER_CLICK = {
    "user_agent": CHROME,
    "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "accept_language": "de-DE,de;q=0.9",
    "sec_fetch_mode": "navigate",
    "sec_fetch_dest": "document",
    "sec_fetch_site": "cross-site",
    "sec_fetch_user": "?1",
}


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def queued(*, message: int = MESSAGE, links: int = 3, opens: bool = True) -> Queued:
    return Queued(
        at_us=START_US,
        tracking_id=message,
        origin=Origin.GATEWAY,
        trace_id="0123456789abcdef",
        reverse_path="me@example.org",
        recipients=(
            QueuedRecipient(0, "anna@example.com", ANNA),
            QueuedRecipient(1, "bert@example.com", BERT),
        ),
        message_id="<1@example.org>",
        subject="Offer",
        sender="me@example.org",
        size=4321,
        opens=opens,
        links=True,
        tracked_links=tuple(QueuedLink(n, f"https://example.net/{n}", f"link {n}") for n in range(links)),
        manifest="{}",
    )


def received(*, message: int = MESSAGE, links: int = 3) -> Queued:
    """A message that came in, with a link that a list names."""
    return msgspec.structs.replace(
        queued(message=message, links=links, opens=False),
        direction=Direction.INBOUND,
        protection="protect",
        unprotected=("form", "signed"),
        findings=(QueuedFinding(1, ThreatType.PHISHING, "listed_url", "urlhaus", "example.net/1"),),
    )


def delivery(
    seconds: float,
    *,
    index: int = 0,
    type_: EventType = EventType.SENT,
    message: int = MESSAGE,
    code: int = 250,
) -> Delivery:
    return Delivery(
        at_us=START_US + round(seconds * SECOND),
        tracking_id=message,
        type=type_,
        recipient_index=index,
        code=code,
        enhanced_status="2.0.0" if code == 250 else "4.2.0",
        text="OK" if code == 250 else "later",
        next_hop="mx.example.com",
        stage="data",
    )


def report(
    seconds: float,
    type_: EventType,
    *,
    index: int | None = 0,
    message: int = MESSAGE,
    permanent: bool = True,
    sealed: bool = True,
    mail: str = "",
) -> Report:
    return Report(
        at_us=START_US + round(seconds * SECOND),
        tracking_id=message,
        type=type_,
        recipient_index=index,
        sealed=sealed,
        permanent=permanent,
        code=550 if type_ is EventType.BOUNCED else 0,
        enhanced_status="5.1.1" if type_ is EventType.BOUNCED else "",
        text="no such user" if type_ is EventType.BOUNCED else "",
        reporter="mx.example.com",
        mail=mail,
    )


def pixel(
    seconds: float,
    *,
    key: bytes = ANNA,
    agent: str = OUTLOOK,
    source: bytes = SOURCE,
    message: int = MESSAGE,
    method: str = "GET",
) -> Hit:
    return Hit(
        at_us=START_US + round(seconds * SECOND),
        kind=HitKind.PIXEL,
        domain_id=0,
        tracking_id=message,
        method=method,
        recipient_key=key,
        headers={"user_agent": agent},
        source=source,
    )


def click(
    seconds: float,
    *,
    index: int | None = 0,
    link: int = 0,
    headers: dict[str, str] | None = None,
    source: bytes = SOURCE,
    message: int = MESSAGE,
) -> Hit:
    return Hit(
        at_us=START_US + round(seconds * SECOND),
        kind=HitKind.REDIRECT,
        domain_id=0,
        tracking_id=message,
        recipient_index=index,
        link_number=link,
        headers=BROWSER_CLICK if headers is None else headers,
        source=source,
    )


def guarded_click(
    seconds: float,
    action: ClickAction,
    *,
    index: int | None = 0,
    link: int = 1,
    source: bytes = SOURCE,
    message: int = MESSAGE,
) -> Hit:
    """A click on a link of received mail, and what was decided."""
    hit = msgspec.structs.replace(
        click(seconds, index=index, link=link, source=source, message=message), action=action
    )
    if action is ClickAction.ALLOW:
        return hit
    return msgspec.structs.replace(
        hit, threat=ThreatType.PHISHING, threat_reason="listed_url", threat_source="urlhaus"
    )


def wish(
    act: WishAct,
    seconds: float,
    *,
    message: int = MESSAGE,
    index: int = 0,
    one_click: bool = False,
) -> Wish:
    """What a recipient asks for, by default Anna on her page."""
    return Wish(
        at_us=START_US + round(seconds * SECOND),
        act=act,
        tracking_id=message,
        recipient_index=index,
        recipient_key=(ANNA, BERT)[index],
        sender_domain="example.org",
        shown="" if one_click else "You get mail. / Unsubscribe",
        language="de",
    )


def batch(producer: str, records: Iterable[JournalRecord], *, start: int = 0) -> Batch:
    """Return the next records of one producer; `start` is how many it wrote before."""
    numbered = [(RecordId(producer, 100 * n), record) for n, record in enumerate(records, start)]
    return Batch(list(numbered), {producer: 100 * (start + len(numbered))})
