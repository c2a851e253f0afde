"""All lists that are kept, compiled to the one file that is looked up."""

import time
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from backstamp.shared_files.threat_file import publish_lists
from backstamp.threats.lists import WHOLE_BYTES, SourceEntries
from backstamp.threats.lists import Source as ListSource
from backstamp.urls.safe_browsing import full_hash
from backstamp.worker.feeds.keeping.copies import ListStore, Prefixes
from backstamp.worker.feeds.lists.source import HASHED, Source


class Compiled(NamedTuple):
    """How much was compiled, and in what time."""

    entries: int
    seconds: float


def compile_all(sources: Iterable[Source], directory: Path, into: Path) -> Compiled:
    """Compile what is kept of these lists, and put the file in the place of the old one.

    A list of which nothing was ever had is left out.

    Raises:
        OSError: the file cannot be written; the old one stands then.
    """
    began = time.monotonic()
    counts: list[int] = []
    publish_lists(into, _lists(sources, directory, counts), now_us=time.time_ns() // 1000)
    return Compiled(sum(counts), time.monotonic() - began)


def _lists(sources: Iterable[Source], directory: Path, counts: list[int]) -> Iterator[SourceEntries]:
    for source in sources:
        store = ListStore(directory, source.name)
        if not store.state().checked_at:
            continue
        if source.form in HASHED:
            yield from _of_prefixes(source, store.prefixes(), counts)
            continue
        hashes: list[bytes] = []
        days: list[int] = []
        for entry in store.entries():
            hashes.append(full_hash(entry.expression)[:WHOLE_BYTES])
            days.append(entry.day)
        counts.append(len(hashes))
        yield SourceEntries(ListSource(source.name, source.threat_type), hashes, days)


def _of_prefixes(source: Source, parts: Iterable[Prefixes], counts: list[int]) -> Iterator[SourceEntries]:
    """Yield each part as a list of its own, one for each length; of long prefixes 8 bytes are enough."""
    for (part, length), group in groupby(parts, lambda each: (each.part, min(each.length, WHOLE_BYTES))):
        packed = _packed(list(group), length)
        threat_type = next(each.threat_type for each in parts if each.part == part)
        counts.append(len(packed) // length)
        name = f"{source.name}/{part}" + ("" if length == 4 else f"/{length}")
        yield SourceEntries(ListSource(name, threat_type, length, bare=True), packed)


def _packed(parts: list[Prefixes], length: int) -> bytes:
    """Return sorted prefixes of one length; they are that already where they had it before."""
    if len(parts) == 1 and parts[0].length == length:
        return parts[0].data
    cut = {part.data[at : at + length] for part in parts for at in range(0, len(part.data), part.length)}
    return b"".join(sorted(cut))
