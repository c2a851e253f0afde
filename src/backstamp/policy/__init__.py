"""policy: what may be tracked, as values; and the snapshot that carries them to every role."""

from backstamp.policy.addressed import addressed, strictest_domain
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
from backstamp.policy.consents import AxisConsents, Consent, Consents, ConsentState
from backstamp.policy.decision import ControlAxes, Decision, OffReason, decide
from backstamp.policy.keys import Keys
from backstamp.policy.kills import Kills, KillTarget
from backstamp.policy.links import LinkWord, link_word, link_words
from backstamp.policy.protection import (
    CHOSEN_ACTIONS,
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
from backstamp.policy.receiving import Receiving, receive
from backstamp.policy.snapshot import STALE_SECONDS, Axes, DomainPolicy, Policy, Privacy, Snapshot
from backstamp.policy.snapshot_parts import (
    PolicyPart,
    SnapshotError,
    decode_consents,
    decode_policy,
    decode_suppressed,
    encode_consents,
    encode_policy,
    encode_suppressed,
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
    "CHOSEN_ACTIONS",
    "DEFAULT_ACTIONS",
    "DIGEST_BYTES",
    "EVERYBODY",
    "EVERY_DOMAIN",
    "KILLED",
    "OWN_BLOCKED",
    "STALE_SECONDS",
    "Axes",
    "AxisConsents",
    "ClickAddresses",
    "ClickDecision",
    "Consent",
    "ConsentMode",
    "ConsentState",
    "Consents",
    "ControlAxes",
    "Decision",
    "DomainPolicy",
    "Keys",
    "KillTarget",
    "Kills",
    "LinkWord",
    "OffReason",
    "OnKnownBad",
    "OnUnprotected",
    "OwnList",
    "OwnWord",
    "PageWords",
    "Policy",
    "PolicyPart",
    "Privacy",
    "Protection",
    "ProtectionMode",
    "Receiving",
    "Snapshot",
    "SnapshotError",
    "Suppressed",
    "SuppressionAction",
    "SuppressionReason",
    "addressed",
    "adds_unsubscribe",
    "decide",
    "decide_click",
    "decode_consents",
    "decode_policy",
    "decode_suppressed",
    "encode_consents",
    "encode_policy",
    "encode_suppressed",
    "link_word",
    "link_words",
    "lists_for",
    "own_word",
    "receive",
    "strictest_domain",
    "suppression",
]
