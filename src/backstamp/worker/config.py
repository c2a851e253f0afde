"""What the worker must be told."""

from pathlib import Path

import msgspec

from backstamp.policy import Snapshot


class WorkerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Plain values; nothing here is read from files or the environment.

    `policy` holds the installation's defaults, over which the database's rows are laid; its
    `published_at_us` does not matter. `capture_listen` is `unix:/absolute/path` or `host:port`;
    `signatures_path` is the file
    of newer lists of networks, which `update_signatures` keeps not older than a day.
    `operations_listen` is host and port of the private pages, if any.
    """

    journal_dir: Path
    snapshot_path: Path
    source_keys_dir: Path
    policy: Snapshot
    retention_days: int
    capture_dir: Path
    capture_listen: str
    capture_max_bytes: int
    edge_counters_dir: Path
    signatures_path: Path
    update_signatures: bool = True
    operations_listen: tuple[str, int] | None = None
