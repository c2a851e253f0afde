"""Hits of recipients who withdrew consent: they are not recorded, also for mail sent before."""

from collections.abc import Collection, Mapping
from typing import Final

from backstamp.policy import ConsentState
from backstamp.records.bulk import select_for_keys
from backstamp.records.stored_hits import StoredHit
from backstamp.vocabulary import HitKind

_CONSENTS: Final = (
    "SELECT c.recipient_key, c.opens, c.links FROM keys CROSS JOIN records_consent c "
    f"WHERE c.recipient_key = keys.k AND (c.opens = '{ConsentState.WITHDRAWN}' "
    f"OR c.links = '{ConsentState.WITHDRAWN}')"
)


def withdrawn(
    hits: Collection[StoredHit], recipient_keys: Mapping[tuple[int, int], bytes]
) -> set[tuple[str, int]]:
    """Return the ids of hits on an axis on which their recipient withdrew.

    `recipient_keys`, by (message, index), says whose the clicks are; one of an unknown message is
    looked at when the message is there.
    """
    keys = {hit.id: _key(hit, recipient_keys) for hit in hits}
    axes: set[tuple[bytes, HitKind]] = set()
    for key, opens, links in select_for_keys(
        _CONSENTS, ("k",), ((key,) for key in set(keys.values()) if key)
    ):
        if opens == ConsentState.WITHDRAWN:
            axes.add((bytes(key), HitKind.PIXEL))
        if links == ConsentState.WITHDRAWN:
            axes.add((bytes(key), HitKind.REDIRECT))
    return {hit.id for hit in hits if (keys[hit.id], hit.hit.kind) in axes}


def _key(hit: StoredHit, recipient_keys: Mapping[tuple[int, int], bytes]) -> bytes:
    if hit.hit.kind is HitKind.PIXEL:
        return hit.hit.recipient_key
    index = hit.hit.recipient_index
    return b"" if index is None else recipient_keys.get((hit.message, index), b"")
