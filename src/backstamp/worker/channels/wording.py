"""What a notice says, in words for administrators: plain lines, in which nothing can be clicked.

Everything but the words themselves is hostile: URLs, hosts, subjects and what readers wrote are cut, on one
line, and defanged.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from backstamp.records.alerting.notices import AlertFacts, Notice
from backstamp.records.models import Outgoing
from backstamp.rewriting.reasons import SkipReason
from backstamp.threats.safe_spelling import spelled_safely
from backstamp.vocabulary import AlertRule

LONGEST_URL: Final = 300
LONGEST_TEXT: Final = 500
_HTTP: Final = re.compile("http", re.IGNORECASE)
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")

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
_ACTS: Final = {
    "received": "received it",
    "reported": "reported it",
    "clicked": "followed it",
    "allowed": "followed it",
    "warned": "was warned",
    "blocked": "was stopped",
    "clicked_through": "went on after the warning",
}
NOBODY: Final = "a reader whom the link does not name"


class Fact(NamedTuple):
    """A line: what it is about, and what is known."""

    label: str
    text: str


class Story(NamedTuple):
    """An alert in words: title, facts, and what people did, a line each."""

    title: str
    facts: tuple[Fact, ...]
    people: tuple[str, ...]


def title(notice: Notice) -> str:
    """Return a notice in one line."""
    if notice.kind is Outgoing.Kind.TEST:
        return "Test of this channel"
    if len(notice.alerts) > 1 or notice.left_out:
        return f"{len(notice.alerts) + notice.left_out} alerts"
    (alert,) = notice.alerts
    again = " (it went on)" if notice.kind is Outgoing.Kind.UPDATE else ""
    host = shown_host(alert.host)
    return f"{TITLES[alert.rule]}{again}: {host}" if host else f"{TITLES[alert.rule]}{again}"


def intro(notice: Notice) -> str:
    """Return what comes before the stories; may be empty."""
    if notice.kind is Outgoing.Kind.TEST:
        return "This is a test: alerts of Backstamp will come this way."
    if notice.left_out:
        return f"There were too many to tell one by one; {notice.left_out} more are in the console."
    return ""


def stories(notice: Notice) -> tuple[Story, ...]:
    """Return the alerts of a notice in words."""
    return tuple(
        Story(TITLES[alert.rule], tuple(_facts(alert)), tuple(_people(alert))) for alert in notice.alerts
    )


def defanged(text: str, limit: int) -> str:
    """Return a text on one line in which no program finds a link: hxxps://evil[.]example/."""
    plain = _UNSEEN.sub(" ", text)
    cut = plain[:limit] + ("…" if len(plain) > limit else "")
    return _HTTP.sub(lambda found: "hXXp" if found[0].isupper() else "hxxp", cut).replace(".", "[.]")


def shown_host(host: str) -> str:
    """Return a host as it may be shown, defanged; "" for none."""
    return defanged(spelled_safely(host).text, 260) if host else ""


def shown_text(text: str) -> str:
    """Return somebody's words on one line, defanged."""
    return defanged(" ".join(text.split()), LONGEST_TEXT)


def _facts(alert: AlertFacts) -> Iterator[Fact]:
    if alert.domain:
        yield Fact("Domain", _UNSEEN.sub(" ", alert.domain))
    if alert.host:
        yield Fact("Host", shown_host(alert.host))
    if alert.url:
        yield Fact("Link", defanged(alert.url, LONGEST_URL))
    if alert.source:
        since = f", listed since {alert.listed_since:%Y-%m-%d}" if alert.listed_since else ""
        threat = alert.threat.replace("_", " ")
        yield Fact("Why", f"{threat} ({alert.reason.replace('_', ' ')}) by {shown_text(alert.source)}{since}")
    elif alert.reason in list(SkipReason):
        yield Fact("Why", SkipReason(alert.reason).sentence)
    if alert.subject:
        yield Fact("Mail", f"{shown_text(alert.subject)} ({alert.message})")
    elif alert.message:
        yield Fact("Mail", alert.message)
    if alert.text:
        yield Fact("Reader's words", shown_text(alert.text))
    span = _time(alert.opened_at)
    if alert.last_at != alert.opened_at:
        span += f" to {_time(alert.last_at)}"
    yield Fact("When", span)
    if alert.count > 1:
        yield Fact("How often", str(alert.count))
    if alert.machines:
        yield Fact("Machines", f"{alert.machines} requests by scanners and the like, not counted")


def _people(alert: AlertFacts) -> Iterator[str]:
    for act in alert.acts:
        who = _UNSEEN.sub(" ", act.address)[:320] or NOBODY
        yield f"{who} {_ACTS.get(act.act, act.act)}, {_time(act.at)}"
    more = sum(alert.people.values()) - len(alert.acts)
    if more > 0:
        yield f"... and {more} more"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
