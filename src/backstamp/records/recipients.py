"""Whom a hit is about: the recipient that its token names."""

from collections.abc import Collection

from backstamp.records.memory import Memory
from backstamp.records.stored_hits import StoredHit
from backstamp.tokens.sealing import ANONYMOUS, NO_RECIPIENT
from backstamp.vocabulary import HitKind


def resolve(hits: Collection[StoredHit], memory: Memory) -> None:
    """Set the recipient of hits of known messages, whose cards are in the memory.

    A pixel names its recipient by key, a link by index. One that names nobody, or somebody of whom
    the message knows nothing, is nobody's in particular.
    """
    keys = {(hit.message, key) for hit in hits if (key := _key(hit))}
    named = {(h.message, h.hit.recipient_index) for h in hits if h.hit.recipient_index is not None}
    memory.recipients(keys, named)
    for hit in hits:
        card = memory.card(hit.message)
        assert card is not None
        index = hit.hit.recipient_index
        if hit.hit.kind is HitKind.PIXEL:
            hit.recipient = card.by_key.get(_key(hit), NO_RECIPIENT)
        elif index is not None and card.by_index.get(index) is not None:
            hit.recipient = index
        else:
            hit.recipient = NO_RECIPIENT
    memory.recipients((), {(hit.message, hit.recipient) for hit in hits if hit.recipient is not None})


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
