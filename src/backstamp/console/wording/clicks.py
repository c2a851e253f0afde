"""Clicks as text: the parts of a URL, and rows for spreadsheets."""

from typing import Final, NamedTuple

from backstamp.console.wording.events import ACTORS
from backstamp.console.wording.threats import reason_words, threat_words
from backstamp.records.database.tracking_ids import to_text
from backstamp.records.events.link_hosts import host_in
from backstamp.records.queries.clicks import Click
from backstamp.spreadsheets import Cell
from backstamp.vocabulary import Actor, EventType

LONGEST_URL: Final = 500
COLUMNS: Final = (
    *("time", "mailbox", "action", "by", "url", "threat", "reason", "source"),
    *("subject", "sender", "message", "client_address"),
)
ACTIONS: Final = {
    EventType.ALLOWED: "led on",
    EventType.WARNED: "warned",
    EventType.BLOCKED: "blocked",
    EventType.CLICKED_THROUGH: "went on all the same",
}


class UrlParts(NamedTuple):
    """A URL as text, its host apart; `rest` is cut."""

    before: str
    host: str
    rest: str


def url_parts(url: str) -> UrlParts:
    """Return a URL in parts, so that the eye finds the host. It is shown as text, and never as a link."""
    host = host_in(url)
    before, _, rest = url.partition(host) if host else (url[:LONGEST_URL], "", "")
    cut = rest if len(rest) <= LONGEST_URL else f"{rest[:LONGEST_URL]}…"
    return UrlParts(before[:LONGEST_URL], host, cut)


def words_beside(text: str, url: str) -> str:
    """Return a link's words where they say more than its URL, which stands beside them; else ""."""
    words = text.removesuffix("…").strip()
    host_and_more = words.partition("://")[2]
    # Words that end within the host may be an imitation: bank.example of bank.example.evil.example.
    ends_well = "/" in host_and_more or url.removeprefix(words)[:1] in ("", *"/?#")
    return "" if not words or (url.startswith(words) and ends_well) else text


def click_row(click: Click) -> tuple[Cell, ...]:
    """Return a click as a row of a CSV file."""
    event, detail, message = click.event, click.detail, click.message
    threat = str(detail.get("threat") or "")
    return (
        event.at,
        click.address,
        ACTIONS[EventType(event.type)],
        ACTORS[Actor(event.actor)].title,
        click.url,
        threat_words(threat).title if threat else "",
        reason_words(str(detail.get("reason") or "")),
        str(detail.get("source") or ""),
        message.subject if message is not None else "",
        message.sender if message is not None else "",
        to_text(event.message_id),
        event.address,
    )
