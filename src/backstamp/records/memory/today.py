"""What ingest keeps in memory from batch to batch, so that a hit on a message of today reads nothing.

All of it is in the records, too: what is missing is read, and after a failed transaction everything is
forgotten, since it may hold what was never committed. One process writes events, so nothing here grows
old but by that process's own deletions, of which `forget_before` tells, and by erasing a person.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, Literal

import msgspec

from backstamp.records.database.instants import read, stored
from backstamp.records.database.keyed_selects import as_it_is, limited_for_keys, select_for_keys
from backstamp.records.database.texts import listed
from backstamp.records.database.vendor import is_postgresql
from backstamp.records.events.groups import MOST_HITS, Group
from backstamp.records.events.header_sets import HeaderSets
from backstamp.records.events.judgements import Reasons
from backstamp.records.events.stored_hits import COLUMNS, HEADERS, Pair, Place, StoredHit, from_row, minute_of
from backstamp.records.memory.cards import Card, RecipientCard, read_cards, read_recipients
from backstamp.records.memory.huge_pages import gather
from backstamp.records.memory.reverse_names import ReverseNames
from backstamp.records.memory.sources import Sources
from backstamp.verdicts.opened import JudgedHit
from backstamp.vocabulary import Actor, EventType

MOST_HELD: Final = 300_000
"""Recipients of whom it is held what came of them, and hits that are not summed up: about 220 MB."""
FRESH_US: Final = 35 * 60 * 1_000_000
"""Hits are summed up when so much later ones are in the records. It is longer than `FOLD_US`, or each further
hit of a recipient would let all be read again. To hold 300,000 of 110,000 a day as they are, and read those
again that came before, took an eighth of ingest's time."""
MOST_CARDS: Final = 50_000
GATHERED_EVERY: Final = 50_000
"""Records, after which what is held is put into huge pages."""

_SIGNS: Final[dict[EventType, Literal["displayed", "replied"]]] = {
    EventType.DISPLAYED: "displayed",
    EventType.REPLIED: "replied",
}
_OF_PAIR: Final = "x.message_id = keys.m AND x.recipient_index = keys.r AND x.headers_id IS NOT NULL"
_BY_PEOPLE: Final = f"{_OF_PAIR} AND x.actor IN ('human', 'proxied_human')"
_IN_TIME: Final = "x.at, x.producer, x.position"
_OTHERS: Final = (
    f"SELECT e.message_id, e.recipient_index, e.type, {as_it_is('e.at')} "
    "FROM keys CROSS JOIN records_event e WHERE e.message_id = keys.m AND e.recipient_index = keys.r "
    f"AND e.type IN {listed(_SIGNS)}"
)


def sign_of(type_: EventType, at_us: int) -> JudgedHit | None:
    """Return the sign of a person that a receipt or a reply is; None for other events."""
    event = _SIGNS.get(type_)
    return None if event is None else JudgedHit(at_us=at_us, event=event, actor=Actor.HUMAN)


class Memory:
    """Messages, groups of hits, sources, header fields and reasons, as far as they were asked for."""

    def __init__(self) -> None:
        self._cards: dict[int, Card] = {}
        self._groups: dict[Pair, Group] = {}
        self._fresh: dict[Pair, Group] = {}
        """Those that may hold hits that are not summed up."""
        self._newest_us = 0
        self.sources = Sources()
        self.headers = HeaderSets()
        self.reasons = Reasons()
        self.names = ReverseNames()
        self._erased_before_us = 0
        self._newest_erased = 0
        self._since_gathered = 0

    def clear(self) -> None:
        """Forget everything."""
        self._cards.clear()
        self._groups.clear()
        self._fresh.clear()
        self.sources = Sources()
        self.headers = HeaderSets()
        self.reasons = Reasons()
        self.names = ReverseNames()

    def forget_before(self, at_us: int) -> None:
        """Forget the pseudonyms of hits from before this time before the next batch: they are erased."""
        self._erased_before_us = max(self._erased_before_us, at_us)

    def begin(self) -> None:
        """Do what `forget_before` asked for."""
        if limit := self._erased_before_us:
            self._erased_before_us = 0
            self.sources.forget(minute_of(limit))
            for pair, group in list(self._fresh.items()):
                if any(hit.at_us < limit and not hit.closed for hit in group.hits):
                    del self._groups[pair]
                    del self._fresh[pair]
            for group in self._groups.values():
                if group.opened is not None and group.opened.at_us < limit and group.opened.source:
                    group.opened = msgspec.structs.replace(group.opened, source=b"")

    def heed_erasures(self, newest: int) -> None:
        """Forget everything if somebody was erased since: `newest` is the newest erased copy's number."""
        if newest != self._newest_erased:
            self._newest_erased = newest
            self.clear()

    def cards(self, messages: Iterable[int]) -> dict[int, Card]:
        """Return the cards of those of these messages that the records hold."""
        wanted = dict.fromkeys(messages)
        missing = [message for message in wanted if message not in self._cards]
        if missing:
            self._cards |= read_cards(missing)
        found = {}
        for message in wanted:
            card = self._cards.pop(message, None)
            if card is not None:
                found[message] = self._cards[message] = card
        return found

    def card(self, message: int) -> Card | None:
        """Return a card that was asked for."""
        return self._cards.get(message)

    def recipients(self, keys: Iterable[tuple[int, bytes]], indexes: Iterable[Pair]) -> None:
        """See that the cards of these messages, which are there, say who these recipients are."""
        missing_keys = {pair for pair in keys if pair[1] not in self._cards[pair[0]].by_key}
        missing_indexes = {pair for pair in indexes if pair[1] not in self._cards[pair[0]].by_index}
        if missing_keys or missing_indexes:
            read_recipients(self._cards, missing_keys, missing_indexes)

    def recipient(self, pair: Pair) -> RecipientCard | None:
        """Return a recipient that was asked for."""
        card = self._cards.get(pair[0])
        return None if card is None else card.by_index.get(pair[1])

    def forget_recipients(self, pairs: Iterable[Pair]) -> None:
        """Forget recipients of whom new facts were written."""
        for message, index in pairs:
            self._cards[message].by_index.pop(index, None)

    def groups(self, wanted: Mapping[Pair, int]) -> dict[Pair, Group]:
        """Return the groups of recipients, with all hits that have to do with those from a time on."""
        known = self._groups
        missing = [
            pair
            for pair, from_us in wanted.items()
            if (group := known.get(pair)) is None or not group.is_held(from_us)
        ]
        if missing:
            self._read_groups(missing)
        found = {}
        for pair in wanted:
            found[pair] = known[pair] = known.pop(pair)
        return found

    def forget_groups(self, pairs: Collection[Pair]) -> None:
        """Forget the groups of recipients, nothing of whom is being added, of whom something was deleted."""
        for pair in pairs:
            self._groups.pop(pair, None)
            self._fresh.pop(pair, None)

    def know_new(self, card: Card) -> None:
        """Keep the card of a message that was just written, with all its recipients."""
        self._cards[card.message] = card

    def know_silent(self, pairs: Iterable[Pair]) -> None:
        """Take it that nothing came of these recipients yet, so that nothing is looked for."""
        for pair in pairs:
            self._groups[pair] = Group()

    def group(self, pair: Pair) -> Group:
        """Return a group that was asked for."""
        return self._groups[pair]

    def hits(self, places: Mapping[Pair, Collection[Place]]) -> list[StoredHit]:
        """Return the hits at these places; their groups were asked for, and need not hold them all."""
        found: list[StoredHit] = []
        missing: set[tuple[int, int, str]] = set()
        wanted: set[Place] = set()
        for pair, theirs in places.items():
            for place in theirs:
                hit = self._groups[pair].find(place)
                if hit is not None:
                    found.append(hit)
                elif not self._groups[pair].whole:
                    missing.add((*pair, stored(place[0])))
                    wanted.add(place)
        at = "keys.a::timestamptz" if is_postgresql() else "keys.a"
        rows = list(
            select_for_keys(
                f"SELECT {COLUMNS} FROM keys CROSS JOIN records_event e WHERE e.message_id = keys.m "
                f"AND e.recipient_index = keys.r AND e.at = {at} AND e.headers_id IS NOT NULL",
                ("m", "r", "a"),
                missing,
            )
        )
        self.headers.load({row[HEADERS] for row in rows})
        return found + [hit for hit in map(self._judged, rows) if hit.place in wanted]

    def read_again(self, pair: Pair) -> Group:
        """Return a group as the records hold it now."""
        del self._groups[pair]
        self._read_groups([pair])
        return self._groups[pair]

    def note_added(self, pairs: Iterable[Pair], newest_us: int | None) -> None:
        """Take it that hits were added to these groups, the newest of them at about this time."""
        self._fresh.update((pair, self._groups[pair]) for pair in pairs)
        if newest_us is not None:
            self._newest_us = newest_us

    def trim(self) -> None:
        """Sum up what is not fresh, and let go what was not asked for lately, as far as there is too much."""
        held, before_us = len(self._groups), self._newest_us - FRESH_US
        self.sources.trim(before_us)
        fresh: dict[Pair, Group] = {}
        for pair, group in self._fresh.items():
            group.fold(before_us)
            if group.hits:
                fresh[pair] = group
                held += len(group.hits)
        self._fresh = fresh
        if held > MOST_HELD:
            self._groups = dict(list(self._groups.items())[len(self._groups) // 2 :])
            self._fresh = {pair: group for pair, group in fresh.items() if pair in self._groups}
        if len(self._cards) > MOST_CARDS:
            kept = list(self._cards.items())[len(self._cards) // 3 :]
            self._cards = dict(kept)

    def grown(self, records: int) -> None:
        """Take it that a batch of so many records left its traces: now and then they are put together."""
        self._since_gathered += records
        if self._since_gathered >= GATHERED_EVERY:
            self._since_gathered = 0
            gather()

    def _read_groups(self, pairs: list[Pair]) -> None:
        groups = {pair: self._groups.get(pair) or Group() for pair in pairs}
        for group in groups.values():
            # The hits that it holds stay: some are not in the records yet, or are about to be judged again.
            group.unfold()
        self._read(_OF_PAIR, pairs, groups)
        full = [pair for pair, group in groups.items() if len(group.hits) >= MOST_HITS]
        if full:
            for pair in full:
                groups[pair].whole = False
            self._read(_BY_PEOPLE, full, groups)
        for message, recipient, type_, at in select_for_keys(_OTHERS, ("m", "r"), pairs):
            sign = sign_of(EventType(type_), read(at))
            assert sign is not None
            groups[message, recipient].others.append(sign)
        self._groups |= groups
        self._fresh |= groups

    def _read(self, which: str, pairs: Iterable[Pair], groups: dict[Pair, Group]) -> None:
        source = limited_for_keys("records_event", which, _IN_TIME, MOST_HITS)
        rows = list(select_for_keys(f"SELECT {COLUMNS} {source}", ("m", "r"), pairs))
        self.headers.load({row[HEADERS] for row in rows})
        for row in rows:
            hit = self._judged(row)
            group = groups[hit.message, row[4]]
            if group.find(hit.place) is None:
                group.add((hit,))

    def _judged(self, row: tuple[Any, ...]) -> StoredHit:
        """Return the hit of a row whose header fields were read."""
        self.reasons.load_apple()
        hit = from_row(row, self.headers.of(row[HEADERS]))
        assert hit.judgement is not None
        hit.stand(self.reasons.completed(hit.judgement))
        return hit
