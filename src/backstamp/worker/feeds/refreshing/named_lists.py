"""Lists that name URLs and hosts: fetched or read, and kept. What is no good changes nothing but the
state."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from backstamp.worker.feeds.keeping.copies import Listed, ListStore, State
from backstamp.worker.feeds.keeping.lasting import see_that_it_is_meant, see_that_it_stands
from backstamp.worker.feeds.keeping.new_entries import Spool
from backstamp.worker.feeds.keeping.standing import (
    Outcome,
    begun,
    failed,
    file_version,
    good,
    state_for,
    today,
)
from backstamp.worker.feeds.lists.entries import FeedError, counted, enough_memory
from backstamp.worker.feeds.lists.source import Form, Source
from backstamp.worker.feeds.providers.misp.fetching import gather
from backstamp.worker.feeds.refreshing.reading import Read, read_file
from backstamp.worker.feeds.screening.screen import Screen
from backstamp.worker.fetching import FetchError, Unchanged, Validators, download


def refresh_named(
    source: Source, directory: Path, own_hosts: Iterable[str], *, may_shrink: bool = False
) -> Outcome:
    """Look for a newer copy of a list, and keep it. Its state says afterwards when to look again.

    Raises:
        OSError: nothing can be written here.
    """
    store = ListStore(directory, source.name)
    state = state_for(store, source, own_hosts)
    version_tried = file_version(Path(source.address)) if source.is_file else ""
    store.write_state(begun(state, version_tried))
    try:
        with enough_memory():
            had = _had(source, store, state, Screen(own_hosts, trusted=source.trusted))
        if had is None:
            store.write_state(good(source, state))
            return Outcome(source.name, "unchanged", good=True)
        read, version = had
        if not may_shrink:
            _accept(source, state, len(read.expressions))
    except (FetchError, FeedError) as error:
        store.write_state(failed(state, error, version_tried))
        return Outcome(source.name, f"not updated: {error}", good=False)
    fresh = _keep(source, store, Spool(directory), read.expressions)
    store.write_state(
        msgspec.structs.replace(
            good(source, state),
            changed_at=time.time(),
            entries=len(read.expressions),
            dropped={drop.value: count for drop, count in read.tally.items() if count},
            etag=version.etag,
            last_modified=version.last_modified,
        )
    )
    return Outcome(source.name, _told(read, fresh), good=True, changed=True)


def _had(source: Source, store: ListStore, state: State, screen: Screen) -> tuple[Read, Validators] | None:
    """Return what the list says now and which version it is, or None where it is the one that we have."""
    known = Validators(state.etag, state.last_modified)
    if source.form is Form.MISP:
        return Read(*gather(source, store.events, screen)), Validators()
    if source.is_file:
        return _of_file(source, known, screen)
    answer = download(
        source.url,
        store.part,
        max_bytes=source.max_bytes,
        known=known,
        seconds=source.download_seconds,
    )
    if isinstance(answer, Unchanged):
        return None
    try:
        return read_file(source, store.part, screen, is_whole=answer.tells_its_end), answer.validators
    finally:
        store.part.unlink()


def _of_file(source: Source, known: Validators, screen: Screen) -> tuple[Read, Validators] | None:
    path = Path(source.address)
    version = Validators(file_version(path))
    if version.etag and version == known:
        return None
    try:
        if path.exists() and not path.is_file():
            raise FeedError("it is no file")
        size = path.stat().st_size
        if size > source.max_bytes:
            raise FeedError(f"it has {size} bytes, more than {source.max_bytes}")
        return read_file(source, path, screen), version
    except OSError as error:
        raise FeedError(f"the file cannot be read ({error.strerror})") from None


def _accept(source: Source, state: State, now: int) -> None:
    """Believe a list of so many entries. Raises FeedError where it is empty, or lacks much of what it had."""
    if source.trusted:
        see_that_it_is_meant(source, state, now)
    elif not now:
        raise FeedError("it is empty")
    else:
        see_that_it_stands(source, state.entries, now)


def _keep(source: Source, store: ListStore, spool: Spool, expressions: list[str]) -> int:
    """Put the expressions in the place of those before; return how many are new. Old ones keep their day."""
    day = today()
    new: list[str] = []
    listed = list(_with_days(expressions, store.entries(), day, new))
    with spool.together():
        spool.add(source.name, source.threat_type, day, new)
        store.write_entries(listed)
    return len(new)


def _with_days(
    expressions: Iterable[str], before: Iterator[Listed], day: int, new: list[str]
) -> Iterator[Listed]:
    """Yield each expression with the day on which it was first seen; those of today are added to `new`.

    Both are sorted, so that what was known before needs no place in memory.
    """
    known = next(before, None)
    for expression in expressions:
        while known is not None and known.expression < expression:
            known = next(before, None)
        if known is not None and known.expression == expression:
            yield known
        else:
            new.append(expression)
            yield Listed(expression, day)


def _told(read: Read, fresh: int) -> str:
    dropped = sum(read.tally.values())
    left_out = f", {dropped} left out" if dropped else ""
    return f"{counted(len(read.expressions))}, {fresh} of them new{left_out}"
