"""The suppression list: entries made by people, by imports, and by what mail systems say."""

import csv
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Final, TextIO

import msgspec
from django.db.models import Count, Q

from backstamp.policy import Keys, Suppressed, SuppressionReason
from backstamp.policy.keys import KEY_BYTES
from backstamp.records.database.texts import clean
from backstamp.records.key_spool import KeySpool
from backstamp.records.models import LONGEST_ADDRESS, ListWish, Suppression
from backstamp.records.packed_keys import PackedKeys, unpacked, with_keys
from backstamp.tokens.address_spelling import a_labels

COLUMNS: Final = ("address", "domain", "reason", "since", "evidence", "recipient_key")
_CHUNK: Final = 500
_PIECE: Final = 100_000
"""So many entries are some megabytes, as the database gives them."""
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
    remaining, new = iter(entries), 0
    while some := list(islice(remaining, _CHUNK)):
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
        "domain": _scope(entry.domain),
        "recipient_key": entry.recipient_key,
        "reason": entry.reason,
    }


def _scope(domain: str) -> str:
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
        rows = rows.filter(domain=_scope(domain))
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
    for row in Suppression.objects.filter(recipient_key__in=wanted, domain__in=("", _scope(domain))):
        found.setdefault(bytes(row.recipient_key), []).append(row)
    return found


def export(to: TextIO) -> None:
    """Write the list as CSV (RFC 4180) with a line of `COLUMNS`."""
    writer = csv.writer(to)
    writer.writerow(COLUMNS)
    for row in listed():
        key = bytes(row.recipient_key).hex()
        writer.writerow((row.address, row.domain, row.reason, row.since.isoformat(), row.evidence, key))


def suppressed(directory: Path) -> Suppressed:
    """Return the list as the snapshot carries it: without addresses.

    However long it is, only a piece of it is in memory: the keys lie in files of `directory` without names.
    What changes meanwhile is in it or not, and is a change of its own. Raises `django.db.Error`, OSError.
    """
    numbers: Counter[str] = Counter()
    spellings: dict[str, list[str]] = defaultdict(list)
    counts = with_keys(Suppression.objects.order_by().values_list("domain")).annotate(number=Count("pk"))
    for domain, number in counts:
        # Rows from before a domain had one spelling may have the other.
        numbers[_scope(domain)] += number
        spellings[_scope(domain)].append(domain)
    places: dict[str, dict[SuppressionReason, slice]] = defaultdict(dict)
    with ExitStack() as stack:
        spools = {reason: stack.enter_context(KeySpool(directory)) for reason in SuppressionReason}
        for scopes in _portions(numbers):
            domains = [domain for scope in scopes for domain in spellings[scope]]
            for first, last in _ranges(sum(numbers[scope] for scope in scopes)):
                for scope, reason, keys in _gathered(domains, first, last):
                    before = places[scope].get(reason)
                    begin = spools[reason].size() if before is None else before.start
                    spools[reason].add(keys)
                    places[scope][reason] = slice(begin, spools[reason].size())
        octets = {reason: spool.octets() for reason, spool in spools.items()}
    return {
        scope: {reason: Keys(octets[reason][place]) for reason, place in reasons.items()}
        for scope, reasons in places.items()
    }


def _portions(numbers: Mapping[str, int]) -> Iterator[list[str]]:
    """Yield scopes that are gathered together, for their entries (so many) are a piece; or one with more."""
    some: list[str] = []
    together = 0
    for scope, number in numbers.items():
        if some and (together + number > _PIECE or len(some) >= _CHUNK):
            yield some
            some, together = [], 0
        some.append(scope)
        together += number
    if some:
        yield some


def _ranges(number: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the first and the last key of parts in which about a piece of so many entries lies.

    Keys are hashes, and so as many in each part of all that there may be.
    """
    parts = max(1, -(-number // _PIECE))
    bounds = [part * (1 << 8 * KEY_BYTES) // parts for part in range(parts + 1)]
    for first, end in pairwise(bounds):
        yield first.to_bytes(KEY_BYTES, "big"), (end - 1).to_bytes(KEY_BYTES, "big")


def _gathered(
    domains: Collection[str], first: bytes, last: bytes
) -> Iterator[tuple[str, SuppressionReason, Keys]]:
    """Yield the keys of a part of the entries of some domains, by scope and reason."""
    by_reason = {reason.value: PackedKeys(filter=Q(reason=reason)) for reason in SuppressionReason}
    entries = Suppression.objects.filter(
        domain__in=domains, recipient_key__gte=first, recipient_key__lte=last
    )
    scopes: dict[str, list[Sequence[str | None]]] = defaultdict(list)
    for domain, *gathered in with_keys(entries.order_by().values_list("domain")).annotate(**by_reason):
        scopes[_scope(domain)].append(gathered)
    for scope, spelled in scopes.items():
        for reason, gathered in zip(SuppressionReason, zip(*spelled, strict=True), strict=True):
            if keys := unpacked(*gathered):
                yield scope, reason, keys
