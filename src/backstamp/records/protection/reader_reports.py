"""What readers say of pages that were shown before links: a mistake, fraud, or why they went on."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import F, QuerySet

from backstamp.policy import EVERYBODY
from backstamp.records.administration.refusals import RefusedError
from backstamp.records.database.bulk import select_for_keys
from backstamp.records.models import Message, ReaderReportRow, SenderDomain
from backstamp.records.protection import own_lists
from backstamp.records.protection.link_hosts import host_in
from backstamp.tokens import Keyring


class Decision(StrEnum):
    """What an administrator makes of a report."""

    ALLOW = "allow"
    BLOCK = "block"
    DISMISS = "dismiss"


@dataclass(frozen=True)
class ReaderReport:
    """A report with its message and the mailbox that its link names; "" where it names none."""

    row: ReaderReportRow
    message: Message | None
    address: str


def listed() -> QuerySet[ReaderReportRow]:
    """Return all reports: those that wait for a decision first, then the newest."""
    return ReaderReportRow.objects.order_by(F("handled_at").desc(nulls_first=True), "-at", "-pk")


def with_mail(rows: list[ReaderReportRow]) -> list[ReaderReport]:
    """Return reports with what they are about."""
    messages = Message.objects.defer("manifest").in_bulk({row.tracking_id for row in rows})
    found = select_for_keys(
        'SELECT r.message_id, r."index", r.address FROM keys CROSS JOIN records_recipient r '
        'WHERE r.message_id = keys.m AND r."index" = keys.k',
        ("m", "k"),
        [(row.tracking_id, row.recipient_index) for row in rows if row.recipient_index is not None],
    )
    addresses = {(message, index): address for message, index, address in found}
    return [
        ReaderReport(
            row,
            messages.get(row.tracking_id),
            "" if row.recipient_index is None else addresses.get((row.tracking_id, row.recipient_index), ""),
        )
        for row in rows
    ]


def handle(row: ReaderReportRow, decision: Decision, keyring: Keyring, by: str) -> str:
    """Do what was decided, and note it; return the host that was listed, or "".

    A host is allowed for the domain whose mail it was in, and blocked for everybody. Raises `RefusedError`.
    """
    host = ""
    with transaction.atomic():
        if decision is not Decision.DISMISS:
            host = host_in(row.url)
            if not host:
                raise RefusedError("the link names no host")
            kind, whose = own_lists.Kind.BLOCKED, EVERYBODY
            if decision is Decision.ALLOW:
                kind = own_lists.Kind.ALLOWED
                names = SenderDomain.objects.filter(pk=row.domain_id).values_list("name", flat=True)
                whose = names.first() or EVERYBODY
            own_lists.add(kind, host, whose, keyring, by=by, note=f"a reader reported: {row.kind}")
        row.handled_at = datetime.now(UTC)
        row.handled_by = by[:150]
        row.save(update_fields=("handled_at", "handled_by"))
    return host
