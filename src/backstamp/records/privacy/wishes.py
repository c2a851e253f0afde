"""What recipients ask for on their own pages: unsubscribe, come back, stop being measured, get their records.

Every act may come twice, and the second time changes nothing. In which order wishes about lists and about
measuring arrive does not matter.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from backstamp.journal import RecordId
from backstamp.policy import ConsentState
from backstamp.records.database.instants import instant, microseconds
from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.database.texts import clean
from backstamp.records.database.tracking_ids import from_database, to_database
from backstamp.records.models import (
    LONGEST_ADDRESS,
    Consent,
    ListWish,
    Message,
    RecordsRequest,
    Suppression,
)
from backstamp.records.privacy.erased_copies import BY_ERASURE
from backstamp.records.suppression.list_wishes import address_of, evidence, id_of, settle, take_off_timelines
from backstamp.tokens.address_spelling import a_labels
from backstamp.vocabulary import EventType, Queued, Report, Wish, WishAct

RECORDS_EVERY: Final = timedelta(days=1)
"""How often a recipient's records are mailed to them at most."""
_EVIDENCE: Final = 1000
_BY: Final = "the recipient"
_NAMELESS: Final = (
    "SELECT s.id FROM keys CROSS JOIN records_suppression s "
    "WHERE s.recipient_key = keys.k AND s.address = '' AND NOT EXISTS "
    "(SELECT 1 FROM records_consent c WHERE c.recipient_key = s.recipient_key "
    f"AND c.recorded_by = '{BY_ERASURE}')"
)
_BY_KEY: Final = "SELECT c.id FROM keys CROSS JOIN records_consent c WHERE c.address = keys.a"
_OURS: Final = re.compile(r"(?:opens|links): \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, ")
"""A line of evidence that a wish left."""


class Granted(msgspec.Struct, frozen=True):
    """What wishes come to on timelines: events that are new, and events of wishes that are not told any more.

    The latter are taken off the timelines already.
    """

    told: list[tuple[RecordId, Report]]
    untold: list[ListWish]


def take_wishes(wishes: Iterable[tuple[RecordId, Wish]]) -> Granted:
    """Grant wishes."""
    about_lists: list[ListWish] = []
    for id_, wish in sorted(wishes, key=lambda each: each[1].at_us):
        pair = to_database(wish.tracking_id), wish.recipient_index
        at = instant(wish.at_us)
        match wish.act:
            case WishAct.UNSUBSCRIBE | WishAct.RESUBSCRIBE:
                about_lists.append(_list_wish(id_, wish, pair, at))
            case WishAct.STOP_OPENS | WishAct.STOP_LINKS:
                _withdraw(wish, pair, at)
            case WishAct.MAIL_RECORDS:
                _ask_for_records(wish, pair, at)
    settled = settle(about_lists)
    take_off_timelines(settled.untold)
    return Granted([(id_of(wish), _unsubscribed(wish)) for wish in settled.told], settled.untold)


def _list_wish(id_: RecordId, wish: Wish, pair: tuple[int, int], at: datetime) -> ListWish:
    return ListWish(
        producer=id_.producer,
        position=id_.position,
        recipient_key=wish.recipient_key,
        domain=_domain(wish, pair[0]),
        at=at,
        unsubscribe=wish.act is WishAct.UNSUBSCRIBE,
        tracking_id=pair[0],
        recipient_index=pair[1],
        shown=clean(wish.shown, _EVIDENCE),
    )


def _unsubscribed(wish: ListWish) -> Report:
    return Report(
        at_us=microseconds(wish.at),
        tracking_id=from_database(wish.tracking_id),
        type=EventType.UNSUBSCRIBED,
        recipient_index=wish.recipient_index,
        sealed=True,
        text=wish.shown or "one click in the mail program",
    )


def name_those_who_wished(queued: Iterable[Queued]) -> None:
    """Put addresses to wishes of new messages' recipients of whom no message was known when they wished."""
    addresses = {
        recipient.recipient_key: clean(recipient.address, LONGEST_ADDRESS)
        for record in queued
        for recipient in record.recipients
        if recipient.recipient_key and recipient.address
    }
    # Of most recipients there is nothing: Django's way of asking for many took 3 % of a hit's time.
    nameless = [pk for (pk,) in select_for_keys(_NAMELESS, ("k",), ((key,) for key in addresses))]
    for entry in Suppression.objects.in_bulk(nameless).values():
        entry.address = addresses[bytes(entry.recipient_key)]
        entry.save()
    by_key = [pk for (pk,) in select_for_keys(_BY_KEY, ("a",), ((key.hex(),) for key in addresses))]
    for row in Consent.objects.in_bulk(by_key).values():
        _name(row, addresses[bytes(row.recipient_key)])


def _name(row: Consent, address: str) -> None:
    """Give an address to a consent that has only the recipient's key in its place: not to an erased one's."""
    if row.recorded_by == BY_ERASURE:
        return
    if row.address == bytes(row.recipient_key).hex() and not Consent.objects.filter(address=address).exists():
        row.address = address
        row.save()


def _withdraw(wish: Wish, pair: tuple[int, int], at: datetime) -> None:
    address = address_of(wish.recipient_key, [pair])
    rows = list(Consent.objects.filter(recipient_key=wish.recipient_key))
    for row in rows if address else ():
        _name(row, address)
    if not rows:
        # Records may be deleted long ago; the key alone is enough to record nothing more.
        address = address or wish.recipient_key.hex()
        row, _ = Consent.objects.get_or_create(
            address=address, defaults={"recipient_key": wish.recipient_key}
        )
        rows = [row]
    axis = "opens" if wish.act is WishAct.STOP_OPENS else "links"
    said = f"{axis}: {evidence(at, wish.shown, wish.tracking_id)}"
    for row in rows:
        found = _with_evidence(row.evidence, axis, said, new=getattr(row, axis) != ConsentState.WITHDRAWN)
        if found is None:
            continue
        setattr(row, axis, ConsentState.WITHDRAWN.value)
        row.evidence = found
        row.recorded_by = _BY
        row.save()


def _with_evidence(text: str, axis: str, said: str, *, new: bool) -> str | None:
    """Return the evidence with what was said just now, or None where that changes nothing.

    The wish that was uttered first stands for its axis, whichever arrives first.
    """
    lines = text.split("\n") if text else []
    theirs = [line for line in lines if _OURS.match(line)]
    of_axis = [line for line in theirs if line.startswith(f"{axis}: ")]
    if not new and (not of_axis or min(of_axis) <= said):
        return None
    if not new:
        theirs = [line for line in theirs if line not in of_axis]
    others = [line for line in lines if not _OURS.match(line)]
    return "\n".join((*sorted({*theirs, said}), *others))[:_EVIDENCE].rstrip()


def _ask_for_records(wish: Wish, pair: tuple[int, int], at: datetime) -> None:
    theirs = RecordsRequest.objects.filter(recipient_key=wish.recipient_key)
    # A request of a coming day was noted by a clock that was wrong.
    if theirs.filter(asked_at__gt=at - RECORDS_EVERY, asked_at__lt=at + RECORDS_EVERY).exists():
        return
    message, index = pair
    RecordsRequest.objects.create(
        recipient_key=wish.recipient_key,
        tracking_id=message,
        recipient_index=index,
        language=wish.language[:8],
        asked_at=at,
    )


def _domain(wish: Wish, message: int) -> str:
    """Return the sender's domain; where nothing says it, a wish holds for every domain's mail."""
    if wish.sender_domain:
        return wish.sender_domain.lower()  # In ASCII, or it is not in the token.
    sender = Message.objects.filter(pk=message).values_list("sender", flat=True).first() or ""
    return a_labels(sender.rpartition("@")[2].lower())
