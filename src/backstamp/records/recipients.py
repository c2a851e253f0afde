"""Whom a hit is about: the recipient that its token names."""

from collections.abc import Collection, Iterable
from typing import Final

from backstamp.records.bulk import select_for_keys
from backstamp.records.stored_hits import StoredHit
from backstamp.tokens.sealing import ANONYMOUS, NO_RECIPIENT
from backstamp.vocabulary import HitKind

_MESSAGES: Final = "SELECT m.tracking_id FROM keys CROSS JOIN records_message m WHERE m.tracking_id = keys.m"
_BY_KEY: Final = (
    'SELECT r.message_id, r.recipient_key, MIN(r."index") FROM keys CROSS JOIN records_recipient r '
    "WHERE r.message_id = keys.m AND r.recipient_key = keys.k GROUP BY r.message_id, r.recipient_key"
)
_BY_INDEX: Final = (
    'SELECT r.message_id, r."index", r.recipient_key FROM keys CROSS JOIN records_recipient r '
    'WHERE r.message_id = keys.m AND r."index" = keys.r'
)


def known(messages: Iterable[int]) -> set[int]:
    """Return those of these messages that the records hold."""
    return {row[0] for row in select_for_keys(_MESSAGES, ("m",), ((m,) for m in set(messages)))}


def resolve(hits: Collection[StoredHit]) -> dict[tuple[int, int], bytes]:
    """Set the recipient of hits of known messages; return the keys of recipients by (message, index).

    A pixel names its recipient by key, a link by index. One that names nobody, or somebody of whom
    the message knows nothing, is nobody's in particular.
    """
    by_key = {(hit.message, _key(hit)) for hit in hits if hit.hit.kind is HitKind.PIXEL and _key(hit)}
    indexes = {(m, bytes(k)): r for m, k, r in select_for_keys(_BY_KEY, ("m", "k"), by_key)}
    by_index = {(hit.message, hit.hit.recipient_index) for hit in hits if hit.hit.recipient_index is not None}
    keys = {(m, r): bytes(k) for m, r, k in select_for_keys(_BY_INDEX, ("m", "r"), by_index)}
    for hit in hits:
        named = hit.hit.recipient_index
        if hit.hit.kind is HitKind.PIXEL:
            hit.recipient = indexes.get((hit.message, _key(hit)), NO_RECIPIENT)
        elif named is not None and (hit.message, named) in keys:
            hit.recipient = named
        else:
            hit.recipient = NO_RECIPIENT
    return keys


def _key(hit: StoredHit) -> bytes:
    return b"" if hit.hit.recipient_key == ANONYMOUS else hit.hit.recipient_key
