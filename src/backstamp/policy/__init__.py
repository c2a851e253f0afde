"""policy: what may be tracked, as values; and the snapshot that carries them to every role."""

from backstamp.policy.clicks import (
    ALLOWED,
    DIGEST_BYTES,
    KILLED,
    OWN_BLOCKED,
    ClickDecision,
    OwnWord,
    decide_click,
    lists_for,
    own_word,
)
from backstamp.policy.decision import ControlAxes, Decision, OffReason, decide
from backstamp.policy.kills import Kills, KillTarget
from backstamp.policy.links import LinkWord, link_word, link_words
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
    SuppressionReason,
    suppression,
)
from backstamp.policy.unsubscribing import adds_unsubscribe
from backstamp.vocabulary import ConsentMode, SuppressionAction

__all__ = [
    "ALLOWED",
    "DEFAULT_ACTIONS",
    "DIGEST_BYTES",
    "EVERYBODY",
    "EVERY_DOMAIN",
    "KILLED",
    "OWN_BLOCKED",
    "Axes",
    "ClickAddresses",
    "ClickDecision",
    "Consent",
    "ConsentMode",
    "ConsentState",
    "ControlAxes",
    "Decision",
    "DomainPolicy",
    "KillTarget",
    "Kills",
    "LeftAlone",
    "LinkWord",
    "OffReason",
    "OnKnownBad",
    "OnUnprotected",
    "OwnList",
    "OwnWord",
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
    "decide_click",
    "decode_snapshot",
    "encode_snapshot",
    "link_word",
    "link_words",
    "lists_for",
    "own_word",
    "receive",
    "suppression",
]
