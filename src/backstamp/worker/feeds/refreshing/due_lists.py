"""All lists whose time has come: refreshed one after the other, and compiled where one has changed."""

import contextlib
import fcntl
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final

from backstamp import __version__
from backstamp.shared_files.replacing import remove_unfinished
from backstamp.threats.lists import ThreatLists, ThreatListsError
from backstamp.worker.feeds.keeping.copies import ListStore, stored_lists
from backstamp.worker.feeds.keeping.new_entries import Spool
from backstamp.worker.feeds.keeping.standing import Outcome, is_due
from backstamp.worker.feeds.lists.jobs import Job
from backstamp.worker.feeds.lists.source import HASHED, Source
from backstamp.worker.feeds.refreshing.compiling import compile_all
from backstamp.worker.feeds.refreshing.hashed_lists import refresh_hashed
from backstamp.worker.feeds.refreshing.named_lists import refresh_named

_COMPILED_OF: Final = "compiled-of"


class AwayError(Exception):
    """Another process is refreshing the lists just now."""


def refresh_all(job: Job) -> Iterator[Outcome]:
    """Refresh lists, one after the other, and compile them all where something has changed.

    Files of this machine come first, and again between two publishers' lists where they have changed: they
    are in force before a publisher is waited for, who may take minutes. The copy of a list that is not on
    any more is forgotten. What is new waits in the `Spool`.

    Yields:
        What became of each list that was looked at.

    Raises:
        AwayError: another process does it just now.
        OSError: something cannot be written here; what stood before stands.
    """
    job.directory.mkdir(parents=True, exist_ok=True, mode=0o750)
    with _alone(job.directory):
        names = {source.name for source in job.sources}
        for name in stored_lists(job.directory):
            if name not in names:
                ListStore(job.directory, name).forget()
        files = [source for source in job.sources if source.is_file]
        yield from _files(job, [source for source in files if _is_wanted(job, source)])
        for source in job.sources:
            if not source.is_file and _is_wanted(job, source):
                yield _refreshed(job, source)
                yield from _files(job, [file for file in files if _has_changed(job, file)])
        compile_changed(job)


def compile_changed(job: Job) -> None:
    """Compile the lists unless that was done with just these copies, and let what is new be told.

    Raises:
        OSError: the file cannot be written; the old one stands then.
    """
    note = job.directory / _COMPILED_OF
    copies = repr(
        (
            __version__,
            [
                (source.name, source.threat_type, ListStore(job.directory, source.name).state().changed_at)
                for source in job.sources
            ],
        )
    )
    done = note.read_text() if note.exists() else ""
    if done != copies or not _are_whole(job.lists_path):
        remove_unfinished(job.lists_path.parent, job.lists_path.name)
        compile_all(job.sources, job.directory, job.lists_path)
        note.write_text(copies)
    Spool(job.directory).release()


def _are_whole(lists_path: Path) -> bool:
    """Whether compiled lists can be opened, by this version on this machine."""
    try:
        ThreatLists(lists_path.read_bytes())
    except (FileNotFoundError, ThreatListsError):
        return False
    return True


def is_anything_due(job: Job) -> bool:
    """Whether it is time to look at a list. Cheap: reads the states of all, and asks nobody."""
    return any(is_due(ListStore(job.directory, each.name), each, job.own_hosts) for each in job.sources)


def _is_wanted(job: Job, source: Source) -> bool:
    if job.only:
        return source.name in job.only
    return is_due(ListStore(job.directory, source.name), source, job.own_hosts)


def _has_changed(job: Job, file: Source) -> bool:
    """Whether a file that was looked at is to be looked at again."""
    if job.only and file.name not in job.only:
        return False
    return is_due(ListStore(job.directory, file.name), file, job.own_hosts)


def _files(job: Job, files: Iterable[Source]) -> Iterator[Outcome]:
    """Refresh files of this machine, and put what has changed in force."""
    outcomes = [_refreshed(job, file) for file in files]
    if any(outcome.changed for outcome in outcomes):
        compile_changed(job)
    yield from outcomes


def _refreshed(job: Job, source: Source) -> Outcome:
    with ListStore(job.directory, source.name).being_read():
        if source.form in HASHED:
            return refresh_hashed(source, job.directory, job.own_hosts, may_shrink=job.may_shrink)
        return refresh_named(source, job.directory, job.own_hosts, may_shrink=job.may_shrink)


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[IO[bytes]]:
    with (directory / "lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AwayError("the lists are being refreshed by another process just now") from None
        yield lock
