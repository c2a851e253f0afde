"""differences: what is listed now and was not before, to look back at who received or clicked it."""

from collections.abc import Iterator, Sequence

import msgspec

from backstamp.threats.lists.reading import ThreatLists
from backstamp.threats.lists.sources import WHOLE_BYTES, Source


class NewlyListed(msgspec.Struct, frozen=True):
    """The first 8 bytes of a whole hash, and the list that names it."""

    hash: bytes
    source: Source


def newly_listed(now: ThreatLists, before: ThreatLists | None) -> Iterator[NewlyListed]:
    """Yield the whole hashes that a list holds now and that no list held before, list by list and sorted.

    Bare prefixes are no news: they name clean URLs too, and what is confirmed of them comes as whole hashes.
    One that several lists name now is yielded for each of them.
    """
    for one in now:
        if one.source.bare:
            continue
        of_same_name = before.list_named(one.source.name) if before is not None else None
        known = of_same_name.keys if of_same_name is not None and not of_same_name.source.bare else ()
        for key in _missing(one.keys, known):
            hash_ = key.to_bytes(WHOLE_BYTES, "big")
            if before is None or not before.names_whole(hash_):
                yield NewlyListed(hash_, one.source)


def _missing(keys: Sequence[int] | memoryview, known: Sequence[int] | memoryview) -> Iterator[int]:
    """Yield those of `keys` that `known` lacks; both are sorted."""
    place, end = 0, len(known)
    for key in keys:
        while place < end and known[place] < key:
            place += 1
        if place == end or known[place] != key:
            yield key
