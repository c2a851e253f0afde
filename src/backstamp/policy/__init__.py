"""policy: what may be tracked, as values; and the snapshot that carries them to every role."""

from backstamp.policy.decision import ControlAxes, Decision, OffReason, decide
from backstamp.policy.kills import Kills, KillTarget
from backstamp.policy.protection import (
    DEFAULT_ACTIONS,
    EVERYBODY,
    ClickAddresses,
    OnKnownBad,
    OnUnprotected,
    OwnList,
    PageWords,
    Protection,
    ProtectionMode,
)
from backstamp.policy.receiving import LeftAlone, Receiving, receive
from backstamp.policy.snapshot import (
    Axes,
    Consent,
    ConsentMode,
    ConsentState,
    DomainPolicy,
    Privacy,
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
from backstamp.policy.unsubscribing import adds_unsubscribe

__all__ = [
    "DEFAULT_ACTIONS",
    "EVERYBODY",
    "EVERY_DOMAIN",
    "Axes",
    "ClickAddresses",
    "Consent",
    "ConsentMode",
    "ConsentState",
    "ControlAxes",
    "Decision",
    "DomainPolicy",
    "KillTarget",
    "Kills",
    "LeftAlone",
    "OffReason",
    "OnKnownBad",
    "OnUnprotected",
    "OwnList",
    "PageWords",
    "Privacy",
    "Protection",
    "ProtectionMode",
    "Receiving",
    "Snapshot",
    "SnapshotError",
    "Suppressed",
    "SuppressionAction",
    "SuppressionReason",
    "adds_unsubscribe",
    "decide",
    "decode_snapshot",
    "encode_snapshot",
    "receive",
    "suppression",
]
