"""From the hits beside a hit to its `Context`: bursts, crowds, echoes, earlier opens.

`context_of` only counts and compares, so the order in which hits arrive never changes what it says.
"""

from bisect import insort
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import msgspec

from backstamp.verdicts.clients import ClientKind, client_of
from backstamp.verdicts.context import Context
from backstamp.verdicts.facts import is_speculative
from backstamp.verdicts.networks import NETWORKS, SHARED_ROLES, NetworkRole
from backstamp.vocabulary import Hit, HitKind

_SECOND_US: Final = 1_000_000
_HALF_US: Final = 500_000
_MINUTE_US: Final = 60 * _SECOND_US
_BEFORE_SENT_GRACE_US: Final = 60 * _SECOND_US
_HANDED_OVER_US: Final = 10 * _SECOND_US  # a mail program starts the browser; later is another act


_REDIRECT: Final = HitKind.REDIRECT
_PIXEL: Final = HitKind.PIXEL
# A member of an enum costs more to look up than what most lines here do.

LOOKS_AHEAD_US: Final = 60 * _SECOND_US
"""A sibling that came so long after a hit does not change its verdict, whatever it is."""
LOOKS_BACK_US: Final = 600 * _SECOND_US
"""Nor does one that came so long before a click, but for the last image hit by a person (`is_by_a_person`):
`evidence.ECHO_SECONDS` is the longest that a rule looks back at anything else. An image hit is judged by
what came within `LOOKS_AHEAD_US` to either side."""

_SHARED: Final = frozenset(label for label, n in NETWORKS.items() if n.role in SHARED_ROLES)


class SiblingHit(msgspec.Struct, frozen=True, gc=False):
    """Another hit beside the one that is judged, and whether it is of the same recipient.

    A pixel names its recipient by key and a link by index, so only the caller can tell.
    """

    hit: Hit
    same_recipient: bool = True


def context_of(
    hit: Hit,
    siblings: Sequence[SiblingHit],
    *,
    total_links: int,
    delivered_at_us: int | None,
    sent_at_us: int | None = None,
    hidden_links: Collection[int] = (),
    bounced: bool = False,
) -> Context:
    """Return what the siblings of a hit tell about it.

    Args:
        hit: the hit to be judged.
        siblings: all other hits on the same message, and hits on other messages from the same source
            within 60 s.  Their order does not matter, and the hit itself may be among them.
        total_links: links of the message; 0 where not known.
        delivered_at_us: when the next hop took this recipient's copy, microseconds since 1970 UTC.
        sent_at_us: when the message was received for sending; earlier hits are the sender's own.
        hidden_links: numbers of links that no reader sees.
        bounced: the recipient's copy came back as undeliverable.
    """
    is_click = hit.kind is _REDIRECT
    at_us = hit.at_us
    # By position: names cost the cache's look-up as much again.
    alone = _alone(
        is_click,
        total_links,
        hit.link_number,
        hit.network in _SHARED,
        is_click and hit.link_number in hidden_links,
        sent_at_us is not None and at_us < sent_at_us - _BEFORE_SENT_GRACE_US,
        delivered_at_us is not None and at_us < delivered_at_us - _SECOND_US,
        bounced,
    )
    return _among(hit, siblings, alone, hidden_links) if siblings else alone


@lru_cache(maxsize=4096)
def _alone(
    is_click: bool,
    total_links: int,
    link_number: int | None,
    shared: bool,
    hidden: bool,
    before_sent: bool,
    before_delivered: bool,
    bounced: bool,
) -> Context:
    """Return the context of a hit without siblings; most hits have one of a few."""
    return Context(
        links_clicked_within_1s=int(is_click),
        links_clicked_within_2s=int(is_click),
        links_clicked_within_5s=int(is_click),
        total_links=total_links,
        recipients_same_source_60s=1,
        recipients_same_second=int(is_click and not shared),
        honeypot_link=hidden,
        before_sent=before_sent,
        before_delivered=before_delivered,
        message_bounced=bounced,
        user_agents_from_source=1,
        link_position=link_number,
    )


@dataclass(slots=True)
class _Clicks:
    """What the clicks of a recipient tell of another of its clicks.

    `burst` holds those that may be one burst with it, as time and number of the link; `echoed` is the last
    on the same link by another source before it, `followed` the first after it.
    """

    burst: list[tuple[int, int]] = field(default_factory=list)
    echoed: Hit | None = None
    followed: Hit | None = None


def _among(
    hit: Hit, siblings: Sequence[SiblingHit], alone: Context, hidden_links: Collection[int]
) -> Context:
    """Return the context of a hit that has siblings, from what holds without them."""
    is_click, source, tracking_id, at_us = hit.kind is _REDIRECT, hit.source, hit.tracking_id, hit.at_us
    user_agent = hit.headers.get("user_agent", "")
    changes: dict[str, Any] = {}
    clicks: _Clicks | None = None
    crowd: list[Hit] | None = None
    wave: list[Hit] | None = None
    agents: set[str] | None = None
    sources: set[bytes] | None = None
    opens: list[Hit] | None = None
    browser_after: int | None = None
    hidden: int | None = None
    for sibling in siblings:
        other = sibling.hit
        delta = other.at_us - at_us
        same = other.source == source and source != b""
        is_link = other.kind is _REDIRECT
        clicked = is_link and other.method == "GET" and not is_speculative(other.headers)
        near = -_MINUTE_US <= delta <= _MINUTE_US
        if same and near:
            if crowd is None:
                crowd = [hit]
            crowd.append(other)
            if clicked and -_HALF_US <= delta <= _HALF_US and other.tracking_id == tracking_id:
                wave = [hit] if wave is None else wave
                wave.append(other)
        if not sibling.same_recipient or other.tracking_id != tracking_id:
            continue
        if near:
            agent = other.headers.get("user_agent", "")
            if same:
                if agent != user_agent:
                    agents = {user_agent} if agents is None else agents
                    agents.add(agent)
            elif agent == user_agent and source and other.source:
                sources = set() if sources is None else sources
                sources.add(other.source)
        if clicked:
            if same:
                if -_SECOND_US <= delta <= _SECOND_US and not is_click:
                    changes["same_source_clicked_within_1s"] = True
                if other.link_number in hidden_links:
                    hidden = abs(delta) if hidden is None else min(hidden, abs(delta))
                if (
                    0 < delta <= _HANDED_OVER_US
                    and other.link_number == hit.link_number
                    and (browser_after is None or delta < browser_after)
                    and client_of(_user_agent(other)).kind is ClientKind.BROWSER
                ):
                    browser_after = delta
            if is_click:
                clicks = clicks or _Clicks()
                _look_at_click(clicks, hit, other, same or _user_agent(other) == user_agent)
        elif not is_link and other.method == "GET":
            if delta < 0:
                opens = [] if opens is None else opens
                opens.append(other)
            if is_click and same and -_SECOND_US <= delta <= _SECOND_US:
                changes["same_source_opened_within_1s"] = True
    if crowd is not None and not is_shared(hit):
        changes["recipients_same_source_60s"] = _recipients(crowd)
        if is_click and wave is not None:
            changes["recipients_same_second"] = _recipients(wave)
    if agents is not None:
        changes["user_agents_from_source"] = len(agents)
    if sources is not None:
        changes["same_user_agent_from_other_network_60s"] = len(sources)
    if browser_after is not None:
        changes["browser_get_same_source_seconds_after"] = browser_after / 1e6
    if hidden is not None:
        changes["honeypot_same_source_seconds"] = hidden / 1e6
    if clicks is not None:
        _tell_clicks(changes, hit, clicks)
    if opens is not None:
        _tell_opens(changes, hit, opens)
    return msgspec.structs.replace(alone, **changes) if changes else alone


def _look_at_click(clicks: _Clicks, hit: Hit, other: Hit, may_be_burst: bool) -> None:
    """Note another click of the same recipient.

    Only the same source counts for a burst, or the same User-Agent: a scanner may use several addresses, but
    a person whose click falls beside a scanner's is not the scanner.
    """
    delta = other.at_us - hit.at_us
    if may_be_burst and other.link_number is not None and -5 * _SECOND_US <= delta <= 5 * _SECOND_US:
        clicks.burst.append((other.at_us, other.link_number))
    if other.link_number == hit.link_number and _is_other_source(hit, other):
        if delta < 0 and (clicks.echoed is None or _moment(other) > _moment(clicks.echoed)):
            clicks.echoed = other
        elif delta > 0 and (clicks.followed is None or _moment(other) < _moment(clicks.followed)):
            clicks.followed = other


def _tell_clicks(changes: dict[str, Any], hit: Hit, clicks: _Clicks) -> None:
    if clicks.burst:
        for seconds in (1, 2, 5):
            changes[f"links_clicked_within_{seconds}s"] = _links_within(hit, clicks.burst, seconds)
    if clicks.echoed is not None:
        changes["other_network_same_link_seconds_before"] = _seconds(clicks.echoed, hit)
        here, there = client_of(_user_agent(hit)), client_of(_user_agent(clicks.echoed))
        changes["os_differs_from_prior_click"] = there.system != here.system
    if clicks.followed is not None:
        changes["other_network_same_link_seconds_after"] = _seconds(hit, clicks.followed)


def _tell_opens(changes: dict[str, Any], hit: Hit, opens: Sequence[Hit]) -> None:
    """Tell the image hits before this one: the last by a person, and the last that was none."""
    last: Hit | None = None
    prefetched: int | None = None
    for other in opens:
        if is_by_a_person(other):
            if last is None or _moment(other) > _moment(last):
                last = other
        elif prefetched is None or other.at_us > prefetched:
            prefetched = other.at_us
    changes["prior_opens_same_message"] = len(opens)
    if prefetched is not None:
        changes["prefetch_seconds_before"] = (hit.at_us - prefetched) / 1e6
    if last is not None:
        changes["opened_before"] = True
        changes["open_was"] = client_of(_user_agent(last)).name
        changes["same_source_as_open"] = _same_source(hit, last)
        changes["seconds_since_open"] = _seconds(last, hit)


def _user_agent(hit: Hit) -> str:
    return hit.headers.get("user_agent", "")


def _moment(hit: Hit) -> tuple[int, str, bytes]:
    """Order by time; the rest only makes ties come out the same whatever the order of arrival."""
    return hit.at_us, _user_agent(hit), hit.source


def _seconds(earlier: Hit, later: Hit) -> float:
    return (later.at_us - earlier.at_us) / 1e6


def _same_source(one: Hit, other: Hit) -> bool:
    return bool(one.source) and one.source == other.source


def _is_other_source(one: Hit, other: Hit) -> bool:
    return bool(one.source) and bool(other.source) and one.source != other.source


def _links_within(hit: Hit, clicks: Sequence[tuple[int, int]], seconds: int) -> int:
    """Count distinct links in the fullest stretch of that many seconds that holds the hit.

    Args:
        hit: a click.
        clicks: its siblings of the same source or User-Agent: time in microseconds, number of the link.
        seconds: length of the stretch.
    """
    width = seconds * _SECOND_US
    near = sorted((at_us, link) for at_us, link in clicks if abs(at_us - hit.at_us) <= width)
    if hit.link_number is not None:
        insort(near, (hit.at_us, hit.link_number))
    most, first = 1, 0
    inside: Counter[int] = Counter()
    for at_us, link in near:
        inside[link] += 1
        while near[first][0] < at_us - width:
            left = near[first][1]
            first += 1
            inside[left] -= 1
            if not inside[left]:
                del inside[left]
        if near[first][0] <= hit.at_us <= at_us:
            most = max(most, len(inside))
    return most


def _recipients(hits: Iterable[Hit]) -> int:
    """Count the recipients of hits: by key for images, by message and index for links.

    The two ways of naming a recipient cannot be matched here, so the larger count stands.
    """
    keys: set[bytes] = set()
    indexes: set[tuple[int, int | None]] = set()
    for hit in hits:
        if hit.kind is _PIXEL:
            keys.add(hit.recipient_key)
        else:
            indexes.add((hit.tracking_id, hit.recipient_index))
    return max(len(keys), len(indexes))


def is_shared(hit: Hit) -> bool:
    """Whether many people are known to come from the address of this hit."""
    return hit.network in _SHARED


def is_by_a_person(hit: Hit) -> bool:
    """Whether an image hit, seen alone, was a person's or a provider's proxy for a person.

    Only what is certain from the hit alone counts, so that the answer does not depend on other hits.
    """
    return _is_a_persons(_user_agent(hit), hit.network, "accept_language" in hit.headers)


@lru_cache(maxsize=4096)
def _is_a_persons(user_agent: str, label: str, has_language: bool) -> bool:
    kind = client_of(user_agent).kind
    network = NETWORKS.get(label)
    if kind is ClientKind.GOOGLE_IMAGE_PROXY:
        return network is not None and network.role is NetworkRole.IMAGE_PROXY
    if kind in (ClientKind.MAIL_PROXY, ClientKind.MAIL_CLIENT):
        return True
    if network is not None and network.role in (NetworkRole.SCANNER, NetworkRole.HOSTING, NetworkRole.CLOUD):
        return False
    return kind is ClientKind.BROWSER and has_language
