"""Who gets no more mail by what mail systems say: addresses that do not exist, and people who complained."""

from collections.abc import Collection
from typing import Final

from backstamp.records import suppressions
from backstamp.records.instants import instant
from backstamp.records.models import Recipient
from backstamp.records.tracking_ids import to_database
from backstamp.vocabulary import Delivery, EventType, Report

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


def opt_out_reported(reports: Collection[Report]) -> None:
    """Suppress whom a report says to be unknown for good, and who complained.

    Only by reports whose address we sealed: any other may be made up by somebody who knows a Message-ID.
    """
    told = {
        (to_database(report.tracking_id), report.recipient_index): report
        for report in reports
        if report.sealed
        and (report.type is EventType.COMPLAINED or (report.type is EventType.BOUNCED and report.permanent))
    }
    if not told:
        return
    rows = Recipient.objects.filter(message__in={message for message, _ in told}).select_related("message")
    for row in rows:
        report = told.get((row.message_id, row.index))
        if report is None or not row.recipient_key:
            continue
        who: dict[str, str] = {"address": row.address, "domain": row.message.sender.rpartition("@")[2]}
        key, at = bytes(row.recipient_key), instant(report.at_us)
        said = f"reported by {report.reporter or 'a mail system'}: {report.enhanced_status} {report.text}"
        if report.type is EventType.COMPLAINED:
            suppressions.opt_out_after_complaint(**who, recipient_key=key, at=at, evidence=said)
        else:
            suppressions.opt_out_after_bounce(
                **who,
                enhanced_status=report.enhanced_status,
                recipient_key=key,
                at=at,
                evidence=said,
            )
