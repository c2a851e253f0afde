"""What the worker must be told of lists of dangerous URLs."""

from pathlib import Path

import msgspec

from backstamp.worker.feeds.lists.jobs import Job
from backstamp.worker.feeds.lists.source import HASHED, Source
from backstamp.worker.feeds.providers.dns_lists import DnsList


class FeedsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Which lists are on, and where things are kept.

    `directory` is for the copies, `lists_path` for the compiled lists, `answers_path` for what publishers
    have answered. No list may list one of `own_hosts`. `resolver` is the address of a DNS resolver, HOST or
    HOST:PORT, and empty for the system's.
    """

    sources: tuple[Source, ...]
    dns_lists: tuple[DnsList, ...] = ()
    resolver: str = ""
    directory: Path
    lists_path: Path
    answers_path: Path
    own_hosts: tuple[str, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether there is anybody to ask about single URLs."""
        return bool(self.dns_lists) or any(source.form in HASHED for source in self.sources)

    @property
    def job(self) -> Job:
        """What is to do regularly."""
        return Job(
            sources=self.sources,
            directory=self.directory,
            lists_path=self.lists_path,
            own_hosts=self.own_hosts,
        )
