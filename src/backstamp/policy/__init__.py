"""policy: what may be tracked, as values; and the snapshot that carries them to every role."""

from backstamp.policy.decision import ControlAxes, Decision, OffReason, decide
from backstamp.policy.kills import Kills, KillTarget
from backstamp.policy.snapshot import (
    Axes,
    Consent,
    ConsentMode,
    ConsentState,
    DomainPolicy,
    Snapshot,
    SnapshotError,
    decode_snapshot,
    encode_snapshot,
)
from backstamp.policy.suppression import (
    EVERY_DOMAIN,
    Suppressed,
    SuppressionAction,
    SuppressionReason,
    suppression,
)

__all__ = [
    "EVERY_DOMAIN",
    "Axes",
    "Consent",
    "ConsentMode",
    "ConsentState",
    "ControlAxes",
    "Decision",
    "DomainPolicy",
    "KillTarget",
    "Kills",
    "OffReason",
    "Snapshot",
    "SnapshotError",
    "Suppressed",
    "SuppressionAction",
    "SuppressionReason",
    "decide",
    "decode_snapshot",
    "encode_snapshot",
    "suppression",
]
