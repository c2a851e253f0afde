"""How it stands with a list after a look at it, and when the next look is due."""

import hashlib
import random
import time
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from backstamp import __version__
from backstamp.worker.feeds.keeping.copies import ListStore, State
from backstamp.worker.feeds.lists.entries import DoubtError, FeedError
from backstamp.worker.feeds.lists.source import Source
from backstamp.worker.fetching import FetchError

DAY: Final = 86_400
FIRST_PAUSE: Final = 300.0
"""After the first failure; twice as long after each further one, and at most a day."""
LONGEST_PAUSE: Final = 8 * DAY
"""More than any list is left alone: what a server may ask for is a week, and so is the longest setting."""
JITTER: Final = 0.1
"""So much of a pause is left to chance: not everybody's worker asks in the same second."""
_ENDED: Final = "what read it was ended in the middle"
_DISLIKED: Final = frozenset(
    {
        *(HTTPStatus.BAD_REQUEST, HTTPStatus.GONE, HTTPStatus.PRECONDITION_FAILED),
        *(HTTPStatus.REQUEST_URI_TOO_LONG, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE),
    }
)
"""What may be answered to which version we have, as the server called it: asked so again, it would say so for
ever."""
_MOST_DOUBLINGS: Final = 20
_FEW: Final = 10
_STALE_LOOKS: Final = 3
"""A list is stale when so many looks in a row brought nothing, and at least a day has gone by."""


class Outcome(NamedTuple):
    """What became of one list: a copy that now stands, or why the one before it still does."""

    name: str
    text: str
    good: bool
    changed: bool = False


class Standing(NamedTuple):
    """How it stands with a list, for those who want to know: of a look that goes on nobody knows yet."""

    state: State
    being_read: bool


def standing_of(store: ListStore) -> Standing:
    """Return how it stands with a list now."""
    state = store.state()
    being_read = store.is_being_read()
    if state.why == _ENDED and not being_read:
        state = store.state()  # It may have ended well between the two.
    elif state.why == _ENDED:
        state = msgspec.structs.replace(state, failures=state.failures - 1, why="")
    return Standing(state, being_read)


def state_for(store: ListStore, source: Source, own_hosts: Iterable[str]) -> State:
    """Return the state of a list. A copy that was made otherwise stays in force, but is asked for anew.

    So is one that is gone: the publisher would say for ever that it has not changed.
    """
    state = store.state()
    made_by = _made_by(source, own_hosts)
    if state.made_by == made_by and (not state.changed_at or store.has_copy()):
        return state
    return msgspec.structs.replace(_unknown(state), made_by=made_by)


def good(source: Source, state: State, wait_seconds: float = 0.0) -> State:
    """Return the state after a look that went well: the next is due when the list's time has come.

    `wait_seconds`: what the publisher asks for, where that is longer.
    """
    now = time.time()
    pause = max(source.seconds * _jitter(), wait_seconds)
    return msgspec.structs.replace(
        state,
        checked_at=now,
        next_at=now + pause,
        failures=0,
        why="",
        tried="",
        doubted_at=0,
        doubted_entries=0,
    )


def begun(state: State, tried: str = "") -> State:
    """Return the state while a list is looked at: a failure, until it is known to be none.

    What ends the process in the middle (the kernel, for want of memory; a fault in a reader) would else keep
    all lists behind this one waiting, every time.
    """
    return failed(state, FeedError(_ENDED), tried)


def failed(state: State, error: FetchError | FeedError, tried: str = "") -> State:
    """Return the state after a failure: the pause grows, and is never shorter than Retry-After says.

    `tried` is which version of a file it was. What is only doubted is looked at again after the first pause.
    """
    now = time.time()
    doubted_at, doubted_entries = 0.0, 0
    pause = min(FIRST_PAUSE * 2 ** min(state.failures, _MOST_DOUBLINGS), DAY) * _jitter()
    if isinstance(error, DoubtError):
        is_same = state.doubted_at and _is_much_the_same(state.doubted_entries, error.entries)
        doubted_at, doubted_entries = (
            (state.doubted_at, state.doubted_entries) if is_same else (now, error.entries)
        )
        pause = FIRST_PAUSE * _jitter()
    if isinstance(error, FetchError):
        pause = max(pause, error.retry_after)
        if error.status in _DISLIKED:
            state = _unknown(state)
    return msgspec.structs.replace(
        state,
        failures=state.failures + 1,
        why=str(error),
        next_at=now + pause,
        tried=tried,
        doubted_at=doubted_at,
        doubted_entries=doubted_entries,
    )


def has_stayed(state: State, entries: int) -> bool:
    """Whether a file that was doubted has about as many entries as then, after the first pause."""
    if not state.doubted_at or not _is_much_the_same(state.doubted_entries, entries):
        return False
    return not 0 <= time.time() - state.doubted_at < FIRST_PAUSE


def is_due(store: ListStore, source: Source, own_hosts: Iterable[str]) -> bool:
    """Whether it is time to look at a list: its pause is over, its file has changed, or its settings have."""
    state = store.state()
    if state.made_by != _made_by(source, own_hosts):
        return True
    if source.is_file:
        version = file_version(Path(source.address))
        if not state.failures:
            return version != state.etag or not store.has_copy()
        if version != state.tried:
            return True
    # What is years away was written before the clock was set back.
    return not 0 < state.next_at - time.time() < LONGEST_PAUSE


def file_version(path: Path) -> str:
    """Return what changes with a file, and with who may read it; "" where it cannot be looked at."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}"


def is_stale(source: Source, state: State) -> bool:
    """Whether a list has not been had for so long that something is wrong. A file is there, or it is not."""
    if source.is_file and state.checked_at:
        return state.failures > 0
    return abs(time.time() - state.checked_at) > max(DAY, _STALE_LOOKS * source.seconds)


def today() -> int:
    """Return the day, in days since 1970 UTC."""
    return int(time.time()) // DAY


def _is_much_the_same(before: int, now: int) -> bool:
    """Whether a file of so many entries says much the same as before, and is not just growing.

    It may be written anew every few minutes. What is empty is like nothing else.
    """
    if not before or not now:
        return before == now
    return abs(now - before) <= _FEW or before <= 2 * now <= 4 * before


def _unknown(state: State) -> State:
    """Return the state so that the next question does not say which version we have."""
    return msgspec.structs.replace(state, etag="", last_modified="", versions={})


def _made_by(source: Source, own_hosts: Iterable[str]) -> str:
    parts = (__version__, source.url, source.form, source.trusted, sorted(own_hosts))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _jitter() -> float:
    return 1 + JITTER * random.random()  # noqa: S311 (no secret)
