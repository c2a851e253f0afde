"""Records as ingest would have made them: one message for each thing that the console must show."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from backstamp.records.database.tracking_ids import to_database
from backstamp.records.models import Event, Link, Message, Recipient
from backstamp.records.rollups.rebuild import rebuild_totals
from backstamp.vocabulary import Actor, EventType, Origin

NOON = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
_positions = count(1)


def reason(text: str) -> dict[str, Any]:
    """Return a stored reason."""
    return {"signal": "mail_program", "weight": 1.0, "text": text}


def message(number: int, **fields: Any) -> Message:
    """Make a tracked message, queued `number` minutes after noon."""
    wanted: dict[str, Any] = {
        "tracking_id": to_database(0x9000_0000_0000_0000 + number),
        "origin": Origin.SUBMISSION,
        "queued_at": NOON + timedelta(minutes=number),
        "subject": f"Letter {number}",
        "sender": "ada@example.org",
        "message_id": f"<letter-{number}@example.org>",
        "opens_tracked": True,
        "links_tracked": True,
    }
    made = Message.objects.create(**(wanted | fields))
    rebuild_totals([made.pk])
    return made


def recipient(of: Message, index: int = 0, address: str = "grace@example.net", **fields: Any) -> Recipient:
    """Make a recipient whose copy was sent."""
    wanted: dict[str, Any] = {
        "delivery": "sent",
        "sent_at": of.queued_at + timedelta(seconds=2),
        "received": of.direction == "inbound",
    }
    made = Recipient.objects.create(message=of, index=index, address=address, **(wanted | fields))
    rebuild_totals([of.pk])
    return made


def link(
    of: Message, number: int, url: str = "https://example.com/proposal", text: str = "The proposal"
) -> Link:
    """Make a tracked link."""
    return Link.objects.create(message=of, number=number, url=url, text=text)


def event(
    of: Message, type_: EventType, seconds: float, actor: Actor = Actor.UNKNOWN, **fields: Any
) -> Event:
    """Make an event, so many seconds after the message was queued."""
    wanted: dict[str, Any] = {
        "producer": "5eed",
        "position": next(_positions),
        "at": of.queued_at + timedelta(seconds=seconds),
        "recipient_index": 0,
        "final": True,
    }
    made = Event.objects.create(message=of, type=type_, actor=actor, **(wanted | fields))
    rebuild_totals([of.pk])
    return made
