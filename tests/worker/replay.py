"""A labelled hit as what happened: itself and the sibling hits that its context tells of, over real HTTP.

The edge makes network class, `source` and header fields of real requests. When they happened is put in
afterwards, for a test cannot wait for ten minutes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from backstamp.tokens.sealing import seal_link, seal_pixel
from backstamp.vocabulary import Delivery, EventType, Hit, Origin, Queued, QueuedLink, QueuedRecipient
from tests.edge.server_process import ServerProcess
from tests.edge.setting import RING, hits_in
from tests.verdicts.hits import BROWSER_CLICK, GMAIL_PROXY

GOOGLE, RELAY = "66.249.93.84", "172.225.6.18"
APART_US = 600_000_000
"""Stories are so long apart that they tell nothing of each other."""
PHONE = {
    **BROWSER_CLICK,
    "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
}
NOT_ABOUT_SIBLINGS = frozenset(
    {"sender_cookie", "self_view_announced_seconds_before", "same_ip_as_sender_api_session"}
    | {"message_state", "honeypot_link", "message_kind", "message_bounced", "browser_age_days", "hit_date"}
)
"""What no hit tells: the server knows it from elsewhere, or not at all."""


@dataclass(frozen=True)
class Request:
    """One request of a story: when, seen from the judged hit, and by whom; `message` 0 is the judged one."""

    after: float
    event: str
    ip: str
    headers: dict[str, str]
    link: int = 0
    recipient: int = 0
    message: int = 0
    method: str = "GET"


@dataclass
class Story:
    """A labelled hit and its siblings; the judged one comes first."""

    line: dict[str, Any]
    ip: str
    requests: list[Request] = field(default_factory=list)


def replayable(line: dict[str, Any]) -> bool:
    """Whether a hit's label is about what hits can tell."""
    return not NOT_ABOUT_SIBLINGS & line.get("context", {}).keys()


def story_of(line: dict[str, Any], number: int) -> Story:
    """Return the requests that make a hit's context."""
    context = line.get("context", {})
    headers = {name: value for name, value in line["headers"].items() if value is not None}
    ip = line.get("ip") or (line.get("cidr") or "").partition("/")[0]
    if not ip:
        proxied = "GoogleImageProxy" in headers.get("user_agent", "")
        ip = GOOGLE if proxied else RELAY if context.get("in_icloud_relay_list") else f"198.18.0.{number + 1}"
    story = Story(line, ip, [Request(0.0, line["event"], ip, headers, method=line.get("method", "GET"))])
    story.requests += _siblings(context, line["event"], ip, headers)
    return story


def _siblings(context: dict[str, Any], event: str, ip: str, headers: dict[str, str]) -> Iterator[Request]:
    browser = headers | {"user_agent": headers.get("user_agent", "") + " Edg/150.0"}
    for key, apart in (("1s", 0.1), ("2s", 0.2), ("5s", 0.9)):
        for number in range(1, context.get(f"links_clicked_within_{key}", 1)):
            yield Request(apart * number, "click", ip, headers, link=number)
    for number in range(1, context.get("recipients_same_ip_60s", 1)):
        yield Request(float(number), event, ip, headers, message=number)
    for number in range(1, context.get("recipients_same_second", 1)):
        yield Request(0.4 * number / 100, "click", ip, headers, recipient=number)
    if context.get("opened_before"):
        earlier = -float(context.get("seconds_since_open", 700))
        if context.get("same_ip_as_open"):
            opened = {**headers, "accept": "image/webp,*/*", "accept_language": "en"}
            yield Request(earlier, "open", ip, opened)
        else:
            yield Request(earlier, "open", GOOGLE, {"user_agent": GMAIL_PROXY})
    other = browser if context.get("user_agents_from_ip", 1) > 1 else headers
    if context.get("same_ip_opened_within_1s") or context.get("open_same_second_same_ip"):
        yield Request(-0.2, "open", ip, other)
    if context.get("same_ip_clicked_within_1s"):
        yield Request(0.2, "click", ip, other)
    before = context.get(
        "other_network_same_link_seconds_before", context.get("same_link_other_ip_seconds_ago")
    )
    if before is not None:
        yield Request(-before, "click", "198.51.100.99", PHONE)
    if (after := context.get("other_network_same_link_seconds_after")) is not None:
        yield Request(after, "click", "198.51.100.99", PHONE)
    for number in range(context.get("same_user_agent_from_other_asn_60s", 0)):
        yield Request(1.0 + number, event, f"198.51.100.{number + 1}", headers)
    if (handed := context.get("browser_get_same_ip_seconds_after")) is not None:
        yield Request(handed, "click", ip, BROWSER_CLICK)


def perform(server: ServerProcess, directory: Path, number: int, story: Story) -> list[Hit]:
    """Make the requests of a story, and return the edge's hits with the times of the story."""
    known = len(hits_in(directory))
    for request in story.requests:
        tracking_id = _message(number, request.message)
        token = (
            seal_pixel(
                RING,
                domain_id=1,
                tracking_id=tracking_id,
                recipient_key=_key(request.message, request.recipient),
            )
            if request.event == "open"
            else seal_link(
                RING,
                domain_id=1,
                tracking_id=tracking_id,
                recipient_index=request.recipient,
                link_number=request.link,
                url="https://example.net/",
            )
        )
        fields = [f"{name.replace('_', '-')}: {value}" for name, value in request.headers.items()]
        answer = server.get(f"/{token}", f"X-Forwarded-For: {request.ip}", *fields, method=request.method)
        assert answer[9:12] in (b"200", b"302"), answer[:200]
    hits = hits_in(directory)[known:]
    assert len(hits) == len(story.requests)
    zero = hits[0].at_us - number * APART_US
    return [
        msgspec.structs.replace(hit, at_us=zero + round(request.after * 1e6))
        for hit, request in zip(hits, story.requests, strict=True)
    ]


def mail_of(number: int, story: Story, hit: Hit) -> Iterator[Queued | Delivery]:
    """Return what the gateway would have recorded of the messages of a story."""
    seconds = story.line.get("seconds_since_delivery")
    delivered = hit.at_us - round((0.0 if seconds is None else seconds) * 1e6)
    context = story.line.get("context", {})
    sent = delivered + (120_000_000 if context.get("before_sent") else -1_000_000)
    if context.get("before_delivered"):
        delivered = hit.at_us + 5_000_000
        sent = hit.at_us - 1_000_000
    links = max(context.get("total_links", 1), context.get("links_clicked_within_2s", 1))
    people = max(request.recipient for request in story.requests) + 1
    for message in sorted({request.message for request in story.requests}):
        tracking_id = _message(number, message)
        yield Queued(
            at_us=sent,
            tracking_id=tracking_id,
            origin=Origin.GATEWAY,
            trace_id="0123456789abcdef",
            reverse_path="me@example.org",
            recipients=tuple(
                QueuedRecipient(index, f"p{index}@example.com", _key(message, index))
                for index in range(people)
            ),
            message_id=f"<{tracking_id}@example.org>",
            subject="Offer",
            sender="me@example.org",
            size=1,
            opens=True,
            links=True,
            tracked_links=tuple(QueuedLink(n, f"https://example.net/{n}", "") for n in range(links)),
            manifest="{}",
        )
        for index in range(people):
            yield Delivery(
                at_us=delivered, tracking_id=tracking_id, type=EventType.SENT, recipient_index=index, code=250
            )


def _key(message: int, recipient: int) -> bytes:
    """Return the key of a recipient: every message of a story went to others."""
    return bytes([message + 1, recipient + 1] * 4)


def _message(number: int, message: int) -> int:
    return 1 + number * 1000 + message
