"""groups: recipients for whom the same is done, and what becomes of their copies."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Final

import msgspec

from backstamp.gateway.protocol.reply import Reply, reply
from backstamp.gateway.rewriter.messages import ProtectAnswer
from backstamp.mail.patches import Patched
from backstamp.policy import OnKnownBad, OnUnprotected, OwnList, Protection, ProtectionMode, Receiving
from backstamp.rewriting import SkipReason

PUT_OFF: Final = reply(451, "4.7.1 The links of this message cannot be checked now, try again later")
UNGUARDED: Final = reply(550, "5.7.1 This domain refuses mail with links that cannot be checked")
KNOWN_BAD: Final = reply(550, "5.7.1 A link of this message is known to be dangerous")
_STRICTNESS: Final = attrgetter("strictness")


class Group(msgspec.Struct, kw_only=True):
    """Addressees for whom the same is done, by the same own lists. `answer` is None where it failed.

    `unguarded` is why links are judged and stay as they are though they were to be rewritten.
    """

    receiving: Receiving
    own_lists: tuple[OwnList, ...]
    places: list[int]
    answer: ProtectAnswer | None = None
    failure: SkipReason | None = None
    unguarded: SkipReason | None = None
    first: list[Patched] = []
    protection: Protection

    @classmethod
    def of(cls, receiving: Receiving, own_lists: tuple[OwnList, ...]) -> "Group":
        """Return a group without addressees yet, under the policy of their domain."""
        return cls(
            receiving=receiving, own_lists=own_lists, places=[], protection=receiving.domain.protection
        )

    @property
    def guards(self) -> bool:
        """Whether links are to be rewritten."""
        return self.receiving.mode is ProtectionMode.PROTECT

    @property
    def seals(self) -> bool:
        """Whether the copies hold links of ours that name somebody."""
        return self.guards and self.answer is not None and self.unguarded is None

    @property
    def unprotected(self) -> tuple[str, ...]:
        """Why links are not guarded: `rewriting.SkipReason`s."""
        if self.failure is not None:
            return (self.failure.value,)
        return self.answer.unprotected if self.answer is not None else ()

    def refusal(self) -> Reply | None:
        """Return what becomes of the copies without the next hop; None where they go on."""
        known_bad = self.answer is not None and self.answer.known_bad
        if not self.guards:
            return None
        if known_bad and self.protection.on_known_bad is OnKnownBad.REFUSE:
            return KNOWN_BAD
        if self.unprotected:
            if self.protection.on_unprotected is OnUnprotected.DEFER:
                return PUT_OFF
            if self.protection.on_unprotected is OnUnprotected.REFUSE:
                # What failed here may not fail at the next try.
                return PUT_OFF if self.failure is SkipReason.FAILED else UNGUARDED
        return None


def strictness(group: Group) -> int:
    """Return how much is done for a group's mail, for comparison."""
    return group.receiving.mode.strictness


def joined(groups: Sequence[Group]) -> Group:
    """Return one group for addressees who all get the same octets, under the strictest of their policies.

    What one domain trusts is trusted only where all do; what one blocks is blocked. Its addressees are those
    whose mail is judged at all: of the others nothing is kept.
    """
    judged = [group for group in groups if group.receiving.mode is not ProtectionMode.OFF] or list(groups)
    strictest = max(judged, key=strictness)
    policies = [group.protection for group in judged]
    trusted = set(policies[0].trusted_hosts).intersection(*(each.trusted_hosts for each in policies))
    allowed = [frozenset[bytes]().union(*(own.allowed for own in group.own_lists)) for group in judged]
    blocked = frozenset[bytes]().union(*(own.blocked for group in judged for own in group.own_lists))
    return Group(
        receiving=strictest.receiving,
        own_lists=strictest.own_lists
        if len(judged) == 1
        else (OwnList(frozenset.intersection(*allowed), blocked),),
        places=sorted(place for group in judged for place in group.places),
        protection=msgspec.structs.replace(
            strictest.protection,
            on_unprotected=max((p.on_unprotected for p in policies), key=_STRICTNESS),
            on_known_bad=max((p.on_known_bad for p in policies), key=_STRICTNESS),
            trusted_hosts=tuple(sorted(trusted)),
        ),
    )
