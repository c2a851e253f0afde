"""What reports say of a recipient beside the delivery: receipts, replies, answers by machines, complaints.

A receipt and a reply are signs of a person, and count with the hits of their recipient.
"""

from collections.abc import Collection, Iterator
from typing import Final

from backstamp.journal import RecordId
from backstamp.records.database.instants import LATEST_US, microseconds, read, within
from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.database.texts import listed
from backstamp.records.database.tracking_ids import to_database
from backstamp.records.events import message_rows
from backstamp.records.events.stored_hits import Pair
from backstamp.records.memory.today import Memory, sign_of
from backstamp.records.models import ListWish
from backstamp.records.rollups.rollup import Rollup
from backstamp.vocabulary import EventType, Report

_SIGNS: Final = (
    EventType.DISPLAYED,
    EventType.REPLIED,
    EventType.AUTORESPONDED,
    EventType.COMPLAINED,
    EventType.UNSUBSCRIBED,
)
_EARLY: Final = (
    "SELECT e.message_id, e.recipient_index, e.type, e.at FROM keys CROSS JOIN records_event e "
    "WHERE e.message_id = keys.m AND e.recipient_index = keys.r "
    f"AND e.type IN {listed(_SIGNS)}"
)


def take_signs(
    signs: Collection[tuple[RecordId, Report]], waiting: Collection[Pair], memory: Memory, rollup: Rollup
) -> set[Pair]:
    """Put in and count what was reported; return the recipients of whom a sign of a person came.

    Of `waiting` recipients, which are new, something came before. Events of a recipient that the message
    does not have are kept, and not counted.
    """
    told: set[Pair] = set()
    for pair, at_us, type_ in _early(waiting):
        card = memory.card(pair[0])
        assert card is not None
        rollup.event(card, at_us, type_)
        told.add(pair)
    if signs:
        told |= _take(signs, memory, rollup)
    # The group of a recipient is read with the signs in it.
    memory.groups(dict.fromkeys(told, LATEST_US))
    return told


def take_back(wishes: Collection[ListWish], new: Collection[Pair], memory: Memory, rollup: Rollup) -> None:
    """Count wishes no more whose events were taken off timelines; those of `new` recipients never were."""
    if not wishes:
        return
    cards = memory.cards(wish.tracking_id for wish in wishes)
    known = [((wish.tracking_id, wish.recipient_index), wish) for wish in wishes if wish.tracking_id in cards]
    memory.recipients((), {pair for pair, _ in known})
    for pair, wish in known:
        if pair not in new and memory.recipient(pair) is not None:
            rollup.event(cards[pair[0]], microseconds(wish.at), EventType.UNSUBSCRIBED, -1)
            rollup.messages.add(pair[0])


def _take(signs: Collection[tuple[RecordId, Report]], memory: Memory, rollup: Rollup) -> set[Pair]:
    found = [(to_database(report.tracking_id), report) for _, report in signs]
    cards = memory.cards(message for message, _ in found)
    known = [
        ((message, report.recipient_index), report)
        for message, report in found
        if message in cards and report.recipient_index is not None
    ]
    memory.recipients((), {pair for pair, _ in known})
    told = [(pair, report) for pair, report in known if memory.recipient(pair) is not None]
    groups = memory.groups({pair: LATEST_US for pair, _ in told})
    message_rows.insert_deliveries(signs, [message_rows.reply_of(report) for _, report in signs])
    for pair, report in told:
        rollup.event(cards[pair[0]], report.at_us, report.type)
        sign = sign_of(report.type, within(report.at_us))
        if sign is not None:
            groups[pair].others.append(sign)
    rollup.messages.update(cards)
    return {pair for pair, _ in told}


def _early(pairs: Collection[Pair]) -> Iterator[tuple[Pair, int, EventType]]:
    for message, index, type_, at in select_for_keys(_EARLY, ("m", "r"), pairs):
        yield (message, index), read(at), EventType(type_)
