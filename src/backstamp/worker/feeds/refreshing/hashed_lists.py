"""Lists of hash prefixes: brought up to date by differences, and kept."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from backstamp.worker.feeds.formats.differences import Held, Updated
from backstamp.worker.feeds.keeping.copies import ListStore, Prefixes
from backstamp.worker.feeds.keeping.lasting import see_that_it_stands
from backstamp.worker.feeds.keeping.new_entries import Spool
from backstamp.worker.feeds.keeping.standing import Outcome, begun, failed, good, state_for, today
from backstamp.worker.feeds.lists.entries import FeedError, ShrunkError, enough_memory
from backstamp.worker.feeds.lists.source import Form, Source
from backstamp.worker.feeds.providers import safe_browsing, web_risk
from backstamp.worker.fetching import FetchError

MOST_ROUNDS: Final = 4
"""A server that asks for no pause has more to send at once; but not where it is slow: other lists wait."""


def refresh_hashed(
    source: Source, directory: Path, own_hosts: Iterable[str], *, may_shrink: bool = False
) -> Outcome:
    """Bring a list of prefixes up to date, and keep it. Its state says afterwards when to look again.

    Raises:
        OSError: nothing can be written here.
    """
    store = ListStore(directory, source.name)
    state = state_for(store, source, own_hosts)
    store.write_state(begun(state))
    before = store.prefixes()
    held = Held(before, state.versions)
    wait = 0.0
    ends_at = time.monotonic() + source.download_seconds
    try:
        for _ in range(MOST_ROUNDS):
            with enough_memory():
                held, wait = _update(source, held)
            if wait or time.monotonic() > ends_at:
                break
        count = sum(len(part.data) // part.length for part in held.parts)
        if not may_shrink:
            see_that_it_stands(source, state.entries, count)
    except (FetchError, FeedError) as error:
        # What does not fit is asked for as a whole the next time; what stands stays in force. What fits, and
        # is not believed, would say the same as a whole.
        state = failed(state, error)
        is_wrong = isinstance(error, FeedError) and not isinstance(error, ShrunkError)
        versions = {} if is_wrong else state.versions
        store.write_state(msgspec.structs.replace(state, versions=versions))
        return Outcome(source.name, f"not updated: {error}", good=False)
    changed = held.parts != before
    fresh = 0
    if changed:
        spool = Spool(directory)
        with spool.together():
            fresh = _tell(source, spool, before, held.parts)
            store.write_prefixes(held.parts)
    store.write_state(
        msgspec.structs.replace(
            good(source, state, wait),
            changed_at=time.time() if changed else state.changed_at,
            entries=count,
            versions=dict(held.versions),
        )
    )
    text = f"{count} prefixes, {fresh} of them new" if changed else "unchanged"
    return Outcome(source.name, text, good=True, changed=changed)


def _update(source: Source, held: Held) -> Updated:
    update = safe_browsing.update if source.form is Form.SAFE_BROWSING else web_risk.update
    return update(source, held)


def _tell(source: Source, spool: Spool, before: Iterable[Prefixes], now: Iterable[Prefixes]) -> int:
    """Write down which prefixes are new; return how many."""
    known = {(part.part, part.length): part.data for part in before}
    count = 0
    for part in now:
        new = b"".join(_new(part.data, known.get((part.part, part.length), b""), part.length))
        spool.add_prefixes(source.name, part.threat_type, today(), part.length, new)
        count += len(new) // part.length
    return count


def _new(data: bytes, before: bytes, length: int) -> Iterator[bytes]:
    """Yield the sorted prefixes that were not there before; both are sorted and joined."""
    place = 0
    for at in range(0, len(data), length):
        prefix = data[at : at + length]
        while place < len(before) and before[place : place + length] < prefix:
            place += length
        if before[place : place + length] != prefix:
            yield prefix
