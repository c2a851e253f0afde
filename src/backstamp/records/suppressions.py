"""The suppression list: entries made by people, by imports, and by what mail systems say."""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, TextIO

import msgspec
from django.db.models import Count, Max

from backstamp.policy import Suppressed, SuppressionReason
from backstamp.records.models import LONGEST_ADDRESS, Suppression

NO_SUCH_ADDRESS: Final = frozenset({"5.1.1", "5.1.6", "5.1.10"})
"""Permanent answers that are about the address and stay true (RFC 3463 §3.2, RFC 7505 §4.2): no such mailbox,
moved, a domain that takes no mail.  A full mailbox, a policy, a bare 550 or an unknown host are not."""
COLUMNS: Final = ("address", "domain", "reason", "since", "evidence", "recipient_key")
_CHUNK: Final = 500


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry to be made. `domain` "" means the mail of every sender domain; `since` is aware UTC."""

    address: str
    recipient_key: bytes
    reason: SuppressionReason
    since: datetime
    domain: str = ""
    evidence: str = ""


def add(entries: Iterable[Entry]) -> int:
    """Put entries on the list; return how many are new. One that is there keeps its reason and time."""
    before = Suppression.objects.count()
    Suppression.objects.bulk_create(
        (
            Suppression(
                domain=entry.domain.lower(),
                address=entry.address.replace("\0", "")[:LONGEST_ADDRESS],
                recipient_key=entry.recipient_key,
                reason=entry.reason,
                evidence=entry.evidence.replace("\0", "")[:1000],
                since=entry.since,
            )
            for entry in entries
        ),
        batch_size=_CHUNK,
        ignore_conflicts=True,
    )
    return Suppression.objects.count() - before


def remove(
    recipient_key: bytes, domain: str | None = None, *, reason: SuppressionReason | None = None
) -> int:
    """Take an address off the list, for one sender domain or (None) for all; return how many entries went.

    With a `reason`, entries that have another one stay.
    """
    rows = Suppression.objects.filter(recipient_key=recipient_key)
    if reason is not None:
        rows = rows.filter(reason=reason)
    if domain is not None:
        rows = rows.filter(domain=domain.lower())
    return rows.delete()[0]


def opt_out_after_bounce(
    *, enhanced_status: str, address: str, recipient_key: bytes, domain: str, at: datetime, evidence: str
) -> bool:
    """Suppress an address of which a mail system says for good that it does not exist.

    `enhanced_status` is RFC 3463's ("5.1.1"), `domain` the sender's. Returns whether the status is one that
    counts; which do is `NO_SUCH_ADDRESS`. Also fit for bounces that come later as reports.
    """
    if enhanced_status not in NO_SUCH_ADDRESS or not recipient_key:
        return False
    _opt_out(SuppressionReason.HARD_BOUNCE, address, recipient_key, domain, at, evidence)
    return True


def opt_out_after_complaint(
    *, address: str, recipient_key: bytes, domain: str, at: datetime, evidence: str
) -> None:
    """Suppress an address whose owner complained (RFC 5965); `domain` is the sender's."""
    _opt_out(SuppressionReason.COMPLAINT, address, recipient_key, domain, at, evidence)


def _opt_out(
    reason: SuppressionReason, address: str, recipient_key: bytes, domain: str, at: datetime, evidence: str
) -> None:
    entry = Entry(
        address=address,
        recipient_key=recipient_key,
        reason=reason,
        since=at,
        domain=domain,
        evidence=evidence,
    )
    add([entry])


def listed() -> Iterator[Suppression]:
    """Yield the list by address."""
    return Suppression.objects.iterator(chunk_size=_CHUNK)


def of_recipients(keys: Iterable[bytes], domain: str) -> dict[bytes, list[Suppression]]:
    """Return the entries that stop a sender domain's mail to some recipients, by their keys."""
    wanted = {key for key in keys if key}
    found: dict[bytes, list[Suppression]] = {}
    for row in Suppression.objects.filter(recipient_key__in=wanted, domain__in=("", domain.lower())):
        found.setdefault(bytes(row.recipient_key), []).append(row)
    return found


def export(to: TextIO) -> None:
    """Write the list as CSV (RFC 4180) with a line of `COLUMNS`."""
    writer = csv.writer(to)
    writer.writerow(COLUMNS)
    for row in listed():
        key = bytes(row.recipient_key).hex()
        writer.writerow((row.address, row.domain, row.reason, row.since.isoformat(), row.evidence, key))


def suppressed() -> Suppressed:
    """Return the list as the snapshot carries it: without addresses."""
    by_domain: Suppressed = {}
    rows = Suppression.objects.order_by("pk").values_list("domain", "recipient_key", "reason")
    for domain, key, reason in rows.iterator(chunk_size=10_000):
        by_domain.setdefault(domain, {})[bytes(key)] = SuppressionReason(reason)
    return by_domain


def fingerprint() -> tuple[object, ...]:
    """Return a value that differs when `suppressed` would say something else: rows are never changed."""
    found = Suppression.objects.aggregate(number=Count("pk"), latest=Max("pk"))
    return found["number"], found["latest"]
