"""From the hits beside a hit to its `Context`: bursts, crowds, echoes, earlier opens.

`context_of` only counts and compares, so the order in which hits arrive never changes what it says.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final

import msgspec

from backstamp.verdicts.clients import ClientKind, client_of
from backstamp.verdicts.context import Context
from backstamp.verdicts.facts import is_speculative
from backstamp.verdicts.networks import NETWORKS, SHARED_ROLES, NetworkRole
from backstamp.vocabulary import Hit, HitKind

_SECOND_US: Final = 1_000_000
_BEFORE_SENT_GRACE_US: Final = 60 * _SECOND_US
_HANDED_OVER_US: Final = 10 * _SECOND_US  # a mail program starts the browser; later is another act


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
    alone = Context(
        links_clicked_within_1s=int(is_click),
        links_clicked_within_2s=int(is_click),
        links_clicked_within_5s=int(is_click),
        total_links=total_links,
        recipients_same_source_60s=1,
        recipients_same_second=int(is_click and not _is_shared(hit)),
        honeypot_link=is_click and hit.link_number in hidden_links,
        before_sent=sent_at_us is not None and hit.at_us < sent_at_us - _BEFORE_SENT_GRACE_US,
        before_delivered=delivered_at_us is not None and hit.at_us < delivered_at_us - _SECOND_US,
        message_bounced=bounced,
        user_agents_from_source=1,
        link_position=hit.link_number,
    )
    return _among(hit, siblings, alone, hidden_links) if siblings else alone


def _among(
    hit: Hit, siblings: Sequence[SiblingHit], alone: Context, hidden_links: Collection[int]
) -> Context:
    """Return the context of a hit that has siblings, from what holds without them."""
    is_click = hit.kind is HitKind.REDIRECT
    mine = [s.hit for s in siblings if s.same_recipient and s.hit.tracking_id == hit.tracking_id]
    opens = [other for other in mine if other.kind is HitKind.PIXEL and other.method == "GET"]
    clicks = [other for other in mine if other.kind is HitKind.REDIRECT and _is_click(other)]
    near = [other for other in mine if _apart(hit, other) <= 60 * _SECOND_US]
    user_agent = _user_agent(hit)

    earlier_open = max(
        (o for o in opens if o.at_us < hit.at_us and _by_a_person(o)), key=_moment, default=None
    )
    elsewhere = [c for c in clicks if is_click and c.link_number == hit.link_number and _other_source(hit, c)]
    echoed = max((c for c in elsewhere if c.at_us < hit.at_us), key=_moment, default=None)
    followed = min((c for c in elsewhere if c.at_us > hit.at_us), key=_moment, default=None)
    browsers_after = (
        _seconds(hit, c)
        for c in clicks
        if c.link_number == hit.link_number
        and 0 < c.at_us - hit.at_us <= _HANDED_OVER_US
        and _same_source(hit, c)
        and client_of(_user_agent(c)).kind is ClientKind.BROWSER
    )
    hidden_hits = (
        _apart(hit, c) / 1e6 for c in clicks if c.link_number in hidden_links and _same_source(hit, c)
    )
    prefetches = [o for o in opens if o.at_us < hit.at_us and not _by_a_person(o)]

    return msgspec.structs.replace(
        alone,
        links_clicked_within_1s=_links_within(hit, clicks, 1),
        links_clicked_within_2s=_links_within(hit, clicks, 2),
        links_clicked_within_5s=_links_within(hit, clicks, 5),
        recipients_same_source_60s=_recipients_of_source(hit, siblings),
        recipients_same_second=_recipients_within_a_second(hit, siblings),
        honeypot_same_source_seconds=min(hidden_hits, default=None),
        opened_before=earlier_open is not None,
        open_was="" if earlier_open is None else client_of(_user_agent(earlier_open)).name,
        same_source_as_open=earlier_open is not None and _same_source(hit, earlier_open),
        seconds_since_open=None if earlier_open is None else _seconds(earlier_open, hit),
        same_source_opened_within_1s=is_click and any(_at_once(hit, other) for other in opens),
        same_source_clicked_within_1s=not is_click and any(_at_once(hit, other) for other in clicks),
        user_agents_from_source=len({user_agent, *(_user_agent(o) for o in near if _same_source(hit, o))}),
        same_user_agent_from_other_network_60s=len(
            {o.source for o in near if _other_source(hit, o) and _user_agent(o) == user_agent}
        ),
        other_network_same_link_seconds_before=None if echoed is None else _seconds(echoed, hit),
        other_network_same_link_seconds_after=None if followed is None else _seconds(hit, followed),
        os_differs_from_prior_click=echoed is not None
        and client_of(_user_agent(echoed)).system != client_of(user_agent).system,
        browser_get_same_source_seconds_after=min(browsers_after, default=None),
        prefetch_seconds_before=min((_seconds(o, hit) for o in prefetches), default=None),
        prior_opens_same_message=sum(1 for o in opens if o.at_us < hit.at_us),
    )


def _user_agent(hit: Hit) -> str:
    return hit.headers.get("user_agent", "")


def _moment(hit: Hit) -> tuple[int, str, bytes]:
    """Order by time; the rest only makes ties come out the same whatever the order of arrival."""
    return hit.at_us, _user_agent(hit), hit.source


def _apart(one: Hit, other: Hit) -> int:
    return abs(one.at_us - other.at_us)


def _seconds(earlier: Hit, later: Hit) -> float:
    return (later.at_us - earlier.at_us) / 1e6


def _same_source(one: Hit, other: Hit) -> bool:
    return bool(one.source) and one.source == other.source


def _other_source(one: Hit, other: Hit) -> bool:
    return bool(one.source) and bool(other.source) and one.source != other.source


def _is_click(hit: Hit) -> bool:
    return hit.method == "GET" and not is_speculative(hit.headers)


def _by_a_person(hit: Hit) -> bool:
    """Whether an image hit, seen alone, was a person's or a provider's proxy for a person.

    Only what is certain from the hit alone counts, so that the answer does not depend on other hits.
    """
    kind = client_of(_user_agent(hit)).kind
    network = NETWORKS.get(hit.network)
    if kind is ClientKind.GOOGLE_IMAGE_PROXY:
        return network is not None and network.role is NetworkRole.IMAGE_PROXY
    if kind in (ClientKind.MAIL_PROXY, ClientKind.MAIL_CLIENT):
        return True
    if network is not None and network.role in (NetworkRole.SCANNER, NetworkRole.HOSTING, NetworkRole.CLOUD):
        return False
    return kind is ClientKind.BROWSER and "accept_language" in hit.headers


def _links_within(hit: Hit, clicks: Sequence[Hit], seconds: int) -> int:
    """Count distinct links in the fullest stretch of that many seconds that holds the hit.

    Only the same source counts, or the same User-Agent: a scanner may use several addresses, but a
    person whose click falls beside a scanner's is not the scanner.
    """
    if hit.kind is not HitKind.REDIRECT:
        return 0
    width = seconds * _SECOND_US
    near = sorted(
        (c.at_us, c.link_number)
        for c in (hit, *clicks)
        if c.link_number is not None
        and _apart(hit, c) <= width
        and (c is hit or _same_source(hit, c) or _user_agent(c) == _user_agent(hit))
    )
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


def _at_once(hit: Hit, other: Hit) -> bool:
    return _same_source(hit, other) and _apart(hit, other) <= _SECOND_US


def _recipients(hits: Iterator[Hit]) -> int:
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


def _is_shared(hit: Hit) -> bool:
    """Whether many people are known to come from the address of this hit."""
    network = NETWORKS.get(hit.network)
    return network is not None and network.role in SHARED_ROLES


def _recipients_of_source(hit: Hit, siblings: Sequence[SiblingHit]) -> int:
    """Count recipients that this source served within 60 s; a network that people share counts as one."""
    if _is_shared(hit):
        return 1
    window = 60 * _SECOND_US
    same = (s.hit for s in siblings if _same_source(hit, s.hit) and _apart(hit, s.hit) <= window)
    return _recipients(_and_also(hit, same))


def _recipients_within_a_second(hit: Hit, siblings: Sequence[SiblingHit]) -> int:
    if hit.kind is not HitKind.REDIRECT or _is_shared(hit):
        return 0
    same = (
        s.hit
        for s in siblings
        if s.hit.tracking_id == hit.tracking_id
        and s.hit.kind is HitKind.REDIRECT
        and _is_click(s.hit)
        and _apart(hit, s.hit) <= _SECOND_US // 2
        and _same_source(hit, s.hit)
    )
    return _recipients(_and_also(hit, same))


def _and_also(hit: Hit, others: Iterator[Hit]) -> Iterator[Hit]:
    yield hit
    yield from others
