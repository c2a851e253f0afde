"""shared_files: what processes leave for one another in the data directory, beside the journal.

Most are replaced as a whole (`replacing`), and whoever reads one looks now and then whether there is a newer
(`shared_file`).
"""

from backstamp.shared_files.edge_counters import Answer, Drop, EdgeCounters
from backstamp.shared_files.signature_file import SignatureFile, publish_updates
from backstamp.shared_files.snapshot_file import (
    SnapshotFile,
    consents_path,
    publish_consents,
    publish_policy,
    publish_snapshot,
    publish_suppressed,
    suppressed_path,
)
from backstamp.shared_files.source_keys import SourceKeys
from backstamp.shared_files.threat_file import ThreatFile, publish_lists

__all__ = [
    "Answer",
    "Drop",
    "EdgeCounters",
    "SignatureFile",
    "SnapshotFile",
    "SourceKeys",
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
