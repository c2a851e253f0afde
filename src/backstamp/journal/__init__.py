"""journal: the durable log between the public roles and the worker, and the files they share."""

from backstamp.journal.codec import PackedHit
from backstamp.journal.edge_counters import Answer, Drop, EdgeCounters
from backstamp.journal.errors import JournalUnavailableError, RecordTooLargeError
from backstamp.journal.reader import Batch, JournalReader
from backstamp.journal.signature_file import SignatureFile, publish_updates
from backstamp.journal.snapshot_file import (
    SnapshotFile,
    consents_path,
    publish_consents,
    publish_policy,
    publish_snapshot,
    publish_suppressed,
    suppressed_path,
)
from backstamp.journal.source_keys import SourceKeys
from backstamp.journal.threat_file import ThreatFile, publish_lists
from backstamp.journal.writer import DEFAULT_SYNC, JournalWriter, RecordId
from backstamp.vocabulary import Sync

__all__ = [
    "DEFAULT_SYNC",
    "Answer",
    "Batch",
    "Drop",
    "EdgeCounters",
    "JournalReader",
    "JournalUnavailableError",
    "JournalWriter",
    "PackedHit",
    "RecordId",
    "RecordTooLargeError",
    "SignatureFile",
    "SnapshotFile",
    "SourceKeys",
    "Sync",
    "ThreatFile",
    "consents_path",
    "publish_consents",
    "publish_lists",
    "publish_policy",
    "publish_snapshot",
    "publish_suppressed",
    "publish_updates",
    "suppressed_path",
]
