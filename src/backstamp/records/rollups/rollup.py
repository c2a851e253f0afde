"""What is kept in step with the events, in the same transaction: recipients, messages, days.

`Rollup` collects what a batch changes and writes it once at its end. All of it can be made again from
the events (`rebuild`, and `backstamp rollups rebuild`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from backstamp.records.database.bulk import update
from backstamp.records.database.instants import DAY_US, day_of, zone
from backstamp.records.events import tally
from backstamp.records.events.groups import MOST_HITS
from backstamp.records.events.judgements import Judgement
from backstamp.records.events.stored_hits import Pair, StoredHit
from backstamp.records.memory.cards import Card, RecipientCard
from backstamp.records.memory.today import Memory
from backstamp.records.rollups import day_counts, standing
from backstamp.records.rollups.day_counts import NO_FLAGS, DayKey, Flags
from backstamp.records.rollups.standing import Said
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import EventType

_TYPES: Final = {type_: type_.value for type_ in EventType}
_OF_PAIR: Final = itemgetter(-2, -1)
"""Message and index, which stand last in a row."""
_COUNTS: Final = ("opened", "clicked", "troubled")
_CHANGING: Final = ("tally", "version")


class Rollup:
    """The changes of one transaction."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._zone = zone()
        self._days: Counter[DayKey] = Counter()
        self._hits: list[tuple[Any, ...]] = []
        self._deliveries: list[tuple[Any, ...]] = []
        self._counted: set[int] = set()
        """Messages of which other recipients opened, clicked or are in trouble."""
        self.messages: set[int] = set()
        """Messages about which something changed."""

    def message(self, card: Card) -> None:
        """Count a message that is new."""
        self.messages.add(card.message)
        self._days[card.day, card.domain_id, card.measure("messages")] += 1

    def recipient(self, card: Card, recipient: RecipientCard) -> None:
        """Count a recipient that is new."""
        self._note(card, recipient.index, None, _flags(recipient))

    def event(self, card: Card, at_us: int, type_: EventType, number: int = 1) -> None:
        """Count what the gateway or the next hop said, or a report; `number` -1 takes it away."""
        self._days[day_of(at_us), card.domain_id, card.measure(_TYPES[type_])] += number

    def fetches(self, judged: Iterable[tuple[StoredHit, Judgement]]) -> None:
        """Count hits of known messages that are new, or judged otherwise than they stand."""
        first: StoredHit | None = None
        its: Judgement | None = None
        its_day = number = 0
        for hit, after in judged:
            day = hit.place[0] // DAY_US
            if hit.counted and hit.judgement is not None:
                self._fetched(hit, hit.judgement, day, -1)
            # Most hits of a recipient are the same image, loaded again: these are counted at once.
            if (
                after is its
                and first is not None
                and hit.message == first.message
                and hit.type is first.type
                and day == its_day
                and hit.hit.link_number == first.hit.link_number
            ):
                number += 1
                continue
            if first is not None and its is not None:
                self._fetched(first, its, its_day, number)
            first, its, its_day, number = hit, after, day, 1
        if first is not None and its is not None:
            self._fetched(first, its, its_day, number)

    def _fetched(self, hit: StoredHit, judgement: Judgement, day: int, number: int) -> None:
        """Count so many hits like this one, which came on this day since 1970."""
        card = self._memory.card(hit.message)
        assert card is not None
        self.messages.add(card.message)
        name, whole = tally.keys(_TYPES[hit.type], judgement.actor, judgement.counts, hit.hit.link_number)
        if card.received:
            whole = card.measure(whole)
        else:
            card.tally[name] = card.tally.get(name, 0) + number
        self._days[day_of(day * DAY_US), card.domain_id, whole] += number

    def deliveries(self, reports: Mapping[Pair, Sequence[Said]]) -> set[Pair]:
        """Say where recipients' copies stand; return the recipients whose hits that lets see otherwise.

        `reports` are all that was ever said of them.
        """
        changed: set[Pair] = set()
        for pair, theirs in reports.items():
            card = self._memory.card(pair[0])
            recipient = None if card is None else card.by_index.get(pair[1])
            if card is None or recipient is None:
                continue
            state, sent_at_us, values = standing.delivery_of(theirs, self._zone)
            before, bounced = _flags(recipient), recipient.bounced
            if sent_at_us != recipient.sent_at_us:
                recipient.sent_at_us = sent_at_us
                changed.add(pair)
                if sent_at_us is not None and (
                    card.first_sent_at_us is None or sent_at_us < card.first_sent_at_us
                ):
                    card.first_sent_at_us = sent_at_us
                    changed.add((pair[0], NO_RECIPIENT))
            recipient.delivery = state
            if recipient.bounced != bounced:
                changed.add(pair)
            self.messages.add(pair[0])
            self._note(card, pair[1], before, _flags(recipient))
            self._deliveries.append((*values, *pair))
        standing.write_deliveries(self._deliveries)
        self._deliveries = []
        return changed

    def hits(self, pairs: Iterable[Pair]) -> None:
        """Count the hits of recipients by who made them, and say whether they opened and clicked."""
        for pair in pairs:
            card = self._memory.card(pair[0])
            recipient = None if card is None else card.by_index.get(pair[1])
            if card is None or recipient is None:
                continue
            group = self._memory.group(pair)
            if not group.whole or group.folded + len(group.hits) > MOST_HITS:
                group = self._memory.read_again(pair)
            values = standing.hits_of(group, card.opens_tracked, self._zone)
            if values == group.standing:
                continue
            group.standing = values
            self._hits.append(values + pair)
            opened, clicked = values[0] is not None, values[1] is not None
            if recipient.opened != opened or recipient.clicked != clicked:
                before = _flags(recipient)
                recipient.opened, recipient.clicked = opened, clicked
                self._note(card, pair[1], before, _flags(recipient))

    def write(self, version: int) -> None:
        """Write what is not yet written; `version` is the number of this change."""
        self._hits.sort(key=_OF_PAIR)  # What lies together is changed together.
        standing.write_hits(self._hits)
        # Indexes hold what is counted, and SQLite would write their entries anew where it stays the same.
        self._write_messages(self._counted, version, *_COUNTS)
        self._write_messages(self.messages - self._counted, version)
        day_counts.add(self._days)

    def _write_messages(self, messages: Iterable[int], version: int, *counts: str) -> None:
        cards = (self._memory.card(message) for message in sorted(messages))
        rows = (
            (*(getattr(card, name) for name in counts), tally.encode(card.tally), version, card.message)
            for card in cards
            if card is not None
        )
        update("records_messagerollup", (*counts, *_CHANGING), ("message_id",), rows)

    def _note(self, card: Card, index: int, before: Flags | None, after: Flags) -> None:
        if before == after:
            return
        opened, clicked, troubled = (now - was for now, was in zip(after, before or NO_FLAGS, strict=True))
        if opened or clicked or troubled:
            card.opened += opened
            card.clicked += clicked
            card.troubled += troubled
            self._counted.add(card.message)
        self.messages.add(card.message)
        if index == NO_RECIPIENT:  # Nobody in particular is no recipient.
            return
        for name, number in day_counts.changes_of_recipient(before, after):
            self._days[card.day, card.domain_id, card.measure(name)] += number


def _flags(recipient: RecipientCard) -> Flags:
    return recipient.opened, recipient.clicked, recipient.troubled
