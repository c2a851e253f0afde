"""Whom hits are about: the recipients that their tokens name.

A pixel names its recipient by key, a link by index. Hits of a message that give the same name are looked at
once: a batch has many of a few recipients.
"""

from collections.abc import Iterable
from operator import attrgetter
from typing import Final

from backstamp.records.events.stored_hits import Pair, StoredHit
from backstamp.records.memory.cards import Card
from backstamp.records.memory.today import Memory
from backstamp.tokens.sealing import ANONYMOUS, NO_RECIPIENT
from backstamp.vocabulary import HitKind

Name = bytes | int | None
"""What a token says of the recipient: a pixel's the key, a link's the index. Empty and None are nobody."""

ByName = dict[int, dict[Name, list[StoredHit]]]
"""Hits by message and name."""

_PIXEL: Final = HitKind.PIXEL
_place: Final = attrgetter("place")


def by_name(hits: Iterable[StoredHit]) -> ByName:
    """Return hits by message and name."""
    found: ByName = {}
    for hit in hits:
        names = found.get(hit.message)
        if names is None:
            names = found[hit.message] = {}
        seen = hit.hit
        name = seen.recipient_key if seen.kind is _PIXEL else seen.recipient_index
        theirs = names.get(name)
        if theirs is None:
            names[name] = [hit]
        else:
            theirs.append(hit)
    return found


def know(named: ByName, memory: Memory) -> None:
    """See that the cards of these messages, which are in the memory, say who these names are."""
    keys: set[tuple[int, bytes]] = set()
    indexes: set[Pair] = set()
    nobodies: set[Pair] = set()
    for message, names in named.items():
        card = memory.card(message)
        assert card is not None
        for name in names:
            if _index(card, name) is not None:
                continue
            nobodies.add((message, NO_RECIPIENT))
            if isinstance(name, int):
                indexes.add((message, name))
            elif name and name != ANONYMOUS:
                keys.add((message, name))
    if nobodies:
        memory.recipients(keys, indexes)
        memory.recipients((), nobodies)


def resolve(named: ByName, memory: Memory) -> dict[Pair, list[StoredHit]]:
    """Return hits of known messages by recipient, whom they now hold, those of each in the order of time.

    `know` was asked about them. What names nobody, or somebody of whom the message knows nothing, is nobody's
    in particular. Messages are in the order of their numbers, as they are in the indexes.
    """
    found: dict[Pair, list[StoredHit]] = {}
    for message in sorted(named):
        card = memory.card(message)
        assert card is not None
        for name, hits in named[message].items():
            index = _index(card, name)
            if index is None:
                index = NO_RECIPIENT
            for hit in hits:
                hit.recipient = index
            pair = message, index
            theirs = found.get(pair)
            if theirs is None:
                found[pair] = list(hits)
            else:
                theirs += hits
    for hits in found.values():
        if len(hits) > 1:
            hits.sort(key=_place)
    return found


def key_of(message: int, name: Name, memory: Memory) -> bytes:
    """Return the key of the recipient with this name, or nothing; the message may be unknown."""
    if isinstance(name, bytes):
        return name
    recipient = None if name is None else memory.recipient((message, name))
    return b"" if recipient is None else recipient.key


def _index(card: Card, name: Name) -> int | None:
    """Return the index of the recipient with this name, as far as the message's card tells of one."""
    if isinstance(name, bytes):
        index = card.by_key.get(name) if name and name != ANONYMOUS else None
    else:
        index = name
    if index is None or index == NO_RECIPIENT or card.by_index.get(index) is None:
        return None
    return index
