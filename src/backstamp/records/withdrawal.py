"""Hits of recipients who withdrew consent: they are not recorded, also for mail sent before."""

from collections.abc import Collection
from typing import Final

from backstamp.policy import ConsentState
from backstamp.records.bulk import select_for_keys
from backstamp.records.memory import Memory
from backstamp.records.recipients import key_of
from backstamp.records.stored_hits import Place, StoredHit
from backstamp.vocabulary import HitKind

_CONSENTS: Final = (
    "SELECT c.recipient_key, c.opens, c.links FROM keys CROSS JOIN records_consent c "
    f"WHERE c.recipient_key = keys.k AND (c.opens = '{ConsentState.WITHDRAWN}' "
    f"OR c.links = '{ConsentState.WITHDRAWN}')"
)


def withdrawn(hits: Collection[StoredHit], memory: Memory) -> set[Place]:
    """Return the places of hits on an axis on which their recipient withdrew.

    Whose a click of an unknown message is, is looked at when the message is there. Consent is about being
    measured by who sent a mail: clicks on guarded links of received mail are a matter of the mailbox's own
    protection, which has an opt-out of its own.
    """
    # A click and its recipient are looked up together once: most hits of a batch are of few recipients.
    named = {(hit.message, hit.hit.recipient_key, hit.hit.recipient_index): hit for hit in hits}
    some = [hit for hit in named.values() if (card := memory.card(hit.message)) is None or not card.received]
    keys = {key for hit in some if (key := key_of(hit, memory))}
    axes: set[tuple[bytes, HitKind]] = set()
    for key, opens, links in select_for_keys(_CONSENTS, ("k",), ((key,) for key in keys)):
        if opens == ConsentState.WITHDRAWN:
            axes.add((bytes(key), HitKind.PIXEL))
        if links == ConsentState.WITHDRAWN:
            axes.add((bytes(key), HitKind.REDIRECT))
    if not axes:
        return set()
    return {
        hit.place
        for hit in hits
        if (key_of(hit, memory), hit.hit.kind) in axes
        and ((card := memory.card(hit.message)) is None or not card.received)
    }
