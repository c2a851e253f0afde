"""What happens at a click: kills, own lists, threat lists and looks, in this order, and one answer."""

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from backstamp.policy.protection import EVERYBODY, OwnList, Protection
from backstamp.policy.snapshot import Snapshot
from backstamp.threats import Finding, ThreatReason
from backstamp.vocabulary import ClickAction, ThreatType

DIGEST_BYTES: Final = 8
"""Of a SHA-256, in kills and own lists: nobody can find another URL with the same 8 octets as a given one."""
OWN_SOURCE: Final = "own list"
KILLED: Final = Finding(ThreatType.FORBIDDEN, ThreatReason.SWITCHED_OFF, "kill switch")
OWN_BLOCKED: Final = Finding(ThreatType.FORBIDDEN, ThreatReason.OWN_LIST, OWN_SOURCE)

_SEVERITY: Final = {ClickAction.BLOCK: 2, ClickAction.WARN: 1, ClickAction.ALLOW: 0}


class OwnWord(StrEnum):
    """What an administrator's own lists say of a URL."""

    ALLOWED = "allowed"
    BLOCKED = "blocked"


class ClickDecision(msgspec.Struct, frozen=True):
    """What happens, and what speaks against the link most, where something does."""

    action: ClickAction
    finding: Finding | None = None


ALLOWED: Final = ClickDecision(ClickAction.ALLOW)


def lists_for(snapshot: Snapshot, *, domain: str, recipient_key: bytes) -> tuple[OwnList, ...]:
    """Return the own lists that hold for a mailbox, the narrowest first."""
    if not snapshot.own_lists:
        return ()
    scopes = (recipient_key.hex(), domain.lower(), EVERYBODY)
    found = (snapshot.own_lists.get(scope) for scope in dict.fromkeys(scopes))
    return tuple(each for each in found if each is not None)


def own_word(digests: Collection[bytes], lists: Iterable[OwnList]) -> OwnWord | None:
    """Return what own lists, the narrowest first, say of a URL with these expressions.

    `digests` are the first `DIGEST_BYTES` of the SHA-256 of each. The narrowest list that names one of them
    decides; one that both allows and blocks blocks.
    """
    for each in lists:
        if not each.blocked.isdisjoint(digests):
            return OwnWord.BLOCKED
        if not each.allowed.isdisjoint(digests):
            return OwnWord.ALLOWED
    return None


def decide_click(
    protection: Protection, *, own: OwnWord | None, findings: Sequence[Finding], waited: bool
) -> ClickDecision:
    """Decide on a click on a link that is not switched off.

    `findings` are what lists say, and of a link of received mail what its looks do where they are enough to
    warn (`threats.heuristics.is_suspicious`). The most severe action of their threats' is taken. The bare
    prefix of a hash names clean URLs too: unless something else blocks the link anyway, it is checked first,
    and goes by `protection.unresolved` where the reader `waited` in vain.
    """
    if own is OwnWord.ALLOWED:
        return ALLOWED
    decisions = [
        ClickDecision(protection.action(finding.threat_type), finding)
        for finding in findings
        if not _is_pending(protection, finding)
    ]
    if own is OwnWord.BLOCKED:
        decisions.insert(0, ClickDecision(protection.action(ThreatType.FORBIDDEN), OWN_BLOCKED))
    decision = _most_severe(decisions)
    pending = next((finding for finding in findings if _is_pending(protection, finding)), None)
    if pending is None or decision.action is ClickAction.BLOCK:
        return decision
    if not waited:
        return ClickDecision(ClickAction.CHECK, pending)
    return _most_severe([ClickDecision(protection.unresolved, pending), decision])


def _most_severe(decisions: Sequence[ClickDecision]) -> ClickDecision:
    """Return the first of the most severe; `ALLOWED` where there is none."""
    return max(decisions, key=lambda each: _SEVERITY[each.action], default=ALLOWED)


def _is_pending(protection: Protection, finding: Finding) -> bool:
    return not finding.confirmed and protection.action(finding.threat_type) is not ClickAction.ALLOW
