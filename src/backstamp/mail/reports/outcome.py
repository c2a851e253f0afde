"""What became of a copy, as a notice for people says it."""

import re
from typing import Final

from backstamp.mail.reports.phrases import saying
from backstamp.mail.reports.words import Action

_FOR_GOOD: Final = re.compile(
    r"(?<![\d.])5\.\d{1,3}\.\d{1,3}(?![\d.]\d)"
    r"|(?:^|[:<>(\[\"'#;,=]|\b(?:said|code|error|replied|status|SMTP))[ \t>]{0,4}"
    r"5[0-57]\d(?=[ :#-](?!\d|(?:bytes|messages|[kmg]b)\b))",
    re.IGNORECASE | re.MULTILINE,
)
"""A status (RFC 3463 §2) or a reply code (RFC 5321 §4.2.1) with which a server refuses for good."""


def is_late(text: str) -> bool:
    """Whether a notice says that delivery is still being tried."""
    return saying("late").search(text) is not None and saying("given_up").search(text) is None


def outcome(near: str, text: str) -> Action:
    """Return what became of a copy; `near` is what is said of its recipient, `text` the whole notice."""
    return Action.FAILED if refuses_for_good(near) else of_all(text)


def refuses_for_good(near: str) -> bool:
    """Whether a server refused for good, by what is said of a recipient."""
    return _FOR_GOOD.search(near) is not None


def of_all(text: str) -> Action:
    """Return what became of the copies of which a notice says nothing more."""
    good = good_news(text)
    if good is not None:
        return good
    return Action.DELAYED if is_late(text) else Action.FAILED


def good_news(text: str) -> Action | None:
    """Return that the mail arrived or went on, where a notice says so before anything else, or None."""
    told = saying("harmless").sub("", text)
    arrived, went_on = saying("delivered").search(told), saying("relayed").search(told)
    first = min((match.start() for match in (arrived, went_on) if match), default=None)
    if first is None or _FOR_GOOD.search(told):
        return None
    bad = saying("failed").search(told)
    if bad is not None and bad.start() < first:
        return None
    return Action.RELAYED if went_on else Action.DELIVERED
