"""The same report twice: a mail system did not hear that we have it, or it comes to two of our addresses.

Whatever order they come in, the one that tells most is kept: one that our seal names, since nobody can have
made it up, and of several the earliest.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, NamedTuple

from backstamp.journal import RecordId
from backstamp.records.database.bulk import execute_many
from backstamp.records.database.instants import read, stored, within
from backstamp.records.database.keyed_selects import as_it_is, select_for_keys
from backstamp.records.database.texts import json_read
from backstamp.records.database.tracking_ids import to_database
from backstamp.records.events.message_rows import reply_of
from backstamp.records.events.stored_hits import Pair
from backstamp.records.memory.today import Memory
from backstamp.records.rollups.rollup import Rollup
from backstamp.vocabulary import EventType, Report

_TOLD: Final = (
    f"SELECT e.id, e.message_id, e.recipient_index, e.type, {as_it_is('e.at')}, e.detail, e.producer, "
    "e.position FROM keys CROSS JOIN records_event e "
    "WHERE e.message_id = keys.m AND e.headers_id IS NULL AND "
)
_OF_SOMEBODY: Final = f"{_TOLD} e.recipient_index = keys.r"
_OF_NOBODY: Final = f"{_TOLD} e.recipient_index IS NULL"
_DELETE: Final = "DELETE FROM records_event WHERE id = %s AND at = %s"

_Key = tuple[int, int | None, str, str, str, str]
"""Message, recipient, event, mail, the server's words, and of whom: one address may stand for two."""


class _Rank(NamedTuple):
    """The least of them is kept."""

    not_sealed: bool
    at_us: int
    producer: str
    position: int


class _Told(NamedTuple):
    """A report that the records have."""

    rank: _Rank
    pk: int
    message: int
    recipient: int | None
    type: EventType


def told_best(
    reports: Collection[tuple[RecordId, Report]],
) -> tuple[list[tuple[RecordId, Report]], list[_Told]]:
    """Return the reports to be told, each once, and those of the records in whose place they come."""
    of_mails = [report for _, report in reports if report.mail]
    told = _told(of_mails) if of_mails else {}
    best: dict[_Key, tuple[_Rank, RecordId]] = {}
    for id_, report in reports:
        if report.mail:
            key, rank = _key_of(report), _Rank(not report.sealed, within(report.at_us), *id_)
            before = told.get(key)
            if (before is None or rank < before.rank) and (key not in best or rank < best[key][0]):
                best[key] = rank, id_
    kept = {id_ for _, id_ in best.values()}
    new = [(id_, report) for id_, report in reports if not report.mail or id_ in kept]
    return new, [told[key] for key in best if key in told]


def take_away(replaced: Sequence[_Told], memory: Memory, rollup: Rollup) -> None:
    """Delete and count no more what something better is told in place of; of no message that is new."""
    if not replaced:
        return
    execute_many(_DELETE, ((each.pk, stored(each.rank.at_us)) for each in replaced))
    cards = memory.cards(each.message for each in replaced)
    pairs: dict[Pair, list[_Told]] = {}
    for each in replaced:
        if each.message in cards and each.recipient is not None:
            pairs.setdefault((each.message, each.recipient), []).append(each)
    memory.recipients((), pairs)
    for pair, theirs in pairs.items():
        if memory.recipient(pair) is not None:
            for each in theirs:
                rollup.event(cards[pair[0]], each.rank.at_us, each.type, -1)
    memory.forget_groups(pairs)


def _told(reports: Collection[Report]) -> dict[_Key, _Told]:
    """Return the best of what the records have of the same recipients."""
    found: dict[_Key, _Told] = {}
    for pk, message, index, type_, at, detail, producer, position in _rows(reports):
        reply = json_read(detail)
        rank = _Rank(not reply.get("sealed"), read(at), producer, position)
        told = _Told(rank, pk, message, index, EventType(type_))
        key = _key(message, index, told.type, reply)
        found[key] = min(found.get(key, told), told)
    return found


def _rows(reports: Collection[Report]) -> Iterator[tuple[Any, ...]]:
    pairs = {(to_database(report.tracking_id), report.recipient_index) for report in reports}
    yield from select_for_keys(_OF_SOMEBODY, ("m", "r"), (pair for pair in pairs if pair[1] is not None))
    yield from select_for_keys(_OF_NOBODY, ("m",), ((message,) for message, index in pairs if index is None))


def _key_of(report: Report) -> _Key:
    return _key(to_database(report.tracking_id), report.recipient_index, report.type, reply_of(report))


def _key(message: int, index: int | None, type_: EventType, reply: dict[str, Any]) -> _Key:
    words = (reply.get(name, "") for name in ("mail", "text", "final_recipient"))
    return message, index, type_.value, *words
