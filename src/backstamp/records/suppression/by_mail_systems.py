"""Who gets no more mail by what mail systems say: addresses that do not exist, and people who complained.

Only by those that nobody can have made up: our next hop, and reports that came to an address that we sealed.
Any other report may be written by somebody who knows a Message-ID.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final, NamedTuple

from backstamp.mail.reports import Cause
from backstamp.mail.reports.causes import cause_of
from backstamp.mail.reports.replies import status_in
from backstamp.policy import SuppressionReason
from backstamp.records.database.instants import instant, read, within
from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.database.texts import json_read, listed
from backstamp.records.database.tracking_ids import to_database
from backstamp.records.events import message_rows
from backstamp.records.events.passed_on import is_one_mailbox
from backstamp.records.events.stored_hits import Pair
from backstamp.records.models import Recipient
from backstamp.records.suppression import suppression_list
from backstamp.records.suppression.suppression_list import Entry
from backstamp.vocabulary import Delivery, EventType, Report

RCPT: Final = "rcpt"
"""Only a refusal of RCPT is about the address; what is refused after DATA is about the message."""
NO_SUCH_ADDRESS: Final = frozenset({"5.1.1", "5.1.6", "5.1.10"})
"""Permanent answers that are about the address and stay true (RFC 3463 §3.2, RFC 7505 §4.2): no such mailbox,
moved, a domain that takes no mail."""
_THE_PERSON: Final = frozenset({Cause.USER_UNKNOWN, Cause.MOVED})
"""Causes that stay true, where status or words say so. A host that is not found may be a fault of name
servers, and a mailbox that is disabled or full may be used again."""
_SPEAKING: Final = frozenset({EventType.REJECTED, EventType.BOUNCED, EventType.COMPLAINED})
_EARLY: Final = (
    "SELECT e.message_id, e.recipient_index, e.type, e.at, e.detail FROM keys CROSS JOIN records_event e "
    "WHERE e.message_id = keys.m AND e.recipient_index = keys.r "
    f"AND e.type IN {listed(sorted(_SPEAKING))}"
)


class _Said(NamedTuple):
    """What was said of a recipient's copy: `reply` as `message_rows.reply_of` has it."""

    pair: Pair
    type: EventType
    at_us: int
    reply: dict[str, Any]


def opt_out(records: Iterable[Delivery | Report]) -> None:
    """Suppress whom these say to be unknown for good, and who complained.

    A recipient without a key belongs to anonymous mail, of which nothing is remembered.
    """
    _opt_out(
        _Said(
            (to_database(record.tracking_id), record.recipient_index),
            record.type,
            within(record.at_us),
            message_rows.reply_of(record),
        )
        for record in records
        if record.type in _SPEAKING and record.recipient_index is not None
    )


def opt_out_early(pairs: Collection[Pair]) -> None:
    """Suppress new recipients of whom that was said before their message was known."""
    _opt_out(_said_before(pairs))


def _said_before(pairs: Collection[Pair]) -> Iterator[_Said]:
    for message, index, type_, at, detail in select_for_keys(_EARLY, ("m", "r"), pairs):
        reply = json_read(detail)
        yield _Said((message, index), EventType(type_), read(at), reply)


def _opt_out(told: Iterable[_Said]) -> None:
    reasons = [(said, reason) for said in told if (reason := _reason(said)) is not None]
    if not reasons:
        return
    messages = {said.pair[0] for said, _ in reasons}
    rows = Recipient.objects.filter(message__in=messages).select_related("message")
    rows = rows.only("index", "address", "recipient_key", "message__sender")  # Manifests are large.
    people = {(row.message_id, row.index): row for row in rows if row.recipient_key}
    for said, reason in reasons:
        row = people.get(said.pair)
        if row is not None and _is_about(row.address, said):
            suppression_list.keep_earliest(
                Entry(
                    address=row.address,
                    recipient_key=bytes(row.recipient_key),
                    reason=reason,
                    since=instant(said.at_us),
                    domain=row.message.sender.rpartition("@")[2],
                    evidence=_evidence(said),
                )
            )


def _reason(said: _Said) -> SuppressionReason | None:
    reply = said.reply
    if said.type is EventType.REJECTED:
        refused = reply.get("stage") == RCPT and 500 <= reply["code"] < 600
        return SuppressionReason.HARD_BOUNCE if refused and _is_unknown(reply) else None
    if not reply.get("sealed"):
        return None
    if said.type is EventType.COMPLAINED:
        return SuppressionReason.COMPLAINT
    return SuppressionReason.HARD_BOUNCE if reply.get("permanent") and _is_unknown(reply) else None


def _is_about(address: str, said: _Said) -> bool:
    """Whether a bounce is about the address that we sent to, and about none to which that passes its mail on.

    Of two people behind an alias, or of a forwarding and a mailbox, one may be gone, and the other reads all.
    """
    final = said.reply.get("final_recipient", "")
    return said.type is not EventType.BOUNCED or not final or is_one_mailbox(address, final)


def _is_unknown(reply: dict[str, Any]) -> bool:
    status = status_in(reply["enhanced_status"])
    cause = reply.get("cause") or cause_of(status, f"{reply['code'] or ''} {reply['text']}".strip())
    return cause in _THE_PERSON or (status in NO_SUCH_ADDRESS and cause == Cause.UNKNOWN)


def _evidence(said: _Said) -> str:
    reply = said.reply
    if said.type is EventType.REJECTED:
        return f"{reply['code']} {reply['enhanced_status']} {reply['text']}"
    return f"reported by {reply['reporter'] or 'a mail system'}: {reply['enhanced_status']} {reply['text']}"
