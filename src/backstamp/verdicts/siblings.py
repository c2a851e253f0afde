"""From the hits beside a hit to its `Context`: bursts, crowds, echoes, earlier opens.

`context_of` only counts and compares, so the order in which hits arrive never changes what it says.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from backstamp.verdicts.clients import ClientKind, client_of
from backstamp.verdicts.context import Context
from backstamp.verdicts.crowds import tell_crowd
from backstamp.verdicts.other_clicks import Clicks
from backstamp.verdicts.rules import MALFORMED_TOKEN_SECONDS
from backstamp.verdicts.single_hits import (
    is_by_a_person,
    is_fetch,
    is_same_source,
    is_shared,
    moment_of,
    seconds_between,
    user_agent_of,
)
from backstamp.vocabulary import MALFORMED, Hit, HitKind

_SECOND_US: Final = 1_000_000
_MINUTE_US: Final = 60 * _SECOND_US
_BEFORE_SENT_GRACE_US: Final = 60 * _SECOND_US
_MALFORMED_US: Final = round(MALFORMED_TOKEN_SECONDS * _SECOND_US)
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


def context_of(
    hit: Hit,
    siblings: Sequence[Hit],
    elsewhere: Sequence[Hit] = (),
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
        siblings: all other hits of the same recipient of the same message.  Their order does not matter,
            and the hit itself may be among them.
        elsewhere: hits of other recipients, or on other messages, from the same source within 60 s.
        total_links: links of the message; 0 where not known.
        delivered_at_us: when the next hop took this recipient's copy, microseconds since 1970 UTC.
        sent_at_us: when the message was received for sending; earlier hits are the sender's own.
        hidden_links: numbers of links that no reader sees.
        bounced: the recipient's copy came back as undeliverable.
    """
    told = told_by(hit, siblings, elsewhere, hidden_links)
    return context_from(
        hit,
        told,
        total_links=total_links,
        is_hidden=hit.kind is _REDIRECT and hit.link_number in hidden_links,
        is_before_sent=is_before_sent(hit, sent_at_us),
        is_before_delivered=is_before_delivered(hit, delivered_at_us),
        bounced=bounced,
    )


def context_from(
    hit: Hit,
    told: Mapping[str, Any],
    *,
    total_links: int,
    is_hidden: bool,
    is_before_sent: bool,
    is_before_delivered: bool,
    bounced: bool,
) -> Context:
    """Return the context of a hit of which other hits tell this (`told_by`)."""
    is_click = hit.kind is _REDIRECT
    alone = Context(
        links_clicked_within_1s=int(is_click),
        links_clicked_within_2s=int(is_click),
        links_clicked_within_5s=int(is_click),
        links_clicked_within_30s=int(is_click),
        total_links=total_links,
        recipients_same_source_60s=1,
        recipients_same_second=int(is_click and not is_shared(hit)),
        honeypot_link=is_hidden,
        malformed_token=MALFORMED in hit.headers,
        before_sent=is_before_sent,
        before_delivered=is_before_delivered,
        message_bounced=bounced,
        user_agents_from_source=1,
        link_position=hit.link_number,
    )
    return msgspec.structs.replace(alone, **told) if told else alone


def is_before_sent(hit: Hit, sent_at_us: int | None) -> bool:
    """Whether a hit came before its message did, with room for clocks that differ."""
    return sent_at_us is not None and hit.at_us < sent_at_us - _BEFORE_SENT_GRACE_US


def is_before_delivered(hit: Hit, delivered_at_us: int | None) -> bool:
    """Whether a hit came before the next hop took the copy, with room for what the record may be late."""
    return delivered_at_us is not None and hit.at_us < delivered_at_us - _SECOND_US


@dataclass(slots=True)
class _Beside:
    """What hits of a recipient tell of another one, whatever it is.

    `agents` are the programs of its source, `sources` the others with its program, both within a minute;
    `browser_after` is when a browser of its source followed the same link.
    """

    agents: set[str] | None = None
    sources: set[bytes] | None = None
    browser_after: int | None = None

    def look(self, other: Hit, delta: int, user_agent: str, source: bytes) -> None:
        """Note another hit, so long after the one with this program and source."""
        if not source or not -_MINUTE_US <= delta <= _MINUTE_US:
            return
        agent = other.headers.get("user_agent", "")
        if other.source == source:
            if agent != user_agent:
                self.agents = self.agents or {user_agent}
                self.agents.add(agent)
        elif agent == user_agent and other.source:
            self.sources = self.sources or set()
            self.sources.add(other.source)

    def look_for_browser(self, other: Hit, delta: int, link_number: int | None) -> None:
        """Note that the same source fetched a link."""
        if (
            0 < delta <= _HANDED_OVER_US
            and other.link_number == link_number
            and (self.browser_after is None or delta < self.browser_after)
            and client_of(user_agent_of(other)).kind is ClientKind.BROWSER
        ):
            self.browser_after = delta

    def tell(self, told: dict[str, Any]) -> None:
        """Tell it."""
        if self.agents:
            told["user_agents_from_source"] = len(self.agents)
        if self.sources:
            told["same_user_agent_from_other_network_60s"] = len(self.sources)
        if self.browser_after is not None:
            told["browser_get_same_source_seconds_after"] = self.browser_after / 1e6


def told_by(
    hit: Hit, siblings: Sequence[Hit], elsewhere: Sequence[Hit], hidden_links: Collection[int]
) -> dict[str, Any]:
    """Return what other hits (see `context_of`) tell of a hit: the fields of its context that they change."""
    told: dict[str, Any] = {}
    if siblings:
        if hit.kind is _REDIRECT:
            _tell_of_click(told, hit, siblings)
        elif not elsewhere and not hidden_links and _are_the_same(hit, siblings):
            return told
        else:
            _tell_of_image(told, hit, siblings)
        if hidden_links:
            _tell_hidden(told, hit, siblings, hidden_links)
    if hit.source and not is_shared(hit):
        tell_crowd(told, hit, siblings, elsewhere)
    return told


def _are_the_same(hit: Hit, siblings: Sequence[Hit]) -> bool:
    """Whether an image was fetched again by the same program and source for the same recipient, and no more.

    Most hits' siblings are of this kind, and tell nothing.
    """
    source, headers, key, tracking_id = hit.source, hit.headers, hit.recipient_key, hit.tracking_id
    for other in siblings:
        if (
            other.headers is not headers
            or other.source != source
            or other.kind is not _PIXEL
            or other.recipient_key != key
            or other.tracking_id != tracking_id
        ):
            return False
    return hit.recipient_index is None


def _tell_of_image(told: dict[str, Any], hit: Hit, siblings: Sequence[Hit]) -> None:
    source, headers, at_us, tracking_id = hit.source, hit.headers, hit.at_us, hit.tracking_id
    user_agent = headers.get("user_agent", "")
    beside: _Beside | None = None
    for other in siblings:
        if other.kind is _PIXEL and other.headers is headers and other.source == source:
            continue  # The same program and source loaded it again, which is what most siblings are.
        if other.tracking_id != tracking_id:
            continue
        beside = beside or _Beside()
        delta = other.at_us - at_us
        beside.look(other, delta, user_agent, source)
        if MALFORMED in other.headers:
            _tell_malformed(told, hit, other)
        if other.kind is _REDIRECT and other.source == source and source and is_fetch(other):
            if -_SECOND_US <= delta <= _SECOND_US:
                told["same_source_clicked_within_1s"] = True
            beside.look_for_browser(other, delta, hit.link_number)
    if beside is not None:
        beside.tell(told)


def _tell_of_click(told: dict[str, Any], hit: Hit, siblings: Sequence[Hit]) -> None:
    source, headers, at_us, tracking_id = hit.source, hit.headers, hit.at_us, hit.tracking_id
    user_agent = headers.get("user_agent", "")
    beside: _Beside | None = None
    clicks: Clicks | None = None
    opened: Hit | None = None
    # From the last on: of the images before it the latest is asked for, and the others need no look then.
    for other in reversed(siblings):
        if other.tracking_id != tracking_id:
            continue
        delta = other.at_us - at_us
        same = other.source == source and source != b""
        if not same or (other.headers is not headers and other.headers.get("user_agent", "") != user_agent):
            beside = beside or _Beside()
            beside.look(other, delta, user_agent, source)
        if MALFORMED in other.headers:
            _tell_malformed(told, hit, other)
        if other.kind is _REDIRECT:
            if is_fetch(other):
                if same and 0 < delta <= _HANDED_OVER_US:
                    beside = beside or _Beside()
                    beside.look_for_browser(other, delta, hit.link_number)
                clicks = clicks or Clicks()
                clicks.look(hit, other, same or user_agent_of(other) == user_agent)
        elif other.method == "GET":
            if same and -_SECOND_US <= delta <= _SECOND_US:
                told["same_source_opened_within_1s"] = True
            if (
                delta < 0
                and (opened is None or other.at_us >= opened.at_us)
                and (opened is None or moment_of(other) > moment_of(opened))
                and is_by_a_person(other)
            ):
                opened = other
    if beside is not None:
        beside.tell(told)
    if clicks is not None:
        clicks.tell(told, hit)
    if opened is not None:
        told["opened_before"] = True
        told["same_source_as_open"] = is_same_source(hit, opened)
        told["seconds_since_open"] = seconds_between(opened, hit)


def _tell_hidden(
    told: dict[str, Any], hit: Hit, siblings: Sequence[Hit], hidden_links: Collection[int]
) -> None:
    apart = [
        abs(other.at_us - hit.at_us)
        for other in siblings
        if is_same_source(hit, other)
        and other.kind is _REDIRECT
        and other.link_number in hidden_links
        and other.tracking_id == hit.tracking_id
        and is_fetch(other)
    ]
    if apart:
        told["honeypot_same_source_seconds"] = min(apart) / 1e6


def _tell_malformed(told: dict[str, Any], hit: Hit, other: Hit) -> None:
    """Tell that another hit, which asked for a malformed token, came by the same source."""
    apart = abs(other.at_us - hit.at_us)
    if is_same_source(hit, other) and apart <= _MALFORMED_US:
        name = "malformed_token_same_source_seconds"
        told[name] = min(apart / 1e6, told.get(name, MALFORMED_TOKEN_SECONDS))
