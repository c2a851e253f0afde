"""words: how administrators are told what was alerted and what was done, the same in console and mail."""

from typing import Final

from backstamp.vocabulary import AlertRule

TITLES: Final = {
    AlertRule.KNOWN_BAD_CLICK: "Dangerous link followed, and stopped",
    AlertRule.CLICKED_THROUGH: "Warning passed over",
    AlertRule.NEW_HOST: "Many people at a new host",
    AlertRule.REPORTED_MISTAKE: "Page of ours reported as a mistake",
    AlertRule.REPORTED_PHISHING: "Mail reported as phishing",
    AlertRule.RECEIVED_BEFORE: "Dangerous link lies in mailboxes",
    AlertRule.CLICKED_BEFORE: "Dangerous link was followed before it was known",
    AlertRule.KNOWN_BAD_ARRIVED: "Mail with a dangerous link arrived",
    AlertRule.UNPROTECTED_MAIL: "Mail whose links could not be guarded",
}
ACTS: Final = {
    "received": "received it",
    "reported": "told you about it",
    "clicked": "followed it",
    "allowed": "followed it",
    "warned": "was warned",
    "blocked": "was stopped",
    "clicked_through": "went on all the same",
}
