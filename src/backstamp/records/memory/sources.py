"""Hits by the source that they came from: who did the same at about the same time.

Minutes in which this process took in every hit that is stored are in memory whole; of older ones the
index of the records is asked, once for each source.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final

from django.db import connection

from backstamp.records.database.instants import MINUTE_US
from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.events.groups import NEAREST
from backstamp.records.events.header_sets import HeaderSets
from backstamp.records.events.stored_hits import COLUMNS, HEADERS, Pair, StoredHit, from_row
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.verdicts import is_shared

SAME_SOURCE_US: Final = 60 * 1_000_000
"""So far apart hits of one source are siblings, whosever they are."""
MOST_SEEN: Final = 150_000
"""Hits that are held in memory."""

OF_SOURCES: Final = (
    f"SELECT {COLUMNS} FROM keys CROSS JOIN records_event e "
    "WHERE e.source = keys.s AND e.recipient_index IS NOT NULL"
)
_NEWEST: Final = "SELECT source FROM records_event WHERE source IS NOT NULL ORDER BY source DESC LIMIT 1"

Key = tuple[int, bytes]
"""A minute since 1970, and the pseudonym of an address."""


class Sources:
    """Hits by source, in the order of time; `add` what is stored, `load` what is asked for."""

    def __init__(self) -> None:
        self._seen: dict[bytes, list[StoredHit]] = {}
        self._alone: dict[bytes, Pair] = {}
        self.several: set[bytes] = set()
        """Sources that fetched for several recipients: of all others `around` has nothing to say."""
        self._number = 0
        self._loaded: set[Key] = set()
        self._whole_after: int | None = None

    def load(self, each: Iterable[Sequence[StoredHit]], headers: HeaderSets) -> None:
        """Read what came from the sources of these hits within a minute of them.

        `each` are hits in the order of time: mostly all came after what has to be read.
        """
        if self._whole_after is None:
            self._whole_after = _newest_minute()
        wanted: dict[Key, None] = {}
        whole_from_us = (self._whole_after + 2) * MINUTE_US
        for hits in each:
            if hits[0].place[0] >= whole_from_us:
                continue
            for hit in hits:
                if hit.place[0] < whole_from_us and (source := hit.hit.source):
                    minute = hit.place[0] // MINUTE_US
                    for near in (minute - 1, minute, minute + 1):
                        if 0 <= near <= self._whole_after and (near, source) not in self._loaded:
                            wanted[near, source] = None
        if not wanted:
            return
        rows = list(
            select_for_keys(OF_SOURCES, ("s",), ((m.to_bytes(4, "big") + source,) for m, source in wanted))
        )
        headers.load({row[HEADERS] for row in rows})
        self._loaded.update(wanted)
        for row in rows:
            hit = from_row(row, headers.of(row[HEADERS]))
            assert hit.recipient is not None
            self.add((hit.message, hit.recipient), (hit,))

    def add(self, pair: Pair, hits: Iterable[StoredHit]) -> None:
        """Put hits of a recipient in that are in the records, or will be at the end of the transaction."""
        all_seen, alone = self._seen, self._alone
        before, number = b"", 0
        found: list[StoredHit] = []
        for hit in hits:
            source = hit.hit.source
            if not source:
                continue
            if source != before:  # Most come from the source of the one before.
                before, found = source, all_seen.setdefault(source, [])
                if not found:
                    alone[source] = pair
                elif alone.get(source, pair) != pair:
                    del alone[source]
                    self.several.add(source)
            number += 1
            if found and hit.place < found[-1].place:
                insort(found, hit, key=_place)
            else:
                found.append(hit)
        self._number += number

    def around(self, hit: StoredHit) -> Sequence[StoredHit]:
        """Return what came from the source of this hit within a minute of it, itself left out.

        Only hits that name nobody are told of their own recipient: the others know that one's hits already.
        Of other recipients nothing is told where many people come from the address, and most sources only
        ever fetched for one.
        """
        source, recipient = hit.hit.source, hit.recipient
        names_nobody = recipient == NO_RECIPIENT
        if not names_nobody and (source not in self.several or is_shared(hit.hit)):
            return ()
        found = self._seen.get(source)
        if found is None or len(found) == 1:
            return ()
        at_us = hit.place[0]
        here = bisect_left(found, hit.place, key=_place)
        low = bisect_left(found, (at_us - SAME_SOURCE_US,), max(0, here - NEAREST), here, key=_place)
        last = min(len(found), here + NEAREST + 1)
        high = bisect_left(found, (at_us + SAME_SOURCE_US + 1,), here, last, key=_place)
        near = found[low:here] + found[here + 1 : high]
        if names_nobody:
            return near
        message = hit.message
        return [other for other in near if other.recipient != recipient or other.message != message]

    def trim(self, before_us: int) -> None:
        """Let go what came before this time, and the oldest where that is too much; it can be read again."""
        self.forget(before_us // MINUTE_US)
        if self._number > MOST_SEEN:
            times = sorted(hit.place[0] for found in self._seen.values() for hit in found)
            self.forget(times[len(times) // 2] // MINUTE_US)

    def forget(self, minute: int) -> None:
        """Let all go that came in this minute or before."""
        if self._whole_after is None:  # Nothing is held, and what the records hold is not known yet.
            return
        self._whole_after = max(minute, self._whole_after)
        self._loaded.clear()
        # What is left must be whole: an older minute that was read is forgotten with the rest.
        limit = (self._whole_after + 1) * MINUTE_US
        seen: dict[bytes, list[StoredHit]] = {}
        for source, found in self._seen.items():
            # Most are of few minutes, and go or stay as a whole.
            if found[-1].place[0] < limit:
                continue
            seen[source] = found if found[0].place[0] >= limit else [h for h in found if h.place[0] >= limit]
        self._alone = {source: self._alone[source] for source in seen if source in self._alone}
        self.several.intersection_update(seen)
        self._seen, self._number = seen, sum(map(len, seen.values()))


_place: Final = attrgetter("place")


def _newest_minute() -> int:
    """Return the newest minute of which the records may hold a hit that this process never saw."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST)
        newest = cursor.fetchone()
    return int.from_bytes(bytes(newest[0])[:4], "big") if newest else 0
