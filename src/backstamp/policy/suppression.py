"""Suppression: to whom a sender domain's mail does not go any more, and what is done with it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

EVERY_DOMAIN: Final = ""
"""The scope of an entry that holds for the mail of all sender domains."""


class SuppressionReason(StrEnum):
    """Why an address is on the list."""

    UNSUBSCRIBED = "unsubscribed"
    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    MANUAL = "manual"


class SuppressionAction(StrEnum):
    """What is done with a copy for such an address: refused with a 550, or taken and thrown away."""

    REFUSE = "refuse"
    DROP = "drop"


Suppressed = dict[str, dict[bytes, SuppressionReason]]
"""Reasons by sender domain (lower case, or `EVERY_DOMAIN`) and recipient key."""

_BULK_ONLY: Final = frozenset({SuppressionReason.UNSUBSCRIBED, SuppressionReason.COMPLAINT})


def suppression(
    suppressed: Mapping[str, Mapping[bytes, SuppressionReason]],
    *,
    domain: str,
    recipient_key: bytes,
    is_bulk: bool,
) -> SuppressionReason | None:
    """Return why this mail must not go to this recipient, or None where it may.

    `domain` is that of the sender. Who unsubscribed or complained said no to lists, and still gets what is
    written to them alone (`is_bulk` is false): receipts, answers, a new password.
    """
    for scope in (domain.lower(), EVERY_DOMAIN):
        reason = suppressed.get(scope, {}).get(recipient_key)
        if reason is not None and (is_bulk or reason not in _BULK_ONLY):
            return reason
    return None
