"""A person's copies of messages, each with all that came of it."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from django.db.models import Q

from backstamp.records.database.batched import batched
from backstamp.records.database.bulk import execute_many
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.events.stored_hits import Pair
from backstamp.records.models import Event, Recipient
from backstamp.records.privacy.erased_copies import mark
from backstamp.records.privacy.erasure.figures import Erased
from backstamp.records.privacy.erasure.mentions import Mentions
from backstamp.records.privacy.retention import delete_messages, delete_slice
from backstamp.records.rollups.day_counts import take_away_recipients
from backstamp.records.rollups.rebuild import rebuild_totals
from backstamp.tokens.address_spelling import one_spelling
from backstamp.tokens.sealing import NO_RECIPIENT

_SLICE: Final = 100
"""Copies that one transaction takes, so that ingest never waits long for the database."""
_OF_A_COPY: Final = (
    "DELETE FROM records_alertperson WHERE message_id = %s AND recipient_index = %s",
    "DELETE FROM records_clickedhostperson WHERE message_id = %s AND recipient_index = %s",
    "DELETE FROM records_readerreportrow WHERE tracking_id = %s AND recipient_index = %s",
)


def of_person(key: bytes, mentions: Mentions) -> list[tuple[int, int, str]]:
    """Return message, index and address of each copy; those of anonymous mail have an address and no key."""
    wanted = Q(recipient_key=key) | Q(recipient_key=b"") & ~Q(address="")
    for spelling in mentions.spellings:
        wanted |= Q(address__iexact=spelling)
    rows = Recipient.objects.filter(wanted).exclude(index=NO_RECIPIENT).order_by()
    # A pseudonym of 64 bits could be somebody else's by chance.
    return [
        (message, index, address)
        for message, index, address, whose in rows.values_list(
            "message_id", "index", "address", "recipient_key"
        ).iterator()
        if one_spelling(address) == mentions.spelling or (not address and bytes(whose) == key)
    ]


def erase(pairs: Iterable[Pair], at: datetime, found: Erased) -> None:
    """Erase copies, and count in `found` what went."""
    for piece in batched(pairs, _SLICE):
        _erase_slice(piece, at, found)


def _erase_slice(pairs: Collection[Pair], at: datetime, found: Erased) -> None:
    messages = {message for message, _ in pairs}
    theirs = Q()
    for message, index in pairs:
        theirs |= Q(message_id=message, recipient_index=index)
    events = Event.objects.filter(theirs).order_by()
    while True:
        with one_at_a_time():
            mark(pairs, at)
            deleted = delete_slice(events)
            if not deleted:
                _erase_rows(pairs, messages, found)
                return
        found.events += deleted


def _erase_rows(pairs: Collection[Pair], messages: Collection[int], found: Erased) -> None:
    rows = Recipient.objects.filter(message__in=messages).exclude(index=NO_RECIPIENT).order_by()
    gone = set(pairs)
    everybody = list(rows.values_list("pk", "message_id", "index"))
    shared = {message for _, message, index in everybody if (message, index) not in gone}
    alone = [message for message in messages if message not in shared]
    if alone:
        delete_messages(alone)
    pks = [pk for pk, message, index in everybody if message in shared and (message, index) in gone]
    for piece in batched(pks, _SLICE):
        take_away_recipients(piece)
        Recipient.objects.filter(pk__in=piece).delete()
    for statement in _OF_A_COPY:
        execute_many(statement, pairs)
    if shared:
        rebuild_totals(sorted(shared))
    found.messages += len(alone)
    found.shared += len(shared)
