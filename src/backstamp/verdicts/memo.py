"""Verdicts given before, by all that they depend on: judging anew costs ten times a look-up.

Two hits with equal keys get equal verdicts, words included. Times are as coarse in the key as in the rules:
`rules` and `evidence` compare the seconds since delivery with whole numbers only and say them in whole
seconds, below a minute; what looks further away is put into words by `spans.ago`. A crowd says nothing before
it is one. Neither context nor facts are made where the key is known.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from backstamp.verdicts.clients import client_of
from backstamp.verdicts.evidence import (
    CROWD_RECIPIENTS,
    ECHO_SECONDS,
    FOLLOWED_SECONDS,
    OLD_BROWSER_DAYS,
    PROBABLE_NETWORK_SECONDS,
)
from backstamp.verdicts.facts import DAY_US, facts_of
from backstamp.verdicts.judging import Verdict, verdict
from backstamp.verdicts.rules import DELIVERY_SLACK_SECONDS
from backstamp.verdicts.siblings import context_from, is_before_delivered, is_before_sent, told_by
from backstamp.verdicts.spans import ago
from backstamp.vocabulary import Hit, HitKind

_MOST_KNOWN: Final = 8192
_MOST_HEADERS: Final = 24
_LONGEST_WORD: Final = 255
_REDIRECT: Final = HitKind.REDIRECT
_NOTHING: Final[dict[str, Any]] = {}
_LONG_SINCE: Final = 61
"""In the key, for what came longer after delivery than any rule asks; other numbers are seconds."""
_LONG_SINCE_US: Final = (int(PROBABLE_NETWORK_SECONDS) + 1) * 1_000_000
_PIXEL: Final = HitKind.PIXEL

_known: Final[dict[tuple[object, ...], tuple[dict[str, str], Verdict]]] = {}
"""The header fields stand in the key as the object that holds them, and beside the verdict so that it lives
as long: ingest keeps one for all hits with the same fields, and to compare it costs nothing.
"""
_plain: Final[dict[tuple[int, str, int], tuple[dict[str, str], Verdict]]] = {}
"""The same of images that were loaded long after delivery, of which nothing else is to be said, by header
fields, network and day.
"""


def judge(
    hit: Hit,
    siblings: Sequence[Hit],
    elsewhere: Sequence[Hit] = (),
    *,
    total_links: int,
    delivered_at_us: int | None,
    sent_at_us: int | None = None,
    bounced: bool = False,
    certain_rdns: str = "",
) -> Verdict:
    """Return the `verdict` of the facts (`facts_of`) and the context (`context_of`) of a hit.

    Equal hits get the same object, for as long as it is remembered. For the arguments see those two.
    """
    at_us, headers = hit.at_us, hit.headers
    told = told_by(hit, siblings, elsewhere, ()) if siblings or elsewhere else _NOTHING
    before_sent = sent_at_us is not None and at_us < sent_at_us and is_before_sent(hit, sent_at_us)
    before_delivered, since = False, None
    if delivered_at_us is not None:
        # What came later than the rules look at is most: it needs no closer look.
        since_us = at_us - delivered_at_us
        since = _LONG_SINCE if since_us > _LONG_SINCE_US else _since_delivery(since_us / 1e6)
        before_delivered = since_us < 0 and is_before_delivered(hit, delivered_at_us)
    key = (
        id(headers),
        hit.kind is _REDIRECT,
        hit.method,
        hit.network,
        certain_rdns,
        _age(headers.get("user_agent", ""), at_us // DAY_US),
        since,
        before_sent,
        before_delivered,
        bounced,
        (total_links, *_coarse(told)) if told else None,
    )
    found = _known.get(key)
    if found is not None:
        return found[1]
    context = context_from(
        hit,
        told,
        total_links=total_links,
        is_hidden=False,
        is_before_sent=before_sent,
        is_before_delivered=before_delivered,
        bounced=bounced,
    )
    judged = verdict(facts_of(hit, delivered_at_us, certain_rdns=certain_rdns), context)
    if _is_modest(hit, certain_rdns):
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = headers, judged
    return judged


def judge_alone(
    hits: Iterable[Hit],
    *,
    total_links: int,
    delivered_at_us: int | None,
    sent_at_us: int | None,
    bounced: bool,
) -> list[Verdict]:
    """Return what `judge` says of each of some hits of a recipient that tell nothing of each other.

    No address of theirs has a confirmed name. Of most, which are images loaded long after delivery, only the
    header fields, network and day matter: to ask for these three takes a quarter of what the whole key does.
    """
    found: list[Verdict] = []
    for hit in hits:
        at_us, headers = hit.at_us, hit.headers
        key = None
        if (
            hit.kind is _PIXEL
            and hit.method == "GET"
            and not bounced
            and (delivered_at_us is not None and at_us - delivered_at_us > _LONG_SINCE_US)
            and (sent_at_us is None or at_us >= sent_at_us)
        ):
            key = id(headers), hit.network, at_us // DAY_US
            known = _plain.get(key)
            if known is not None:
                found.append(known[1])
                continue
        judged = judge(
            hit,
            (),
            total_links=total_links,
            delivered_at_us=delivered_at_us,
            sent_at_us=sent_at_us,
            bounced=bounced,
        )
        if key is not None and _is_modest(hit, ""):
            if len(_plain) >= _MOST_KNOWN:
                _plain.clear()
            _plain[key] = headers, judged
        found.append(judged)
    return found


def _is_modest(hit: Hit, certain_rdns: str) -> bool:
    """Whether a hit is small enough to be remembered; what the edge keeps always is."""
    return (
        len(hit.headers) <= _MOST_HEADERS
        and len(hit.method) <= _LONGEST_WORD
        and len(certain_rdns) <= _LONGEST_WORD
    )


def _coarse(told: Mapping[str, Any]) -> list[object]:
    return [(name, _COARSER[name](value) if name in _COARSER else value) for name, value in told.items()]


def _crowd(recipients: int) -> int:
    return recipients if recipients >= CROWD_RECIPIENTS else 0


_COARSER: Final[dict[str, Callable[[Any], object]]] = {
    "seconds_since_open": lambda seconds: seconds >= 2,
    "other_network_same_link_seconds_before": lambda seconds: ago(seconds) if seconds <= ECHO_SECONDS else "",
    "other_network_same_link_seconds_after": (
        lambda seconds: f"{seconds:.1f}" if seconds <= FOLLOWED_SECONDS else ""
    ),
    "browser_get_same_source_seconds_after": lambda seconds: f"{seconds:.1f}",
    "malformed_token_same_source_seconds": lambda seconds: f"{seconds:.0f}",
    "recipients_same_source_60s": _crowd,
    "recipients_same_second": _crowd,
}


@lru_cache(maxsize=8192)
def _age(user_agent: str, day: int) -> str | None:
    """Return the age of an old browser as it is put into words; a younger one's says nothing."""
    released = client_of(user_agent).released_day
    if released is None or day - released <= OLD_BROWSER_DAYS:
        return None
    return f"{(day - released) / 365:.1f}"


def _since_delivery(seconds: float) -> int:
    if seconds < 0:
        return -1 if seconds < -DELIVERY_SLACK_SECONDS else 0
    if seconds < 60:
        return int(seconds)
    return 60 if seconds <= PROBABLE_NETWORK_SECONDS else _LONG_SINCE
