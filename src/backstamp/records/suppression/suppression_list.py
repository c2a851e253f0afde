"""The suppression list: entries made by people, by imports, and by what mail systems say."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from backstamp.policy import SuppressionReason
from backstamp.records.database.batched import batched
from backstamp.records.database.texts import clean
from backstamp.records.models import LONGEST_ADDRESS, ListWish, Suppression
from backstamp.spreadsheets import csv_lines
from backstamp.tokens.address_spelling import a_labels

COLUMNS: Final = ("address", "domain", "reason", "since", "evidence", "recipient_key")
_CHUNK: Final = 500
_LONGEST_EVIDENCE: Final = 1000


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry to be made. `domain` "" means the mail of every sender domain; `since` is aware UTC."""

    address: str
    recipient_key: bytes
    reason: SuppressionReason
    since: datetime
    domain: str = ""
    evidence: str = ""


def add(entries: Iterable[Entry]) -> int:
    """Put entries on the list; return how many are new.

    One that is there, for the same domain and reason, keeps its time and evidence.
    """
    new = 0
    for some in batched(entries, _CHUNK):
        # To count the whole list took a second beside a worker with a backlog, twice.
        theirs = Suppression.objects.filter(recipient_key__in={entry.recipient_key for entry in some})
        before = theirs.count()
        Suppression.objects.bulk_create(
            (Suppression(**_once(entry), **_said(entry)) for entry in some), ignore_conflicts=True
        )
        new += theirs.count() - before
    return new


def keep_earliest(entry: Entry) -> None:
    """Put an entry on the list; of two for one domain and reason the earlier stands, in whatever order."""
    said = _said(entry)
    row, is_new = Suppression.objects.get_or_create(**_once(entry), defaults=said)
    if is_new:
        return
    row.since, row.evidence = min((row.since, row.evidence), (said["since"], said["evidence"]))
    row.address = row.address or said["address"]
    row.save()


def _once(entry: Entry) -> dict[str, Any]:
    """Return the columns of which the list has each combination once."""
    return {
        "domain": scope_of(entry.domain),
        "recipient_key": entry.recipient_key,
        "reason": entry.reason,
    }


def scope_of(domain: str) -> str:
    """Return a sender domain as the list has it: a domain has two spellings (RFC 5890), and one entry."""
    return a_labels(domain.lower())


def _said(entry: Entry) -> dict[str, Any]:
    return {
        "address": clean(entry.address, LONGEST_ADDRESS),
        "evidence": clean(entry.evidence, _LONGEST_EVIDENCE),
        "since": entry.since,
    }


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
        rows = rows.filter(domain=scope_of(domain))
    return sum(lift(row) for row in rows)


def lift(row: Suppression) -> int:
    """Take one entry off the list; return how many went.

    The wishes that it was made of are forgotten, so that it comes back only by a new one.
    """
    if row.reason == SuppressionReason.UNSUBSCRIBED:
        ListWish.objects.filter(recipient_key=row.recipient_key, domain=row.domain).delete()
    return row.delete()[0]


def listed() -> Iterator[Suppression]:
    """Yield the list by address."""
    return Suppression.objects.iterator(chunk_size=_CHUNK)


def of_recipients(keys: Iterable[bytes], domain: str) -> dict[bytes, list[Suppression]]:
    """Return the entries that stop a sender domain's mail to some recipients, by their keys."""
    wanted = {key for key in keys if key}
    found: dict[bytes, list[Suppression]] = {}
    for row in Suppression.objects.filter(recipient_key__in=wanted, domain__in=("", scope_of(domain))):
        found.setdefault(bytes(row.recipient_key), []).append(row)
    return found


def saved_row(row: Suppression) -> tuple[str, ...]:
    """Return an entry's `COLUMNS`, as an import takes them."""
    key = bytes(row.recipient_key).hex()
    return row.address, row.domain, row.reason, row.since.isoformat(), row.evidence, key


def exported() -> Iterator[str]:
    """Yield the list as CSV, with a line of `COLUMNS`."""
    yield csv_lines([COLUMNS])
    for row in listed():
        yield csv_lines([saved_row(row)])
