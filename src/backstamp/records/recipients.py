"""Whom a hit is about: the recipient that its token names."""

from collections.abc import Collection
from typing import Final

from backstamp.records.memory import Memory
from backstamp.records.stored_hits import StoredHit
from backstamp.tokens.sealing import ANONYMOUS, NO_RECIPIENT
from backstamp.vocabulary import HitKind

_PIXEL: Final = HitKind.PIXEL


def resolve(hits: Collection[StoredHit], memory: Memory) -> None:
    """Set the recipient of hits of known messages, whose cards are in the memory.

    A pixel names its recipient by key, a link by index. One that names nobody, or somebody of whom
    the message knows nothing, is nobody's in particular.
    """
    strangers = [hit for hit in hits if not _find(hit, memory)]
    if not strangers:
        return
    memory.recipients(
        {(hit.message, key) for hit in strangers if (key := _key(hit))},
        {(h.message, h.hit.recipient_index) for h in strangers if h.hit.recipient_index is not None},
    )
    for hit in strangers:
        if not _find(hit, memory):
            hit.recipient = NO_RECIPIENT
    memory.recipients((), {(hit.message, hit.recipient) for hit in strangers if hit.recipient is not None})


def _find(hit: StoredHit, memory: Memory) -> bool:
    """Set the recipient of a hit where its message's card tells of one."""
    card, seen = memory.card(hit.message), hit.hit
    assert card is not None
    if seen.kind is _PIXEL:
        key = seen.recipient_key
        index = card.by_key.get(key) if key and key != ANONYMOUS else None
    else:
        index = seen.recipient_index
    if index is None or card.by_index.get(index) is None or index == NO_RECIPIENT:
        return False
    hit.recipient = index
    return True


def key_of(hit: StoredHit, memory: Memory) -> bytes:
    """Return the key of the recipient whom a hit names, or nothing; the hit may be of an unknown message."""
    if hit.hit.kind is HitKind.PIXEL:
        return hit.hit.recipient_key
    index = hit.hit.recipient_index
    recipient = None if index is None else memory.recipient((hit.message, index))
    return b"" if recipient is None else recipient.key


def _key(hit: StoredHit) -> bytes:
    if hit.hit.kind is not HitKind.PIXEL or hit.hit.recipient_key == ANONYMOUS:
        return b""
    return hit.hit.recipient_key
