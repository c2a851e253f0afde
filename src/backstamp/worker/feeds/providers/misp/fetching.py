"""A MISP feed: its manifest, and those of its events that are new or have changed."""

import time
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from backstamp.shared_files.replacing import replace_file
from backstamp.worker.feeds.lists.entries import Drop, FeedError, Tally
from backstamp.worker.feeds.lists.source import Source
from backstamp.worker.feeds.providers.misp import MANIFEST, read_event, read_manifest
from backstamp.worker.feeds.screening.screen import Screen, believed
from backstamp.worker.fetching import Fetched, FetchError, fetch

MOST_AT_ONCE: Final = 500
"""Events in one refresh; the next one goes on."""
_MANIFEST_BYTES: Final = 32_000_000


class Gathered(NamedTuple):
    """What all events name that we have: sorted expressions, each once; and how much was left out."""

    expressions: list[str]
    tally: Tally


class _Kept(msgspec.Struct, frozen=True):
    """One event as it was read: its version, and what it lists."""

    version: str
    expressions: list[str]
    dropped: dict[Drop, int] = {}


def gather(source: Source, kept_at: Path, screen: Screen) -> Gathered:
    """Fetch what has changed, and return what all events name that we have. They are kept at `kept_at`.

    Raises:
        FetchError: the manifest cannot be had, or not one of the events that have changed.
        FeedError: it is no such feed, or too big.
        OSError: nothing can be written here.
    """
    base = source.url.rstrip("/")
    got = fetch(f"{base}/{MANIFEST}", max_bytes=_MANIFEST_BYTES, seconds=source.download_seconds)
    if not isinstance(got, Fetched):
        raise FetchError("the server answered 304")
    events = read_manifest(got.data)
    kept = _read(kept_at)
    wanted = [event for event in events if event[0] not in kept or kept[event[0]].version != event[1]]
    ends_at = time.monotonic() + source.download_seconds
    failure: FetchError | None = None
    fetched = 0
    for uuid, version in wanted[:MOST_AT_ONCE]:
        left = ends_at - time.monotonic()
        if left <= 0:
            break
        try:
            kept[uuid] = _event(source, f"{base}/{uuid}.json", version, screen, left)
            fetched += 1
        except FetchError as error:
            failure = error
    if failure is not None and not fetched:
        raise failure
    known = {uuid: kept[uuid] for uuid, _ in events if uuid in kept}
    # A manifest that is suddenly short is not believed, and its events would all be fetched again.
    replace_file(kept_at, msgspec.msgpack.encode(kept if 2 * len(known) < len(kept) else known))
    expressions = sorted({expression for each in known.values() for expression in each.expressions})
    if len(expressions) > source.max_entries:
        raise FeedError(f"it has more than {source.max_entries} entries")
    tally = Tally()
    for each in known.values():
        tally.update(each.dropped)
    return Gathered(expressions, tally)


def _event(source: Source, url: str, version: str, screen: Screen, seconds: float) -> _Kept:
    got = fetch(url, max_bytes=source.max_bytes, seconds=seconds)
    if not isinstance(got, Fetched):
        raise FetchError("the server answered 304")
    tally = Tally()
    found: set[str] = set()
    try:
        found = believed(read_event(got.data), screen, tally, source.max_entries)
    except FeedError:
        tally[Drop.MALFORMED] += 1
    return _Kept(version, sorted(found), dict(tally))


def _read(kept_at: Path) -> dict[str, _Kept]:
    try:
        return msgspec.msgpack.decode(kept_at.read_bytes(), type=dict[str, _Kept])
    except (FileNotFoundError, msgspec.DecodeError):
        return {}
