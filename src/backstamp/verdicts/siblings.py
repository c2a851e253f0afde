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
_BEFORE_SENT_GRACE_US: Final = 60 * _SECOND_US
_HANDED_OVER_US: Final = 10 * _SECOND_US  # a mail program starts the browser; later is another act


LOOKS_AHEAD_US: Final = 60 * _SECOND_US
"""A sibling that came so long after a hit does not change its verdict, whatever it is."""
LOOKS_BACK_US: Final = 600 * _SECOND_US
"""Nor does one that came so long before a click, but for the last image hit by a person (`is_by_a_person`):
`evidence.ECHO_SECONDS` is the longest that a rule looks back at anything else. An image hit is judged by
what came within `LOOKS_AHEAD_US` to either side."""

_SHARED: Final = frozenset(label for label, n in NETWORKS.items() if n.role in SHARED_ROLES)


class SiblingHit(msgspec.Struct, frozen=True):
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
    is_click = hit.kind is HitKind.REDIRECT
    alone = _alone(
        is_click=is_click,
        total_links=total_links,
        link_number=hit.link_number,
        shared=is_shared(hit),
        hidden=is_click and hit.link_number in hidden_links,
        before_sent=sent_at_us is not None and hit.at_us < sent_at_us - _BEFORE_SENT_GRACE_US,
        before_delivered=delivered_at_us is not None and hit.at_us < delivered_at_us - _SECOND_US,
        bounced=bounced,
    )
    return _among(hit, siblings, alone, hidden_links) if siblings else alone


@lru_cache(maxsize=4096)
def _alone(
    *,
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
class _Seen:
    """What one walk over the siblings of a hit collects.

    `crowd` holds what its source fetched within a minute, `wave` the clicks of that source within the same
    second; `burst` clicks that may be one burst with it, as time and number of the link; `agents` the
    User-Agents of its source, and `others` the other sources with its User-Agent, both within a minute.
    """

    agents: set[str]
    crowd: list[Hit]
    wave: list[Hit]
    others: set[bytes] = field(default_factory=set)
    burst: list[tuple[int, int]] = field(default_factory=list)
    opens: int = 0
    last_open: Hit | None = None
    prefetch_at_us: int | None = None
    echoed: Hit | None = None
    followed: Hit | None = None
    browser_after_us: int | None = None
    hidden_us: int | None = None
    together: bool = False


def _among(
    hit: Hit, siblings: Sequence[SiblingHit], alone: Context, hidden_links: Collection[int]
) -> Context:
    """Return the context of a hit that has siblings, from what holds without them."""
    user_agent = _user_agent(hit)
    seen = _Seen({user_agent}, [hit], [hit])
    is_click, source, tracking_id, at_us = (
        hit.kind is HitKind.REDIRECT,
        hit.source,
        hit.tracking_id,
        hit.at_us,
    )
    for sibling in siblings:
        other = sibling.hit
        delta = other.at_us - at_us
        same = source != b"" and other.source == source
        near = -60 * _SECOND_US <= delta <= 60 * _SECOND_US
        clicked = other.kind is HitKind.REDIRECT and _is_click(other)
        if same and near:
            seen.crowd.append(other)
            if clicked and other.tracking_id == tracking_id and -_SECOND_US // 2 <= delta <= _SECOND_US // 2:
                seen.wave.append(other)
        if not sibling.same_recipient or other.tracking_id != tracking_id:
            continue
        same_agent = _user_agent(other) == user_agent
        if near:
            if same:
                seen.agents.add(_user_agent(other))
            elif same_agent and source and other.source:
                seen.others.add(other.source)
        if clicked:
            _look_at_click(seen, hit, other, delta, same, same_agent)
            if other.link_number in hidden_links and same:
                seen.hidden_us = min(abs(delta), abs(delta) if seen.hidden_us is None else seen.hidden_us)
        elif other.kind is HitKind.PIXEL and other.method == "GET":
            if delta < 0:
                _look_at_earlier_open(seen, other)
            if is_click and same and -_SECOND_US <= delta <= _SECOND_US:
                seen.together = True
    return _with_siblings(hit, seen, alone)


def _look_at_click(seen: _Seen, hit: Hit, other: Hit, delta: int, same: bool, same_agent: bool) -> None:
    is_click = hit.kind is HitKind.REDIRECT
    if not is_click:
        if same and -_SECOND_US <= delta <= _SECOND_US:
            seen.together = True
    elif (
        -5 * _SECOND_US <= delta <= 5 * _SECOND_US and other.link_number is not None and (same or same_agent)
    ):
        # Only the same source counts, or the same User-Agent: a scanner may use several addresses, but a
        # person whose click falls beside a scanner's is not the scanner.
        seen.burst.append((other.at_us, other.link_number))
    if other.link_number != hit.link_number:
        return
    if same:
        if (
            0 < delta <= _HANDED_OVER_US
            and (seen.browser_after_us is None or delta < seen.browser_after_us)
            and client_of(_user_agent(other)).kind is ClientKind.BROWSER
        ):
            seen.browser_after_us = delta
    elif is_click and hit.source and other.source:
        if delta < 0 and (seen.echoed is None or _moment(other) > _moment(seen.echoed)):
            seen.echoed = other
        elif delta > 0 and (seen.followed is None or _moment(other) < _moment(seen.followed)):
            seen.followed = other


def _look_at_earlier_open(seen: _Seen, other: Hit) -> None:
    seen.opens += 1
    if is_by_a_person(other):
        if seen.last_open is None or _moment(other) > _moment(seen.last_open):
            seen.last_open = other
    elif seen.prefetch_at_us is None or other.at_us > seen.prefetch_at_us:
        seen.prefetch_at_us = other.at_us


def _with_siblings(hit: Hit, seen: _Seen, alone: Context) -> Context:
    is_click, shared = hit.kind is HitKind.REDIRECT, is_shared(hit)
    open_, echoed, followed = seen.last_open, seen.echoed, seen.followed
    changes: dict[str, Any] = {
        "recipients_same_source_60s": 1 if shared or len(seen.crowd) == 1 else _recipients(seen.crowd),
        "user_agents_from_source": len(seen.agents),
        "same_user_agent_from_other_network_60s": len(seen.others),
        "prior_opens_same_message": seen.opens,
    }
    if is_click:
        if not shared and len(seen.wave) > 1:
            changes["recipients_same_second"] = _recipients(seen.wave)
        changes["same_source_opened_within_1s"] = seen.together
        if seen.burst:
            for seconds in (1, 2, 5):
                changes[f"links_clicked_within_{seconds}s"] = _links_within(hit, seen.burst, seconds)
    else:
        changes["same_source_clicked_within_1s"] = seen.together
    if open_ is not None:
        changes["opened_before"] = True
        changes["open_was"] = client_of(_user_agent(open_)).name
        changes["same_source_as_open"] = _same_source(hit, open_)
        changes["seconds_since_open"] = _seconds(open_, hit)
    if echoed is not None:
        changes["other_network_same_link_seconds_before"] = _seconds(echoed, hit)
        here, there = client_of(_user_agent(hit)), client_of(_user_agent(echoed))
        changes["os_differs_from_prior_click"] = there.system != here.system
    if followed is not None:
        changes["other_network_same_link_seconds_after"] = _seconds(hit, followed)
    if seen.browser_after_us is not None:
        changes["browser_get_same_source_seconds_after"] = seen.browser_after_us / 1e6
    if seen.hidden_us is not None:
        changes["honeypot_same_source_seconds"] = seen.hidden_us / 1e6
    if seen.prefetch_at_us is not None:
        changes["prefetch_seconds_before"] = (hit.at_us - seen.prefetch_at_us) / 1e6
    return msgspec.structs.replace(alone, **changes)


def _user_agent(hit: Hit) -> str:
    return hit.headers.get("user_agent", "")


def _moment(hit: Hit) -> tuple[int, str, bytes]:
    """Order by time; the rest only makes ties come out the same whatever the order of arrival."""
    return hit.at_us, _user_agent(hit), hit.source


def _seconds(earlier: Hit, later: Hit) -> float:
    return (later.at_us - earlier.at_us) / 1e6


def _same_source(one: Hit, other: Hit) -> bool:
    return bool(one.source) and one.source == other.source


def _is_click(hit: Hit) -> bool:
    return hit.method == "GET" and not is_speculative(hit.headers)


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
        if hit.kind is HitKind.PIXEL:
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
