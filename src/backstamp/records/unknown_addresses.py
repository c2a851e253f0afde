"""Addresses that the next hop says do not exist: its refusal puts them on the suppression list."""

from collections.abc import Collection
from typing import Final

from backstamp.records import suppressions
from backstamp.records.instants import instant
from backstamp.records.models import Recipient
from backstamp.vocabulary import Delivery, EventType

RCPT: Final = "rcpt"
"""Only a refusal of RCPT is about the address; what is refused after DATA is about the message."""


def opt_out_refused(deliveries: Collection[tuple[tuple[int, int], Delivery]]) -> None:
    """Suppress whom the next hop refused for good as unknown; deliveries by message (signed) and recipient.

    A recipient without a key belongs to anonymous mail, of which nothing is remembered.
    """
    refused = {
        pair: record
        for pair, record in deliveries
        if record.type is EventType.REJECTED
        and record.stage == RCPT
        and record.enhanced_status in suppressions.NO_SUCH_ADDRESS
    }
    if not refused:
        return
    rows = Recipient.objects.filter(message__in={message for message, _ in refused}).select_related("message")
    for row in rows:
        record = refused.get((row.message_id, row.index))
        if record is not None:
            suppressions.opt_out_after_bounce(
                enhanced_status=record.enhanced_status,
                address=row.address,
                recipient_key=bytes(row.recipient_key),
                domain=row.message.sender.rpartition("@")[2],
                at=instant(record.at_us),
                evidence=f"{record.code} {record.enhanced_status} {record.text}",
            )
