"""Hits with what the records hold of them, and the neighbourhood in which each is judged.

A verdict must come out the same in whatever order the hits arrive. So who counts as a sibling depends
on times and names alone, and whenever a hit arrives, every hit whose sibling it is, is judged again.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from backstamp.records.bulk import select_for_keys, stored
from backstamp.records.instants import instant
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import Actor, Hit

WINDOW_US: Final = 24 * 3600 * 1_000_000
"""A hit is judged again when a sibling arrives that came within this time after it."""
SAME_SOURCE_US: Final = 60 * 1_000_000
"""So far apart hits of one source are siblings, whosever they are."""

CROWD: Final = 256
"""Hits that are judged in the light of each other, of one recipient or source: the earliest ones.
Whoever fetches one image a million times is not understood better by the rest."""
NEAREST: Final = 64
"""Siblings that are looked at, to either side in time."""


class Judgement(msgspec.Struct, frozen=True):
    """What the records say about who caused a hit."""

    actor: Actor
    counts: bool
    score: float
    certainty: str
    client: str
    reasons: list[dict[str, Any]]


class StoredHit(msgspec.Struct, eq=False):
    """A hit, its journal id, and what the records hold: nothing yet where `pk` is None.

    `message` is the stored tracking id. `recipient` is the index, `NO_RECIPIENT` where the token names
    nobody, None as long as the message is unknown. `closed` hits are not judged again.
    """

    producer: str
    position: int
    message: int
    recipient: int | None
    hit: Hit
    pk: int | None = None
    judgement: Judgement | None = None
    final: bool = False
    closed: bool = False

    @property
    def id(self) -> tuple[str, int]:
        """The journal record's id."""
        return self.producer, self.position


class _Place(NamedTuple):
    at_us: int
    producer: str
    position: int


_COLUMNS: Final = (
    "e.id, e.producer, e.position, e.message_id, e.recipient_index, e.hit, e.source, "
    "e.actor, e.counts, e.score, e.certainty, e.client, e.reasons, e.final"
)
_EARLIEST: Final = f"ORDER BY x.at, x.producer, x.position LIMIT {CROWD}"
_OF_RECIPIENTS: Final = (
    f"SELECT {_COLUMNS} FROM keys CROSS JOIN records_event e WHERE e.id IN ("
    "SELECT x.id FROM records_event x WHERE x.message_id = keys.m AND x.recipient_index = keys.r "
    f"AND x.hit IS NOT NULL {_EARLIEST})"
)
_OF_SOURCES: Final = (
    f"SELECT {_COLUMNS} FROM keys CROSS JOIN records_event e WHERE e.id IN ("
    "SELECT x.id FROM records_event x WHERE x.source = keys.s AND x.at BETWEEN keys.low AND keys.high "
    f"AND x.recipient_index IS NOT NULL {_EARLIEST})"
)
_UNRESOLVED: Final = (
    f"SELECT {_COLUMNS} FROM keys CROSS JOIN records_event e "
    "WHERE e.message_id = keys.m AND e.recipient_index IS NULL AND e.hit IS NOT NULL"
)


def _from_row(row: tuple[Any, ...]) -> StoredHit:
    (
        pk,
        producer,
        position,
        message,
        recipient,
        hit,
        source,
        actor,
        counts,
        score,
        certainty,
        client,
        why,
        final,
    ) = row
    return StoredHit(
        producer,
        position,
        message,
        recipient,
        msgspec.structs.replace(msgspec.json.decode(hit, type=Hit), source=bytes(source or b"")),
        pk,
        Judgement(Actor(actor), bool(counts), score, certainty, client, msgspec.json.decode(why)),
        bool(final),
        closed=source is None,
    )


def unresolved(messages: Iterable[int]) -> Iterator[StoredHit]:
    """Return the hits that came before their message."""
    return map(_from_row, select_for_keys(_UNRESOLVED, ("m",), ((message,) for message in messages)))


class Neighbourhood:
    """Hits by recipient and by source; read from the records as far as they are asked for."""

    def __init__(self) -> None:
        self._hits: dict[tuple[str, int], StoredHit] = {}
        self._groups: dict[tuple[Any, ...], list[_Place]] = {}
        self._loaded: set[tuple[int, int]] = set()

    def add(self, hit: StoredHit) -> None:
        """Put a hit in; one that is there already stays."""
        if hit.id in self._hits:
            return
        self._hits[hit.id] = hit
        for group in _groups_of(hit):
            insort(self._groups.setdefault(group, []), _Place(hit.hit.at_us, *hit.id))

    def load_recipients(self, pairs: Iterable[tuple[int, int]]) -> Iterator[StoredHit]:
        """Read the hits of recipients, each given as (message, index), and return them."""
        wanted = [pair for pair in dict.fromkeys(pairs) if pair not in self._loaded]
        self._loaded.update(wanted)
        for row in select_for_keys(_OF_RECIPIENTS, ("m", "r"), wanted):
            hit = _from_row(row)
            self.add(hit)
            yield self._hits[hit.id]

    def load_around(self, hits: Collection[StoredHit]) -> None:
        """Read all siblings of these hits, and all hits whose siblings they are."""
        pairs = [(h.message, h.recipient) for h in hits if h.recipient not in (None, NO_RECIPIENT)]
        for _ in self.load_recipients(pairs):
            pass
        by_source: dict[bytes, list[int]] = {}
        for hit in hits:
            if hit.hit.source:
                by_source.setdefault(hit.hit.source, []).append(hit.hit.at_us)
        for row in select_for_keys(_OF_SOURCES, ("s", "low", "high"), _stretches(by_source, SAME_SOURCE_US)):
            self.add(_from_row(row))

    def siblings(self, hit: StoredHit) -> list[StoredHit]:
        """Return the hits in whose light this one is judged, itself left out."""
        return self._near(hit, before=None, after=WINDOW_US)

    def judged_by(self, hit: StoredHit) -> list[StoredHit]:
        """Return the hits of which this one is a sibling."""
        return self._near(hit, before=WINDOW_US, after=None)

    def _near(self, hit: StoredHit, before: int | None, after: int | None) -> list[StoredHit]:
        """Collect from the hit's groups; `before` and `after` (microseconds) bound those of its recipient."""
        found: dict[tuple[str, int], None] = {}
        for group in _groups_of(hit):
            bounds = (before, after) if group[0] == "recipient" else (SAME_SOURCE_US, SAME_SOURCE_US)
            found.update(dict.fromkeys(self._slice(group, _Place(hit.hit.at_us, *hit.id), *bounds)))
        found.pop(hit.id, None)
        return [self._hits[id_] for id_ in found]

    def _slice(
        self, group: tuple[Any, ...], place: _Place, before: int | None, after: int | None
    ) -> Iterator[tuple[str, int]]:
        places = self._groups.get(group, [])
        crowd = CROWD if group[0] == "recipient" else len(places)
        here = bisect_left(places, place)
        if here >= crowd:
            return
        low = 0 if before is None else bisect_left(places, place.at_us - before, key=_at)
        high = crowd if after is None else bisect_right(places, place.at_us + after, key=_at)
        for other in places[max(low, here - NEAREST) : min(high, here + NEAREST + 1, crowd)]:
            yield other.producer, other.position


def _at(place: _Place) -> int:
    return place.at_us


def _groups_of(hit: StoredHit) -> Iterator[tuple[Any, ...]]:
    if hit.recipient is not None and hit.recipient != NO_RECIPIENT:
        yield "recipient", hit.message, hit.recipient
    if hit.hit.source:
        yield "source", hit.hit.source


def _stretches(times: dict[Any, list[int]], width: int) -> Iterator[tuple[Any, Any, Any]]:
    """Return for each key the stretches of time that lie within `width` of one of its times, joined."""
    for key, moments in times.items():
        moments.sort()
        first = last = moments[0]
        for at_us in moments[1:]:
            if at_us - last > 2 * width:
                yield key, stored(instant(first - width)), stored(instant(last + width))
                first = at_us
            last = at_us
        yield key, stored(instant(first - width)), stored(instant(last + width))
