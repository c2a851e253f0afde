"""Suppression: to whom a sender domain's mail does not go any more, and what is done with it."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final

from backstamp.policy.keys import Keys
from backstamp.tokens.address_spelling import a_labels

EVERY_DOMAIN: Final = ""
"""The scope of an entry that holds for the mail of all sender domains."""


class SuppressionReason(StrEnum):
    """Why an address is on the list."""

    UNSUBSCRIBED = "unsubscribed"
    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    MANUAL = "manual"


Suppressed = dict[str, dict[SuppressionReason, Keys]]
"""Recipient keys by sender domain (lower case, ASCII; or `EVERY_DOMAIN`) and reason; a key may have more."""

_BULK_ONLY: Final = frozenset({SuppressionReason.UNSUBSCRIBED, SuppressionReason.COMPLAINT})
_THE_WEIGHTIEST_FIRST: Final = (
    *(SuppressionReason.MANUAL, SuppressionReason.HARD_BOUNCE),
    *(SuppressionReason.COMPLAINT, SuppressionReason.UNSUBSCRIBED),
)


def suppression(
    suppressed: Mapping[str, Mapping[SuppressionReason, Collection[bytes]]],
    *,
    domain: str,
    recipient_key: bytes,
    is_bulk: bool,
) -> SuppressionReason | None:
    """Return why this mail must not go to this recipient, or None where it may.

    `domain` is that of the sender. Who unsubscribed or complained said no to lists, and still gets what is
    written to them alone (`is_bulk` is false): receipts, answers, a new password.
    """
    for scope in (a_labels(domain.lower()), EVERY_DOMAIN):
        reasons = suppressed.get(scope)
        if not reasons:
            continue
        for reason in _THE_WEIGHTIEST_FIRST:
            if (is_bulk or reason not in _BULK_ONLY) and recipient_key in reasons.get(reason, ()):
                return reason
    return None
