"""Hits of recipients who withdrew consent: they are not recorded, also for mail sent before."""

from typing import Final

from backstamp.policy import ConsentState
from backstamp.records.bulk import select_for_keys
from backstamp.records.memory import Memory
from backstamp.records.recipients import ByName, Name, key_of

_CONSENTS: Final = (
    "SELECT c.recipient_key, c.opens, c.links FROM keys CROSS JOIN records_consent c "
    f"WHERE c.recipient_key = keys.k AND (c.opens = '{ConsentState.WITHDRAWN}' "
    f"OR c.links = '{ConsentState.WITHDRAWN}')"
)


def withdrawn(named: ByName, memory: Memory) -> set[tuple[int, Name]]:
    """Return the messages and names whose hits are on an axis on which their recipient withdrew.

    Whose a click of an unknown message is, is looked at when the message is there. Consent is about being
    measured by who sent a mail: clicks on guarded links of received mail are a matter of the mailbox's own
    protection, which has an opt-out of its own.
    """
    axes: dict[tuple[bytes, bool], list[tuple[int, Name]]] = {}
    for message, names in named.items():
        card = memory.card(message)
        if card is not None and card.received:
            continue
        for name in names:
            if key := key_of(message, name, memory):
                axes.setdefault((key, isinstance(name, bytes)), []).append((message, name))
    keys = {key for key, _ in axes}
    found: set[tuple[int, Name]] = set()
    for key, opens, links in select_for_keys(_CONSENTS, ("k",), ((key,) for key in keys)):
        for state, of_pixels in ((opens, True), (links, False)):
            if state == ConsentState.WITHDRAWN:
                found.update(axes.get((bytes(key), of_pixels), ()))
    return found
