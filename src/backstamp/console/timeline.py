"""A message's events as a person reads them: steps in time, machines folded together but counted."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any, Final

from backstamp.console.wording.events import (
    ACTORS,
    DELIVERIES,
    FETCH_TYPES,
    HIT_TYPES,
    Words,
    event_words,
    reply_words,
    span_words,
)
from backstamp.console.wording.reasons import reason_sentences, signals
from backstamp.mail.reports import Cause
from backstamp.mail.reports.causes import find_cause
from backstamp.records.events.passed_on import is_one_mailbox
from backstamp.records.models import DeliveryState, Event, Recipient
from backstamp.vocabulary import Actor, EventType

ITEMS_SHOWN: Final = 50
"""On one page: the 500 steps of a mail that many read were 41,000 pixels high, on a phone 61,000."""
_LONGEST_REPLY: Final = 500
_LONGEST_NAME: Final = 100
_AFTER_DELIVERY: Final = frozenset(EventType) - {
    EventType.QUEUED,
    EventType.SENT,
    EventType.DEFERRED,
    EventType.REJECTED,
}
"""Events whose time since delivery says something."""

_FAILED: Final = frozenset({EventType.DEFERRED, EventType.REJECTED, EventType.BOUNCED})
FOLDED: Final = frozenset({Actor.PREFETCH, Actor.SCANNER, Actor.PREVIEW_BOT})
"""Actors whose fetches are folded: they say nothing about a person."""


@dataclass(frozen=True)
class Step:
    """One event on the timeline, in words. `since` is from when the recipient's copy was delivered."""

    event: Event
    words: Words
    who: str
    since: str
    recipient: str
    link: str
    reply: str
    notes: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def oldest(self) -> Event:
        """The earliest event in it."""
        return self.event


@dataclass(frozen=True)
class Fold:
    """Fetches by machines in a row, shown as one line that can be opened."""

    steps: tuple[Step, ...]

    @property
    def key(self) -> str:
        """A name that stays the same while more is added to the fold, so that it stays open."""
        return f"fold-{self.oldest.pk}"

    @property
    def oldest(self) -> Event:
        """The earliest event in it."""
        return self.steps[0].event

    @property
    def first_at(self) -> datetime:
        """When the first of them came."""
        return self.oldest.at

    @property
    def since(self) -> str:
        """How long after delivery the first came."""
        return self.steps[0].since

    @property
    def kinds(self) -> tuple[tuple[str, int], ...]:
        """What is in it, in words, with numbers."""
        return tuple(Counter(step.words.title for step in self.steps).most_common())


Item = Step | Fold


def told_of_delivery(items: Iterable[Item], state: str) -> str:
    """Return what is said of the last event that left a copy in this state, where it failed; else "".

    What only repeats the state's name, below which it stands, is left out.
    """
    failed = (item for item in items if isinstance(item, Step) and item.event.type in _FAILED)
    title = next((item.words.title for item in failed if item.event.type == state), "")
    named = DELIVERIES[DeliveryState(state)].title
    return "" if title == named else title.removeprefix(f"{named}: ")


def timeline(
    events: Sequence[Event],
    *,
    recipients: Mapping[int, Recipient],
    links: Mapping[int, str],
) -> tuple[tuple[Item, ...], bool]:
    """Return the newest `ITEMS_SHOWN` steps and folds, newest first, and whether there are more.

    `events` come oldest first, `recipients` by index, `links` by number. Nothing is made of those that are
    not shown: why a copy failed takes milliseconds to find, of 500 copies more than a second.
    """
    items: list[Item] = []
    for folded, run in groupby(reversed(events), key=_is_folded):
        steps = (_step(event, recipients, links) for event in run)
        if folded:
            items.append(Fold(tuple(steps)[::-1]))
        else:
            items.extend(islice(steps, ITEMS_SHOWN + 1 - len(items)))
        if len(items) > ITEMS_SHOWN:
            break
    return tuple(items[:ITEMS_SHOWN]), len(items) > ITEMS_SHOWN


def _is_folded(event: Event) -> bool:
    return event.type in FETCH_TYPES and Actor(event.actor) in FOLDED


def _step(event: Event, recipients: Mapping[int, Recipient], links: Mapping[int, str]) -> Step:
    type_, actor = EventType(event.type), Actor(event.actor)
    recipient = None if event.recipient_index is None else recipients.get(event.recipient_index)
    stage = str(_detail(event).get("stage") or "")
    cause, because = _why(event)
    return Step(
        event=event,
        words=event_words(type_, actor, signals(event.reasons), stage, cause),
        who=_who(event, type_, actor) if type_ in HIT_TYPES else "",
        since=_since(event, recipient.sent_at) if recipient and type_ in _AFTER_DELIVERY else "",
        recipient=recipient.address if recipient else "",
        link="" if event.link_number is None else links.get(event.link_number, f"link {event.link_number}"),
        reply=_reply(event),
        notes=tuple(_notes(event, recipient.address if recipient else "", because)),
        reasons=reason_sentences(event.reasons),
    )


def _detail(event: Event) -> Mapping[str, Any]:
    return event.detail if isinstance(event.detail, dict) else {}


def _why(event: Event) -> tuple[str, str]:
    """Return why a copy did not get there, and by what that is found, in words; "" and "" where it did.

    A report was understood as a whole: what its notice alone said is not in the event, so nothing is shown of
    that. Of 142 bounces whose cause is known these were 2 (those of flufl.bounce and of a Ruby library).
    """
    code, status, text, cause = (
        str(_detail(event).get(name) or "") for name in ("code", "enhanced_status", "text", "cause")
    )
    if event.type not in _FAILED:
        return "", ""
    found = find_cause(status, f"{code} {text[:_LONGEST_REPLY]}".strip())
    return (found.cause, found.by) if cause in ("", found.cause) else (cause, "")


def _reply(event: Event) -> str:
    """Return what the next hop answered, or we in its place, from the journalled `Delivery`."""
    detail = _detail(event)
    code, status, text = (detail.get(name) or "" for name in ("code", "enhanced_status", "text"))
    return reply_words(code, str(status), str(text))[:_LONGEST_REPLY]


def _notes(event: Event, address: str, because: str) -> Iterator[str]:
    detail = _detail(event)
    if event.type == EventType.BOUNCED:
        yield _prospect(detail)
        if because:
            yield f"told by {because}"
    final = str(detail.get("final_recipient") or "")
    if final and address and not is_one_mailbox(address, final):
        yield f"of {final[:_LONGEST_NAME]}, to whom the mail was passed on"
    if reporter := detail.get("reporter"):
        yield f"says {str(reporter)[:_LONGEST_NAME]}"
    if event.revised_at is not None:
        yield "corrected"
    if not event.counts and event.type in FETCH_TYPES:
        yield "not counted"
    if event.certainty:
        yield event.certainty
    if event.type in HIT_TYPES and not event.final:
        yield "may still be corrected"


def _prospect(detail: Mapping[str, Any]) -> str:
    """Return whether mail may get there another time, as far as a bounce tells."""
    if detail.get("permanent"):
        return "for good"
    for_now = str(detail.get("code") or detail.get("enhanced_status") or "").startswith("4")
    told = for_now or detail.get("cause") != Cause.UNKNOWN
    return "it may work another time" if told else "nothing says whether for good"


def _who(event: Event, type_: EventType, actor: Actor) -> str:
    """Return who did it, and with which program. Of fetches the title says where that is unclear."""
    title = ACTORS[actor].title
    unclear = "" if type_ in FETCH_TYPES else f"by whom is {title}"
    said = unclear if actor is Actor.UNKNOWN else f"by {title}"
    return ", ".join(part for part in (said, event.client) if part)


def _since(event: Event, sent_at: datetime | None) -> str:
    """Return the time since the next server had the copy; what says whether it arrived calls that sent."""
    if sent_at is None:
        return ""
    seconds = (event.at - sent_at).total_seconds()
    which = "before" if seconds < 0 else "after"
    then = "it was sent" if event.type in (EventType.BOUNCED, EventType.DELIVERED) else "delivery"
    return f"{span_words(abs(seconds))} {which} {then}"
