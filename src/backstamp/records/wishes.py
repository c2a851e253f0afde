"""What recipients ask for on their own pages: unsubscribe, come back, stop being measured, get their records.

Every act may come twice, and the second time changes nothing.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from backstamp.journal import RecordId
from backstamp.policy import ConsentState, SuppressionReason
from backstamp.records import suppressions
from backstamp.records.instants import instant, within
from backstamp.records.models import Consent, Event, Message, Recipient, RecordsRequest
from backstamp.records.suppressions import Entry
from backstamp.records.tracking_ids import to_database
from backstamp.vocabulary import EventType, Report, Wish, WishAct

RECORDS_EVERY: Final = timedelta(days=1)
"""How often a recipient's records are mailed to them at most."""
_EVIDENCE: Final = 1000
_BY: Final = "the recipient"


def take_wishes(wishes: Iterable[tuple[RecordId, Wish]]) -> list[tuple[RecordId, Report]]:
    """Grant wishes, the oldest first; return the events that they are on timelines."""
    events: list[tuple[RecordId, Report]] = []
    told: set[tuple[int, int]] = set()
    for id_, wish in sorted(wishes, key=lambda each: each[1].at_us):
        pair = to_database(wish.tracking_id), wish.recipient_index
        at = instant(within(wish.at_us))
        match wish.act:
            case WishAct.UNSUBSCRIBE:
                if _unsubscribe(wish, pair, at) or not (pair in told or _was_told(pair)):
                    events.append((id_, _unsubscribed(wish)))
                    told.add(pair)
            case WishAct.RESUBSCRIBE:
                suppressions.remove(
                    wish.recipient_key, _domain(wish, pair[0]), reason=SuppressionReason.UNSUBSCRIBED
                )
            case WishAct.STOP_OPENS | WishAct.STOP_LINKS:
                _withdraw(wish, pair, at)
            case WishAct.MAIL_RECORDS:
                _ask_for_records(wish, pair, at)
    return events


def _unsubscribe(wish: Wish, pair: tuple[int, int], at: datetime) -> bool:
    """Suppress; return whether that is new."""
    entry = Entry(
        address=_address(wish, pair),
        recipient_key=wish.recipient_key,
        reason=SuppressionReason.UNSUBSCRIBED,
        since=at,
        domain=_domain(wish, pair[0]),
        evidence=_evidence(wish, at),
    )
    return suppressions.add([entry]) > 0


def _was_told(pair: tuple[int, int]) -> bool:
    message, index = pair
    events = Event.objects.filter(message_id=message, recipient_index=index, type=EventType.UNSUBSCRIBED)
    return events.exists()


def _unsubscribed(wish: Wish) -> Report:
    return Report(
        at_us=wish.at_us,
        tracking_id=wish.tracking_id,
        type=EventType.UNSUBSCRIBED,
        recipient_index=wish.recipient_index,
        sealed=True,
        text=wish.shown or "one click in the mail program",
    )


def _withdraw(wish: Wish, pair: tuple[int, int], at: datetime) -> None:
    rows = list(Consent.objects.filter(recipient_key=wish.recipient_key))
    if not rows:
        # Records may be deleted long ago; the key alone is enough to record nothing more.
        address = _address(wish, pair) or wish.recipient_key.hex()
        row, _ = Consent.objects.get_or_create(
            address=address, defaults={"recipient_key": wish.recipient_key}
        )
        rows = [row]
    axis = "opens" if wish.act is WishAct.STOP_OPENS else "links"
    for row in rows:
        if getattr(row, axis) == ConsentState.WITHDRAWN:
            continue
        setattr(row, axis, ConsentState.WITHDRAWN.value)
        row.evidence = f"{axis}: {_evidence(wish, at)}\n{row.evidence}"[:_EVIDENCE].rstrip()
        row.recorded_by = _BY
        row.save()


def _ask_for_records(wish: Wish, pair: tuple[int, int], at: datetime) -> None:
    lately = RecordsRequest.objects.filter(recipient_key=wish.recipient_key, asked_at__gt=at - RECORDS_EVERY)
    if lately.exists():
        return
    message, index = pair
    RecordsRequest.objects.create(
        recipient_key=wish.recipient_key,
        tracking_id=message,
        recipient_index=index,
        language=wish.language[:8],
        asked_at=at,
    )


def _address(wish: Wish, pair: tuple[int, int]) -> str:
    """Return the recipient's address, or "" where no message to them is on record any more."""
    message, index = pair
    of_copy = Recipient.objects.filter(message=message, index=index, recipient_key=wish.recipient_key)
    return of_copy.values_list("address", flat=True).first() or ""


def _domain(wish: Wish, message: int) -> str:
    """Return the sender's domain; where nothing says it, a wish holds for every domain's mail."""
    if wish.sender_domain:
        return wish.sender_domain
    sender = Message.objects.filter(pk=message).values_list("sender", flat=True).first() or ""
    return sender.rpartition("@")[2].lower()


def _evidence(wish: Wish, at: datetime) -> str:
    how = f'on their own page, below the words "{wish.shown}"' if wish.shown else "one click (RFC 8058)"
    return f"{at:%Y-%m-%d %H:%M:%S} UTC, {how}; from message {wish.tracking_id:016x}"
