"""What the console must be told; `django.conf.settings.BACKSTAMP` holds one of these."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings

from backstamp.journal import JournalWriter
from backstamp.policy import Protection, Snapshot
from backstamp.tokens import Keyring
from backstamp.verdicts.published import Updates
from backstamp.vocabulary import ClickAction


class Simulations(Protocol):
    """Simulations, one at a time (`app.simulator.runs`)."""

    def start(self, recipients: int) -> bool:
        """Begin one; False where one is running."""

    def running(self) -> bool:
        """Whether one is under way."""

    def acts(self) -> int:
        """Return how many requests it made so far."""

    def problem(self) -> str:
        """Return why the last one came to nothing, or ""."""

    def report(self) -> dict[str, Any] | None:
        """Return the last report."""


@dataclass(frozen=True, kw_only=True)
class ThreatListState:
    """How it stands with a list of dangerous URLs.

    `had_at` is when it was last had, None for never; `failures` how often in a row it was not, and `why` not.
    `being_read`: it is looked at just now. `asked` lists have no entries here: their owner is asked when mail
    comes. `unasked` is why a list's owner is left alone, until `unasked_until` at least; what they know of
    single links does not count then.
    """

    name: str
    threat: str = ""
    entries: int = 0
    left_out: int = 0
    had_at: datetime | None = None
    next_at: datetime | None = None
    failures: int = 0
    why: str = ""
    stale: bool = False
    asked: bool = False
    being_read: bool = False
    unasked: str = ""
    unasked_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PagePreview:
    """A page before a link as readers will see it, and the Content-Security-Policy that it needs."""

    text: str
    policy: str


@dataclass(frozen=True, kw_only=True)
class ConsoleConfig:
    """Plain values, and callables for what changes or must be opened late.

    `gateway_host` and `gateway_port` are where samples are handed in by SMTP. `capturing` is true while
    no next hop is configured, so that every mail ends in the test mailbox under `capture_dir`.
    `keyring`, `snapshot` and `signatures` give the current ones and are cheap to call; `journal` gives this
    process's one writer. `threat_lists` reads how it stands with the lists that are on, `page_preview`
    makes the page for a domain, its protection, what happens (warn or block) and a language. For
    `retention_days` records are kept; `keeps_addresses`: with each hit the network address; `contact` is whom
    recipients may ask, or "". `takes_received_mail`: the settings name a listener of received mail.
    """

    gateway_host: str
    gateway_port: int
    capturing: bool
    capture_dir: Path
    keyring: Callable[[], Keyring]
    snapshot: Callable[[], Snapshot | None]
    signatures: Callable[[], Updates]
    journal: Callable[[], JournalWriter]
    simulations: Simulations
    threat_lists: Callable[[], Sequence[ThreatListState]]
    page_preview: Callable[[str, Protection, ClickAction, str], PagePreview]
    retention_days: int
    keeps_addresses: bool
    contact: str
    takes_received_mail: bool


def console_config() -> ConsoleConfig:
    """Return the configuration of this process."""
    config: ConsoleConfig = settings.BACKSTAMP
    return config
