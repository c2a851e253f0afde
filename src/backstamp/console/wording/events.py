"""Enums into the words and icons that people see.  Never "read": nobody can know that."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from backstamp.mail.reports import Cause
from backstamp.records.models import DeliveryState
from backstamp.verdicts import SignalName
from backstamp.vocabulary import Actor, EventType


@dataclass(frozen=True)
class Words:
    """A title, one line of explanation, the icon's name in icons.svg, and the tone that colours it."""

    title: str
    line: str
    icon: str
    tone: str


ACTORS: Final[dict[Actor, Words]] = {
    Actor.HUMAN: Words("a person", "A person's own mail program or browser.", "person", "person"),
    Actor.PROXIED_HUMAN: Words(
        "a person, behind a mail service's proxy",
        "The mail service fetched it because somebody opened the mail; who and where is hidden.",
        "person",
        "person",
    ),
    Actor.PREFETCH: Words(
        "a machine, in advance",
        "Fetched by a mail service or scanner, whether or not anybody looks. It says nothing about a person.",
        "prefetch",
        "machine",
    ),
    Actor.SCANNER: Words(
        "a security scanner", "A machine that checks mail for danger.", "scanner", "machine"
    ),
    Actor.PREVIEW_BOT: Words(
        "a link preview", "Somebody shared the link in a chat or a document.", "preview", "machine"
    ),
    Actor.SELF: Words("the sender", "Your own view: it does not count.", "self", "neutral"),
    Actor.UNKNOWN: Words("unclear", "The signs do not tell a person from a machine.", "unknown", "unknown"),
}

_FETCHES: Final[dict[tuple[EventType, Actor], str]] = {
    (EventType.OPENED, Actor.HUMAN): "Opened",
    (EventType.OPENED, Actor.PROXIED_HUMAN): "Likely opened",
    (EventType.OPENED, Actor.PREFETCH): "Fetched in advance",
    (EventType.OPENED, Actor.SCANNER): "Fetched by a scanner",
    (EventType.OPENED, Actor.PREVIEW_BOT): "Fetched for a preview",
    (EventType.OPENED, Actor.SELF): "Seen by the sender",
    (EventType.OPENED, Actor.UNKNOWN): "Fetched, by whom is not clear",
    (EventType.CLICKED, Actor.HUMAN): "Clicked",
    (EventType.CLICKED, Actor.PROXIED_HUMAN): "Likely clicked",
    (EventType.CLICKED, Actor.PREFETCH): "Link fetched in advance",
    (EventType.CLICKED, Actor.SCANNER): "Link checked by a scanner",
    (EventType.CLICKED, Actor.PREVIEW_BOT): "Link fetched for a preview",
    (EventType.CLICKED, Actor.SELF): "Clicked by the sender",
    (EventType.CLICKED, Actor.UNKNOWN): "Link fetched, by whom is not clear",
}

_EVENTS: Final[dict[EventType, Words]] = {
    EventType.QUEUED: Words("Recorded", "", "inbox", "neutral"),
    EventType.SENT: Words("Taken over by the next server", "", "sent", "good"),
    EventType.REJECTED: Words("Refused by the next server", "", "stop", "bad"),
    EventType.DEFERRED: Words("Put off by the next server", "The sender will try again.", "clock", "warn"),
    EventType.DELIVERED: Words("Delivered to the mailbox", "", "sent", "good"),
    EventType.BOUNCED: Words("Bounced", "", "stop", "bad"),
    EventType.AUTORESPONDED: Words("Answered automatically", "", "reply", "neutral"),
    EventType.COMPLAINED: Words("Reported as unwanted", "", "stop", "bad"),
    EventType.UNSUBSCRIBED: Words("Unsubscribed", "", "stop", "warn"),
    EventType.OPENED: Words("Opened", "", "open", "person"),
    EventType.CLICKED: Words("Clicked", "", "click", "person"),
    EventType.DISPLAYED: Words("Shown, says a read receipt", "", "open", "person"),
    EventType.REPLIED: Words("Answered", "", "reply", "person"),
    EventType.BLOCKED: Words("Link blocked", "", "stop", "bad"),
    EventType.WARNED: Words("Warned about the link", "", "stop", "warn"),
    EventType.CLICKED_THROUGH: Words("Went on all the same", "", "click", "warn"),
    EventType.ALLOWED: Words("Link allowed", "", "click", "neutral"),
    EventType.UNKNOWN: Words("Something else", "", "unknown", "unknown"),
}

DELIVERIES: Final[dict[DeliveryState, Words]] = {
    DeliveryState.QUEUED: Words("Not sent yet", "", "clock", "neutral"),
    DeliveryState.SENT: Words("Sent", "The next server took it over.", "sent", "good"),
    DeliveryState.DELIVERED: Words("Delivered", "A report says it reached the mailbox.", "sent", "good"),
    DeliveryState.DEFERRED: Words("Put off", "The sender is to try again later.", "clock", "warn"),
    DeliveryState.REJECTED: Words("Refused", "No server took it over.", "stop", "bad"),
    DeliveryState.BOUNCED: Words("Bounced", "It came back after it was sent.", "stop", "bad"),
}

RECEIVED: Final = DELIVERIES | {
    DeliveryState.QUEUED: Words("Not passed on yet", "", "clock", "neutral"),
    DeliveryState.SENT: Words("Passed on", "The mailbox's own server took it over.", "inbox", "good"),
}
"""The same of received mail, which nobody here sent."""

FETCH_TYPES: Final = (EventType.OPENED, EventType.CLICKED)
HIT_TYPES: Final = (*FETCH_TYPES, EventType.BLOCKED, EventType.WARNED)
"""Events that were judged by who asked for an image or a link."""


_BY_STAGE: Final[dict[tuple[str, EventType], str]] = {
    ("suppressed", EventType.REJECTED): "Kept back by the suppression list",
    ("protection", EventType.REJECTED): "Refused by the link protection",
    ("protection", EventType.DEFERRED): "Put off by the link protection",
    ("connect", EventType.DEFERRED): "The next server could not be reached",
}
"""Where in the dialog with the next server a copy ended (`Delivery.stage`): these it never saw."""

_BY_CAUSE: Final[dict[str, str]] = {
    Cause.USER_UNKNOWN: "there is no such mailbox",
    Cause.HOST_UNKNOWN: "there is no such host",
    Cause.MOVED: "the mailbox has moved",
    Cause.DISABLED: "the mailbox takes no mail",
    Cause.MAILBOX_FULL: "the mailbox is full",
    Cause.TOO_BIG: "the mail is too big",
    Cause.EXPIRED: "it could not be delivered in time",
    Cause.NETWORK: "the server could not be reached",
    Cause.CONTENT: "the server does not take its content",
    Cause.POLICY: "the server's rules are against it",
    Cause.RATE: "too much mail came at once",
    Cause.LOOP: "it went in a circle",
    Cause.SYSTEM: "the server had a fault",
}
"""What a server says of the reason (`mail.reports`), as far as it tells."""

_BY_SIGNAL: Final = {
    SignalName.APPLE_PREFETCH: "Fetched in advance by Apple: cannot say",
    SignalName.GMAIL_PREFETCH: "Fetched in advance by Gmail",
    SignalName.GOOGLE_IMAGE_PROXY: "Likely opened, through Gmail",
}
"""What the large providers do is called by its name: it explains most of what is not clear."""


def event_words(
    type_: EventType, actor: Actor, signals: Collection[str] = (), stage: str = "", cause: str = ""
) -> Words:
    """Return how an event is shown.

    Who did it, and the signals, decide it for fetches of image and links; for deliveries the stage, and the
    cause where another server had it.
    """
    if type_ not in FETCH_TYPES:
        words = _EVENTS[type_]
        title = _BY_STAGE.get((stage, type_), words.title)
        why = _BY_CAUSE.get(cause, "") if title == words.title else ""
        return replace(words, title=f"{title}: {why}" if why else title)
    who = ACTORS[actor]
    icon = who.icon if who.tone != "person" else _EVENTS[type_].icon
    title = _FETCHES[type_, actor]
    if type_ is EventType.OPENED:
        title = next((words for signal, words in _BY_SIGNAL.items() if signal in signals), title)
    return Words(title, who.line, icon, who.tone)


def unmatched_words(types: str) -> list[Words]:
    """Return how a report is shown whose message is not known, by the names of what it tells."""
    return [event_words(EventType(word), Actor.UNKNOWN) for word in types.split()]


def reply_words(code: int | str, status: str, text: str) -> str:
    """Return a server's reply in one line: code, enhanced status and words, as far as there are any.

    The words of a bounce are often the whole reply, code and status too (RFC 3464 §2.3.6): each is said once.
    """
    parts = [str(code), status] if code else [status]
    for part in parts:
        rest = text.removeprefix(part)
        text = rest.lstrip(" -") if part and rest[:1] in (" ", "-") else text
    return " ".join(part for part in (*parts, text) if part)


def span_words(seconds: float) -> str:
    """Return a length of time in words, coarse enough to be taken in at a glance."""
    if seconds < 1:
        return "less than a second"
    if seconds < 60:
        return _count(int(seconds), "second")
    if seconds < 3600:
        return _pair(int(seconds) // 60, "minute", int(seconds) % 60, "second")
    if seconds < 86_400:
        return _pair(int(seconds) // 3600, "hour", int(seconds) % 3600 // 60, "minute")
    return _pair(int(seconds) // 86_400, "day", int(seconds) % 86_400 // 3600, "hour")


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _pair(big: int, big_unit: str, small: int, small_unit: str) -> str:
    return _count(big, big_unit) + (f" {_count(small, small_unit)}" if small else "")
