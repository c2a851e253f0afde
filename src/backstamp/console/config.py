"""What the console must be told; `django.conf.settings.BACKSTAMP` holds one of these."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from backstamp.journal import JournalWriter
from backstamp.policy import Snapshot
from backstamp.tokens import Keyring
from backstamp.verdicts.published import Updates


@dataclass(frozen=True, kw_only=True)
class ConsoleConfig:
    """Plain values, and callables for what changes or must be opened late.

    `gateway_host` and `gateway_port` are where samples are handed in by SMTP. `capturing` is true while
    no next hop is configured, so that every mail ends in the test mailbox under `capture_dir`.
    `keyring`, `snapshot` and `signatures` give the current ones and are cheap to call; `journal` gives this
    process's one writer.
    """

    gateway_host: str
    gateway_port: int
    capturing: bool
    capture_dir: Path
    keyring: Callable[[], Keyring]
    snapshot: Callable[[], Snapshot | None]
    signatures: Callable[[], Updates]
    journal: Callable[[], JournalWriter]


def console_config() -> ConsoleConfig:
    """Return the configuration of this process."""
    config: ConsoleConfig = settings.BACKSTAMP
    return config
