"""suppressions: who is on the suppression list gets no copy, by the last known policy."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from backstamp.gateway.protocol.reply import reply
from backstamp.gateway.relaying.handover import Outcome, Stage
from backstamp.policy import SuppressionAction, SuppressionReason, adds_unsubscribe, suppression
from backstamp.rewriting import MessageFacts
from backstamp.shared_files import SnapshotFile
from backstamp.tokens import Keyring
from backstamp.vocabulary import Origin

_log = logging.getLogger("backstamp.gateway")

_WORDS: Final = {
    SuppressionReason.UNSUBSCRIBED: "has unsubscribed",
    SuppressionReason.HARD_BOUNCE: "does not exist, says an earlier bounce",
    SuppressionReason.COMPLAINT: "complained of earlier mail",
    SuppressionReason.MANUAL: "was put on the list by an administrator",
}


@dataclass(frozen=True)
class Suppressions:
    """The suppression list as the policy's snapshot has it."""

    keyring: Callable[[], Keyring]
    snapshot: SnapshotFile

    def outcome(self, facts: MessageFacts, origin: Origin, address: str) -> Outcome | None:
        """Return what becomes of this recipient's copy without the next hop; None where it may be sent.

        The reply is RFC 3463's X.7.1, "delivery not authorized", or the usual 250 where mail is dropped.
        """
        try:
            snapshot = self.snapshot.current()
            if snapshot is None or not snapshot.suppressed:
                return None
            reason = suppression(
                snapshot.suppressed,
                domain=facts.sender_domain,
                recipient_key=self.keyring().recipient_key(address),
                is_bulk=bool(facts.list_unsubscribe)
                or adds_unsubscribe(snapshot, origin=origin, sender_domain=facts.sender_domain),
            )
        except Exception as error:  # noqa: BLE001 - a fault of the list is no reason to lose mail
            _log.error("the suppression list cannot be used: %s", type(error).__name__)
            return None
        if reason is None:
            return None
        if snapshot.suppression_action is SuppressionAction.DROP:
            return Outcome(Stage.SUPPRESSED, reply(250, "2.0.0 Ok"))
        return Outcome(
            Stage.SUPPRESSED, reply(550, f"5.7.1 On the suppression list: the recipient {_WORDS[reason]}")
        )
