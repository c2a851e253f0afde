"""How right the verdicts were: truth beside verdict, hit by hit."""

from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from backstamp.app.simulator.playing import Played
from backstamp.vocabulary import PEOPLE, Actor

MACHINES = frozenset({Actor.PREFETCH, Actor.SCANNER, Actor.PREVIEW_BOT})
SLACK_US = 2000
"""The edge's clock and ours are the same; a reading of it may be cut to a millisecond."""


class Judged(msgspec.Struct, frozen=True):
    """A hit as the records have it."""

    tracking_id: int
    link_number: int | None
    user_agent: str
    at_us: int
    actor: Actor
    final: bool


class Row(msgspec.Struct, frozen=True):
    """One actor of the vocabulary, or one of the cast: `right` of `hits` were called what they were.

    `precision` is None where nothing was called this (or for a row of the cast, to which no verdict belongs).
    """

    name: str
    hits: int
    right: int
    recall: float | None
    precision: float | None = None
    verdicts: dict[str, int] = {}


class Score(msgspec.Struct, frozen=True):
    """The report: `by_actor` has precision and recall, `by_cast` says which actor was taken for what."""

    played: int
    judged: int
    settled: int
    people_called_machine: int
    machines_called_person: int
    machines_caught: float | None
    by_actor: tuple[Row, ...]
    by_cast: tuple[Row, ...]


def score(played: Iterable[Played], judged: Iterable[Judged]) -> Score:
    """Join what was played with what was judged; each hit is used once, in order of time."""
    pairs, lost = _pairs(list(played), judged)
    confusion = Counter((one.truth, other.actor) for one, other in pairs)
    cast: dict[str, Counter[Actor]] = defaultdict(Counter)
    right: Counter[str] = Counter()
    for one, other in pairs:
        cast[one.actor][other.actor] += 1
        right[one.actor] += one.truth is other.actor
    machines = sum(n for (truth, _), n in confusion.items() if truth in MACHINES)
    caught = sum(n for (truth, said), n in confusion.items() if truth in MACHINES and said in MACHINES)
    return Score(
        played=len(pairs) + lost,
        judged=len(pairs),
        settled=sum(other.final for _, other in pairs),
        people_called_machine=_count(confusion, PEOPLE, MACHINES),
        machines_called_person=_count(confusion, MACHINES, PEOPLE),
        machines_caught=_ratio(caught, machines),
        by_actor=tuple(_row(actor, confusion) for actor in Actor if any(actor in pair for pair in confusion)),
        by_cast=tuple(
            Row(
                name,
                said.total(),
                right[name],
                _ratio(right[name], said.total()),
                verdicts=_named(said),
            )
            for name, said in sorted(cast.items())
        ),
    )


def _pairs(played: list[Played], judged: Iterable[Judged]) -> tuple[list[tuple[Played, Judged]], int]:
    found = defaultdict(list)
    for each in sorted(judged, key=lambda hit: hit.at_us):
        found[each.tracking_id, each.link_number, each.user_agent].append(each)
    pairs: list[tuple[Played, Judged]] = []
    for one in sorted(played, key=lambda act: act.asked_us):
        mates = found[one.tracking_id, one.link_number, one.user_agent]
        while mates and mates[0].at_us < one.asked_us - SLACK_US:
            mates.pop(0)
        if mates and mates[0].at_us <= one.answered_us + SLACK_US:
            pairs.append((one, mates.pop(0)))
    return pairs, len(played) - len(pairs)


def _row(actor: Actor, confusion: Counter[tuple[Actor, Actor]]) -> Row:
    said = Counter({other: n for (truth, other), n in confusion.items() if truth is actor})
    called = sum(n for (_, other), n in confusion.items() if other is actor)
    right = said[actor]
    return Row(actor, said.total(), right, _ratio(right, said.total()), _ratio(right, called), _named(said))


def _count(confusion: Counter[tuple[Actor, Actor]], truths: frozenset[Actor], said: frozenset[Actor]) -> int:
    return sum(n for (truth, other), n in confusion.items() if truth in truths and other in said)


def _named(said: Counter[Actor]) -> dict[str, int]:
    return {str(actor): n for actor, n in said.most_common() if n}


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
