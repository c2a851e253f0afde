"""The same report twice: a mail system did not hear that we have it, or it comes to two of our addresses."""

from collections.abc import Collection
from typing import Any, Final

import msgspec

from backstamp.journal import RecordId
from backstamp.records.bulk import select_for_keys
from backstamp.records.message_rows import reply_of
from backstamp.records.tracking_ids import to_database
from backstamp.vocabulary import EventType, Report

_TOLD: Final = (
    "SELECT e.message_id, e.recipient_index, e.type, e.detail FROM keys CROSS JOIN records_event e "
    "WHERE e.message_id = keys.m AND e.headers_id IS NULL AND "
)
_OF_SOMEBODY: Final = f"{_TOLD} e.recipient_index = keys.r"
_OF_NOBODY: Final = f"{_TOLD} e.recipient_index IS NULL"

_Key = tuple[int, int | None, str, str, str]
"""Message, recipient, event, mail, and the server's words: a report may tell of two addresses behind one."""


def told_first(reports: Collection[tuple[RecordId, Report]]) -> list[tuple[RecordId, Report]]:
    """Return the reports that the records do not have yet, each once.

    One that our seal names is told though the records have it without: only then can nobody have made it up.
    """
    of_mails = [report for _, report in reports if report.mail]
    told = _told(of_mails) if of_mails else {}
    first = []
    for id_, report in reports:
        if report.mail:
            key = _key(to_database(report.tracking_id), report.recipient_index, report.type, reply_of(report))
            if key in told and (told[key] or not report.sealed):
                continue
            told[key] = report.sealed
        first.append((id_, report))
    return first


def _told(reports: Collection[Report]) -> dict[_Key, bool]:
    """Return what the records have of the same recipients, and whether a seal named them."""
    pairs = {(to_database(report.tracking_id), report.recipient_index) for report in reports}
    found = [
        *select_for_keys(_OF_SOMEBODY, ("m", "r"), (pair for pair in pairs if pair[1] is not None)),
        *select_for_keys(_OF_NOBODY, ("m",), ((message,) for message, index in pairs if index is None)),
    ]
    told: dict[_Key, bool] = {}
    for message, index, type_, detail in found:
        reply = msgspec.json.decode(detail) if isinstance(detail, str) else detail
        key = _key(message, index, EventType(type_), reply)
        told[key] = told.get(key, False) or bool(reply.get("sealed"))
    return told


def _key(message: int, index: int | None, type_: EventType, reply: dict[str, Any]) -> _Key:
    return message, index, type_.value, reply.get("mail", ""), reply.get("text", "")
