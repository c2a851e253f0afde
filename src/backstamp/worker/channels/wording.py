"""What a notice says, in words for administrators: plain lines, in which nothing can be clicked.

Everything but the words themselves is hostile: URLs, hosts, addresses, subjects and what readers wrote are
cut, on one line, defanged, and kept from changing the order of what stands beside them.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from backstamp.records.alerting.people import MOST_PEOPLE
from backstamp.records.models import Outgoing
from backstamp.records.wording.notices import Act, AlertFacts, Allowance, Notice
from backstamp.records.wording.words import ACTS, TITLES
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.threats.safe_spelling import spelled_safely
from backstamp.vocabulary import Actor

LONGEST_URL: Final = 300
LONGEST_TEXT: Final = 500
_HTTP: Final = re.compile("http", re.IGNORECASE)
_UNSEEN: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f]+"
)
"""Controls, marks of direction, and what has no width."""
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})
_ISOLATE: Final = "\u2068{}\u2069"
"""First strong isolate, and its end (Unicode UAX 9, section 2.4)."""
_PLAIN_ADDRESS: Final = re.compile(r"[A-Za-z0-9._+=-]{1,64}@[A-Za-z0-9.-]{1,253}")

NOBODY: Final = "a reader whom the link does not name"
_JUDGED: Final = {
    Actor.SCANNER: "a scanner",
    Actor.PREFETCH: "a program that fetches ahead",
    Actor.PREVIEW_BOT: "a preview of the link",
    Actor.SELF: "one of us",
}


class Fact(NamedTuple):
    """A line: what it is about, and what is known."""

    label: str
    text: str


class Deed(NamedTuple):
    """A line: somebody, and what they did. `who` may be empty."""

    who: str
    did: str

    @property
    def text(self) -> str:
        """The whole line."""
        return f"{self.who} {self.did}".strip()


class Story(NamedTuple):
    """An alert in words: title, facts, and what people did, a line each."""

    title: str
    facts: tuple[Fact, ...]
    people: tuple[Deed, ...]


def title(notice: Notice) -> str:
    """Return a notice in one line."""
    if notice.kind is Outgoing.Kind.TEST:
        return "Test of this channel"
    if len(notice.alerts) > 1 or notice.left_out:
        allowed = " (allowed since)" if all(alert.allowed is not None for alert in notice.alerts) else ""
        return f"{len(notice.alerts) + notice.left_out} alerts{allowed}"
    (alert,) = notice.alerts
    again = " (it went on)" if notice.kind is Outgoing.Kind.UPDATE else ""
    if alert.machines_only:
        again = " (by machines, it turned out)"
    if alert.allowed is not None:
        again = " (allowed since)"
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
    return isolated(defanged(spelled_safely(host).text, 260)) if host else ""


def shown_text(text: str) -> str:
    """Return somebody's words on one line, defanged."""
    return isolated(defanged(" ".join(text.split()), LONGEST_TEXT))


def shown_address(address: str) -> str:
    """Return a mail address as it may be shown: as it is, unless it holds more than such do."""
    if _PLAIN_ADDRESS.fullmatch(address) and not _HTTP.search(address):
        return address
    local, at, domain = address.rpartition("@")
    host = shown_host(domain) if at else defanged(domain, LONGEST_TEXT)
    return isolated(defanged(local, 320)) + at + isolated(host)


def isolated(text: str) -> str:
    """Return a text so that, where it runs from right to left, what stands beside it keeps its order."""
    runs = any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in text)
    return _ISOLATE.format(text) if runs and not text.startswith(_ISOLATE[0]) else text


def _facts(alert: AlertFacts) -> Iterator[Fact]:
    if alert.domain:
        yield Fact("Domain", isolated(spelled_safely(alert.domain).text))
    if alert.host:
        yield Fact("Host", shown_host(alert.host))
    if alert.url:
        yield Fact("Link", isolated(defanged(alert.url, LONGEST_URL)))
    if alert.source:
        since = f", listed since {alert.listed_since:%Y-%m-%d}" if alert.listed_since else ""
        threat = alert.threat.replace("_", " ")
        yield Fact("Why", f"{threat} ({alert.reason.replace('_', ' ')}) by {shown_text(alert.source)}{since}")
    elif alert.reason in list(SkipReason):
        yield Fact("Why", SkipReason(alert.reason).sentence)
    if alert.allowed is not None:
        yield Fact("Allowed", _allowance(alert.allowed, alert.domain))
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
        requests = "1 request" if alert.machines == 1 else f"{alert.machines} requests"
        yield Fact("Machines", f"{requests} by scanners and the like, not counted")
    if not alert.is_whole:
        yield Fact("People", f"no more than {MOST_PEOPLE} are kept; there may have been more")


def _people(alert: AlertFacts) -> Iterator[Deed]:
    for act in alert.acts:
        who = shown_address(act.address) if act.address else NOBODY
        yield Deed(who, f"{ACTS.get(act.act, act.act)}, {_time(act.at)}{_since_judged(act)}")
    more = sum(alert.people.values()) - len(alert.acts)
    if more > 0:
        yield Deed("", f"... and {more} more")


def _allowance(allowed: Allowance, domain: str) -> str:
    whom = {
        "everybody": "everybody",
        "domain": isolated(spelled_safely(domain).text),
        "mailbox": "a single mailbox",
    }
    what, by = isolated(defanged(allowed.expression, LONGEST_URL)), shown_text(allowed.by)
    return f"{what} is for {whom[allowed.scope]}, by {by or 'somebody'}, {_time(allowed.at)}"


def _since_judged(act: Act) -> str:
    return f"; by now taken for {_JUDGED[Actor(act.judged)]}" if act.judged else ""


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
