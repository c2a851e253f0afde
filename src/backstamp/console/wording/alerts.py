"""Alerts in the words that administrators see."""

from typing import Final

from backstamp.console.wording.events import Words
from backstamp.records.wording.words import ACTS, TITLES
from backstamp.vocabulary import AlertRule, ChannelKind

RULES: Final[dict[AlertRule, Words]] = {
    AlertRule.KNOWN_BAD_CLICK: Words(
        TITLES[AlertRule.KNOWN_BAD_CLICK], "Somebody followed a link that is known to be bad.", "stop", "bad"
    ),
    AlertRule.CLICKED_THROUGH: Words(
        TITLES[AlertRule.CLICKED_THROUGH],
        "Somebody was warned or stopped, and followed the link all the same.",
        "click",
        "bad",
    ),
    AlertRule.NEW_HOST: Words(
        TITLES[AlertRule.NEW_HOST],
        "So many people went to a domain where nobody here was before.",
        "unknown",
        "warn",
    ),
    AlertRule.REPORTED_MISTAKE: Words(
        TITLES[AlertRule.REPORTED_MISTAKE], "A reader says that a page of ours is wrong.", "reply", "unknown"
    ),
    AlertRule.REPORTED_PHISHING: Words(
        TITLES[AlertRule.REPORTED_PHISHING], "A reader says that the mail is phishing.", "reply", "bad"
    ),
    AlertRule.RECEIVED_BEFORE: Words(
        TITLES[AlertRule.RECEIVED_BEFORE],
        "It became known to be bad after the mail came; no person clicked.",
        "inbox",
        "warn",
    ),
    AlertRule.CLICKED_BEFORE: Words(
        TITLES[AlertRule.CLICKED_BEFORE],
        "It became known to be bad after somebody had clicked.",
        "clock",
        "bad",
    ),
    AlertRule.KNOWN_BAD_ARRIVED: Words(
        TITLES[AlertRule.KNOWN_BAD_ARRIVED], "Mail came with a link that a list names.", "inbox", "warn"
    ),
    AlertRule.UNPROTECTED_MAIL: Words(
        TITLES[AlertRule.UNPROTECTED_MAIL],
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


def rule_words(rule: str) -> Words:
    """Return how a stored rule is shown."""
    return RULES[AlertRule(rule)]


def act_words(act: str) -> str:
    """Return what somebody did."""
    return ACTS.get(act, act)
