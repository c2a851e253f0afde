"""All that a verdict depends on, as a key: two hits with equal keys get equal verdicts, words included.

That holds while the header fields of both are alive: they are told apart by the object that holds them.

Times are as coarse in the key as in the rules: `rules` and `evidence` compare the seconds since delivery
with whole numbers only and say them in whole seconds, below a minute; what looks further away is put into
words by `spans.ago`. A crowd says nothing before it is one.
"""

from operator import attrgetter
from typing import Final

from backstamp.verdicts.clients import client_of
from backstamp.verdicts.context import Context
from backstamp.verdicts.evidence import (
    CROWD_RECIPIENTS,
    ECHO_SECONDS,
    FOLLOWED_SECONDS,
    OLD_BROWSER_DAYS,
    PROBABLE_NETWORK_SECONDS,
)
from backstamp.verdicts.facts import Facts
from backstamp.verdicts.rules import DELIVERY_SLACK_SECONDS
from backstamp.verdicts.spans import ago

_WORDLESS: Final = frozenset(
    {"link_position", "prefetch_same_source_seconds_before", "prefetch_seconds_before"}
    | {"prior_opens_same_message", "recipients_same_domain", "recipients_same_source_6h"}
    | {"same_signature_seconds_ago", "open_was"}
)
"""Fields of `Context` that no rule reads."""
_COARSER: Final = (
    "seconds_since_open",
    "same_source_as_open",
    "other_network_same_link_seconds_before",
    "other_network_same_link_seconds_after",
    "browser_get_same_source_seconds_after",
    "recipients_same_source_60s",
    "recipients_same_second",
)
_as_it_is: Final = attrgetter(*sorted(set(Context.__struct_fields__) - _WORDLESS - set(_COARSER)))
_coarser: Final = attrgetter(*_COARSER)


_MOST_HEADERS: Final = 24
_LONGEST_WORD: Final = 255


def is_modest(facts: Facts) -> bool:
    """Whether a hit is small enough to be remembered; what the edge keeps always is."""
    return (
        len(facts.headers) <= _MOST_HEADERS
        and len(facts.method) <= _LONGEST_WORD
        and len(facts.certain_rdns) <= _LONGEST_WORD
    )


def memo_key(facts: Facts, context: Context) -> tuple[object, ...]:
    """Return all that `verdict` depends on."""
    since_open, same_source, echo, followed, handed_over, crowd, wave = _coarser(context)
    return (
        facts.event,
        facts.method,
        facts.network,
        facts.certain_rdns,
        _age(facts),
        _since_delivery(facts.seconds_since_delivery),
        id(facts.headers),
        same_source and since_open is not None and since_open >= 2,
        None if echo is None or not 0 <= echo <= ECHO_SECONDS else ago(echo),
        None if followed is None or not 0 <= followed <= FOLLOWED_SECONDS else f"{followed:.1f}",
        None if handed_over is None else f"{handed_over:.1f}",
        crowd if crowd >= CROWD_RECIPIENTS else 0,
        wave if wave >= CROWD_RECIPIENTS else 0,
        _as_it_is(context),
    )


def _age(facts: Facts) -> str | None:
    """Return the age of an old browser as it is put into words; a younger one's says nothing."""
    released = client_of(facts.user_agent).released_day
    if facts.day is None or released is None or facts.day - released <= OLD_BROWSER_DAYS:
        return None
    return f"{(facts.day - released) / 365:.1f}"


def _since_delivery(seconds: float | None) -> int | None:
    if seconds is None:
        return None
    if seconds < 0:
        return -1 if seconds < -DELIVERY_SLACK_SECONDS else 0
    if seconds < 60:
        return int(seconds)
    return 60 if seconds <= PROBABLE_NETWORK_SECONDS else 61
