"""Copies of people who were erased: what the journal still brings of them is not taken."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

import msgspec

from backstamp.journal import RecordId
from backstamp.records.database.bulk import execute_many
from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.database.tracking_ids import to_database
from backstamp.records.events.fresh import Fresh
from backstamp.records.events.stored_hits import Pair
from backstamp.records.models import ErasedCopy
from backstamp.vocabulary import Delivery, Hit, Queued, ReaderReport, Report

BY_ERASURE: Final = "an erasure"
"""Who recorded the consent of somebody who was erased: no address is ever put to it, nor to their entries."""

_ERASED: Final = (
    "SELECT e.tracking_id, e.recipient_index FROM keys CROSS JOIN records_erasedcopy e "
    "WHERE e.tracking_id = keys.m"
)
_FORGET: Final = "DELETE FROM records_erasedcopy WHERE tracking_id = %s AND recipient_index = %s"
_OF_A_COPY: Final = (Hit, Delivery, Report, ReaderReport)


def newest() -> int:
    """Return the number of the newest erased copy, or 0. While one takes turns, it stays that."""
    return ErasedCopy.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def mark(pairs: Collection[Pair], at: datetime) -> None:
    """Take nothing of these copies any more; marked anew, they let ingest's memory forget what it knew.

    Call it while one takes turns (`taking_turns`).
    """
    execute_many(_FORGET, pairs)
    ErasedCopy.objects.bulk_create(
        ErasedCopy(tracking_id=message, recipient_index=index, erased_at=at) for message, index in pairs
    )


def take_out(fresh: Fresh) -> Collection[Pair]:
    """Take what is about erased copies out of new records; return the erased copies of their messages."""
    messages = {to_database(record.tracking_id) for records in fresh.values() for _, record in records}
    erased = set(select_for_keys(_ERASED, ("m",), ((message,) for message in messages)))
    if erased:
        for type_ in _OF_A_COPY:
            fresh[type_] = [each for each in fresh.get(type_, ()) if pair_of(each[1]) not in erased]
        fresh[Queued] = list(_without(fresh.get(Queued, ()), erased))
    return erased


def pair_of(record: Hit | Delivery | Report | ReaderReport) -> tuple[int, int | None]:
    """Return the message and the recipient that a record names."""
    return to_database(record.tracking_id), record.recipient_index


def _without(
    queued: Iterable[tuple[RecordId, Queued]], erased: Collection[Pair]
) -> Iterable[tuple[RecordId, Queued]]:
    for id_, record in queued:
        message = to_database(record.tracking_id)
        left = tuple(each for each in record.recipients if (message, each.index) not in erased)
        if left or not record.recipients:
            yield id_, msgspec.structs.replace(record, recipients=left)
