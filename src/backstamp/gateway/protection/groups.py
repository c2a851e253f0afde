"""groups: recipients for whom the same is done, and what becomes of their copies."""

from typing import Final

import msgspec

from backstamp.gateway.protocol.reply import Reply, reply
from backstamp.gateway.rewriter.messages import ProtectAnswer
from backstamp.policy import OnKnownBad, OnUnprotected, OwnList, Protection, ProtectionMode, Receiving
from backstamp.rewriting import SkipReason

PUT_OFF: Final = reply(451, "4.7.1 The links of this message cannot be checked now, try again later")
UNGUARDED: Final = reply(550, "5.7.1 This domain refuses mail with links that cannot be checked")
KNOWN_BAD: Final = reply(550, "5.7.1 A link of this message is known to be dangerous")
_STRICTNESS: Final = {ProtectionMode.OFF: 0, ProtectionMode.OBSERVE: 1, ProtectionMode.PROTECT: 2}


class Group(msgspec.Struct, kw_only=True):
    """Addressees for whom the same is done, by the same own lists. `answer` is None where it failed."""

    receiving: Receiving
    own_lists: tuple[OwnList, ...]
    places: list[int]
    answer: ProtectAnswer | None = None
    failure: SkipReason | None = None
    first: list[bytes] = []

    @property
    def protection(self) -> Protection:
        """The policy of the recipients' domain."""
        return self.receiving.domain.protection

    @property
    def guards(self) -> bool:
        """Whether links are to be rewritten."""
        return self.receiving.mode is ProtectionMode.PROTECT

    @property
    def seals(self) -> bool:
        """Whether the copies hold links of ours that name somebody."""
        return self.guards and self.answer is not None

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
    return _STRICTNESS[group.receiving.mode]
