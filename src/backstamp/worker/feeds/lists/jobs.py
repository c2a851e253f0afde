"""A job for whoever refreshes and compiles, as it is handed from one process to another."""

from pathlib import Path

import msgspec

from backstamp.worker.feeds.lists.source import Source


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to do.

    Args:
        sources: all lists that are on.
        directory: where their copies are kept.
        lists_path: the compiled file.
        own_hosts: hosts of this installation, which no list may list.
        only: names of lists to look at now, due or not; empty for those that are due.
        may_shrink: believe a list that has lost more than half of its entries.
    """

    sources: tuple[Source, ...]
    directory: Path
    lists_path: Path
    own_hosts: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    may_shrink: bool = False


def encode_job(job: Job) -> bytes:
    """Return a job as bytes. It holds keys."""
    return msgspec.json.encode(job, enc_hook=str)


def decode_job(data: bytes) -> Job:
    """Return a job that `encode_job` wrote."""
    return msgspec.json.decode(data, type=Job, dec_hook=lambda kind, value: kind(value))
