"""Alerts in the words that administrators see."""

from typing import Final

from backstamp.console.wording import Words
from backstamp.vocabulary import AlertRule, ChannelKind

RULES: Final[dict[AlertRule, Words]] = {
    AlertRule.KNOWN_BAD_CLICK: Words(
        "Click on a bad link", "A person followed a link that is known to be bad.", "stop", "bad"
    ),
    AlertRule.CLICKED_THROUGH: Words(
        "Went on after a warning", "A person was warned, and followed the link all the same.", "click", "bad"
    ),
    AlertRule.NEW_HOST: Words(
        "Many on a new host",
        "So many people went to a domain where nobody here was before.",
        "unknown",
        "warn",
    ),
    AlertRule.REPORTED_MISTAKE: Words(
        "Reported as a mistake", "A reader says that a page of ours is wrong.", "reply", "unknown"
    ),
    AlertRule.REPORTED_PHISHING: Words(
        "Reported as fraud", "A reader says that the mail is fraud.", "reply", "bad"
    ),
    AlertRule.RECEIVED_BEFORE: Words(
        "Bad link in mailboxes",
        "It became known to be bad after the mail came; nobody clicked.",
        "inbox",
        "warn",
    ),
    AlertRule.CLICKED_BEFORE: Words(
        "Bad link, clicked before", "It became known to be bad after somebody had clicked.", "clock", "bad"
    ),
    AlertRule.KNOWN_BAD_ARRIVED: Words(
        "Bad link arrived", "Mail came with a link that a list names.", "inbox", "warn"
    ),
    AlertRule.UNPROTECTED_MAIL: Words(
        "Unguarded mail",
        "Links of a mail could not be guarded: a limit, a doubt, a failure, or a sealed part.",
        "inbox",
        "warn",
    ),
}
KINDS: Final = {
    ChannelKind.MAIL: "Mail",
    ChannelKind.WEBHOOK: "Webhook, signed",
    ChannelKind.SLACK: "Slack, Mattermost, Rocket.Chat",
}
_ACTS: Final = {
    "received": "received it",
    "clicked": "clicked",
    "allowed": "was led on",
    "warned": "was warned",
    "blocked": "was stopped",
    "clicked_through": "went on after the warning",
    "reported": "reported it",
}


def rule_words(rule: str) -> Words:
    """Return how a stored rule is shown."""
    return RULES[AlertRule(rule)]


def act_words(act: str) -> str:
    """Return what somebody did."""
    return _ACTS.get(act, act)
