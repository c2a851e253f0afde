"""The suppression list as the snapshot carries it: keys of recipients by sender domain and reason."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Final

from django.db.models import Count, Q

from backstamp.policy import Keys, Suppressed, SuppressionReason
from backstamp.policy.keys import KEY_BYTES
from backstamp.records.models import Suppression
from backstamp.records.snapshot.key_spool import KeySpool
from backstamp.records.snapshot.packed_keys import PackedKeys, unpacked, with_keys
from backstamp.records.suppression.suppression_list import scope_of

_PIECE: Final = 100_000
"""So many entries are some megabytes, as the database gives them."""
_MOST_SCOPES: Final = 500


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
        numbers[scope_of(domain)] += number
        spellings[scope_of(domain)].append(domain)
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
        if some and (together + number > _PIECE or len(some) >= _MOST_SCOPES):
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
        scopes[scope_of(domain)].append(gathered)
    for scope, spelled in scopes.items():
        for reason, gathered in zip(SuppressionReason, zip(*spelled, strict=True), strict=True):
            if keys := unpacked(*gathered):
                yield scope, reason, keys
