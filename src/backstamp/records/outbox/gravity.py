"""gravity: of many alerts in one message, what matters most comes first, and is left out last."""

from typing import Final

from backstamp.vocabulary import AlertRule

_GRAVEST_FIRST: Final = (
    *(AlertRule.CLICKED_BEFORE, AlertRule.CLICKED_THROUGH, AlertRule.KNOWN_BAD_CLICK),
    *(AlertRule.RECEIVED_BEFORE, AlertRule.NEW_HOST, AlertRule.UNPROTECTED_MAIL),
    *(AlertRule.REPORTED_PHISHING, AlertRule.REPORTED_MISTAKE, AlertRule.KNOWN_BAD_ARRIVED),
)
"""Whom a link led on is in danger; whoever wants to hide that may raise hundreds of lesser alerts."""


def place_of(rule: str) -> int:
    """Return which place an alert of a rule has among others; 0 is the first."""
    return _GRAVEST_FIRST.index(AlertRule(rule))
