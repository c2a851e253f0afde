"""From the publishers, or from files, to the file that the edge reads. What is no good changes nothing."""

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from backstamp.shared_files import SignatureFile, publish_updates
from backstamp.verdicts.published import (
    LISTS,
    ListCopy,
    PublishedList,
    PublishedListError,
    Updates,
    accept,
    read_prefixes,
)
from backstamp.worker.fetching import Fetched, FetchError, Unchanged, fetch

log = logging.getLogger("backstamp.worker")

Get = Callable[..., Fetched | Unchanged]


class Outcome(NamedTuple):
    """What became of one list: a copy that now stands, or why the one before it still does."""

    name: str
    text: str
    good: bool


def refresh(
    path: Path,
    *,
    urls: dict[str, str] | None = None,
    may_shrink: bool = False,
    lists: Iterable[PublishedList] = LISTS,
    get: Get = fetch,
) -> Iterator[Outcome]:
    """Ask every publisher for a newer copy; each good one is in force at once.

    Args:
        path: of the file that the edge reads.
        urls: other addresses of lists, by name: a mirror.
        may_shrink: believe a copy that is much shorter than the one before.
        lists: which.
        get: how a list is fetched.

    Yields:
        What became of each list.

    Raises:
        OSError: the file cannot be written.
    """
    for published in lists:
        updates = SignatureFile(path).updates()
        known = updates.copy(published.name)
        url = (urls or {}).get(published.name, published.url).replace("{uuid}", str(uuid.uuid4()))
        try:
            answer = get(
                url,
                max_bytes=published.max_bytes,
                etag=known.etag if known else "",
                last_modified=known.last_modified if known else "",
            )
        except FetchError as error:
            yield Outcome(published.name, f"not updated: {error}", good=False)
            continue
        if isinstance(answer, Unchanged):
            if known is None:
                yield Outcome(published.name, "not updated: the server says that we have it", good=False)
                continue
            publish_updates(
                path, updates.replaced(msgspec.structs.replace(known, checked_at=int(time.time())))
            )
            yield Outcome(published.name, "unchanged", good=True)
            continue
        yield _take(path, updates, published, answer, may_shrink)


def take(path: Path, published: PublishedList, data: bytes, *, may_shrink: bool = False) -> Outcome:
    """Take one list from bytes that an operator brought. Raises OSError."""
    return _take(path, SignatureFile(path).updates(), published, Fetched(data, "", ""), may_shrink)


def _take(
    path: Path, updates: Updates, published: PublishedList, answer: Fetched, may_shrink: bool
) -> Outcome:
    known = updates.copy(published.name)
    try:
        prefixes = read_prefixes(published.form, answer.data)
        accept(published, prefixes, known, may_shrink=may_shrink)
    except PublishedListError as error:
        return Outcome(published.name, f"not updated: {error}", good=False)
    now = int(time.time())
    same = known is not None and known.prefixes == prefixes
    copy = ListCopy(
        name=published.name,
        prefixes=prefixes,
        checked_at=now,
        changed_at=known.changed_at if same and known is not None else now,
        etag=answer.etag[:_LONGEST_TAG],
        last_modified=answer.last_modified[:_LONGEST_TAG],
    )
    publish_updates(path, updates.replaced(copy))
    return Outcome(published.name, "unchanged" if same else f"{len(prefixes)} networks", good=True)


_LONGEST_TAG: Final = 256
