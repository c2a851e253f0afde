"""What the worker must be told."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from backstamp.journal import JournalWriter
from backstamp.policy import Policy
from backstamp.tokens import Keyring
from backstamp.worker.feeds.config import FeedsConfig
from backstamp.worker.onward import NextHop


class ImapConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A mailbox to look at every `seconds`: imaps://USER@HOST:PORT/FOLDER."""

    address: str
    password: str
    seconds: int
    ca: Path | None = None


class ReportMailboxConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where reports come from. `listen` is as of the capture mailbox, or empty.

    `domain` is that of the sealed return paths, or empty; `next_hop` gets what is handed on to senders, if
    anything is. `journal` returns a new writer of this process.
    """

    listen: str = ""
    domain: str = ""
    next_hop: NextHop | None = None
    imap: ImapConfig | None = None
    max_bytes: int = 50_000_000
    keyring: Callable[[], Keyring]
    journal: Callable[[], JournalWriter]


class OwnMailConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How the worker sends mail of its own: through the next hop, with `sender` in From."""

    next_hop: NextHop
    sender: str


class WorkerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Plain values; nothing here is read from files or the environment.

    `policy` holds the installation's defaults, over which the database's rows are laid; its
    `published_at_us` does not matter. `capture_listen` is `unix:/absolute/path` or `host:port`;
    `signatures_path` is the file of newer lists of networks, which `update_signatures` keeps not older than a
    day; in `clock_path` stands until when the clock was believed; `feeds` are the lists of dangerous URLs,
    and in `looking_back_dir` waits what is new on them; `known_sites_path` is the file of sites that are not
    new here.
    `operations_listen` is host and port of the private pages, if any; `reports` is None where no mail is
    taken that comes back, `own_mail` where none is sent.
    """

    journal_dir: Path
    snapshot_path: Path
    source_keys_dir: Path
    clock_path: Path
    policy: Policy
    retention_days: int
    capture_dir: Path
    capture_listen: str
    capture_max_bytes: int
    edge_counters_dir: Path
    signatures_path: Path
    update_signatures: bool = True
    feeds: FeedsConfig | None = None
    looking_back_dir: Path
    known_sites_path: Path
    operations_listen: tuple[str, int] | None = None
    reports: ReportMailboxConfig | None = None
    own_mail: OwnMailConfig | None = None
