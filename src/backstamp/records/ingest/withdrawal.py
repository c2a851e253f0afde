"""Hits of who does not consent to being measured: they are not recorded, also for mail sent before."""

from collections import defaultdict
from typing import Final

from backstamp.policy import ConsentMode, ConsentState
from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.ingest.recipients import ByName, Name, key_of
from backstamp.records.memory.today import Memory
from backstamp.tokens.sealing import ANONYMOUS

_CONSENTS: Final = (
    "SELECT c.recipient_key, c.opens, c.links FROM keys CROSS JOIN records_consent c "
    "WHERE c.recipient_key = keys.k"
)
_WITHDRAWALS: Final = (
    f"{_CONSENTS} AND (c.opens = '{ConsentState.WITHDRAWN}' OR c.links = '{ConsentState.WITHDRAWN}')"
)


def unwilling(named: ByName, memory: Memory, mode: ConsentMode) -> set[tuple[int, Name]]:
    """Return the messages and names whose hits are on an axis on which their recipient does not consent.

    That is who withdrew, and where consent is `REQUIRED` who said nothing: it may not have been when the mail
    went out, and is so from then on. Whose a click of an unknown message is, is looked at when the message is
    there. Consent is about being measured by who sent a mail: clicks on guarded links of received mail are a
    matter of the mailbox's own protection, which has an opt-out of its own.
    """
    axes: dict[tuple[bytes, bool], list[tuple[int, Name]]] = {}
    for message, names in named.items():
        card = memory.card(message)
        if card is not None and card.received:
            continue
        for name in names:
            if (key := key_of(message, name, memory)) and key != ANONYMOUS:
                axes.setdefault((key, isinstance(name, bytes)), []).append((message, name))
    asks_first = mode is ConsentMode.REQUIRED
    said: dict[tuple[bytes, bool], set[str]] = defaultdict(set)
    statement = _CONSENTS if asks_first else _WITHDRAWALS
    for key, opens, links in select_for_keys(statement, ("k",), {(key,) for key, _ in axes}):
        said[bytes(key), True].add(opens)
        said[bytes(key), False].add(links)
    return {
        each
        for axis, names_of in axes.items()
        if ConsentState.WITHDRAWN in said[axis] or (asks_first and ConsentState.GRANTED not in said[axis])
        for each in names_of
    }
