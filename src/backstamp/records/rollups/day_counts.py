"""What happened on each day, counted: the overview reads these few rows instead of all events.

Measures are of two kinds. `opened/human/1` and the like (`tally.key` without the link) and `queued`,
`sent`, `deferred`, `rejected` count events on the day of the event. `messages`, `recipients`,
`recipients_opened`, `recipients_clicked` and `recipients_troubled` count on the day on which the message was
queued, so that they can be set in proportion. Those of received mail begin with `received/`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Final

from django.db import connection

from backstamp.records.database.bulk import add_up
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.database.texts import listed
from backstamp.records.memory.cards import RECEIVED, TROUBLES
from backstamp.records.models import DayCount
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import Direction

DayKey = tuple[str, int, str]
"""Day (UTC, as 2026-03-02), number of the tracking domain, measure."""

_ADD_UP: Final = (
    "INSERT INTO records_daycount (day, domain_id, measure, number) "
    "SELECT day, -1, measure, SUM(number) FROM records_daycount GROUP BY day, measure"
)

Flags = tuple[bool, bool, bool]
"""Of a recipient: opened, clicked, is in trouble."""

NO_FLAGS: Final[Flags] = (False, False, False)

_RECIPIENT_MEASURES: Final = ("recipients_opened", "recipients_clicked", "recipients_troubled")

ALL: Final = -1
"""In the place of a domain's number: all domains together."""

_KEY: Final = ("day", "domain_id", "measure")


def add(counts: Counter[DayKey]) -> None:
    """Add to the counts; numbers below zero take away."""
    whole: Counter[DayKey] = Counter()
    for (day, _, measure), number in counts.items():
        whole[day, ALL, measure] += number
    every = {**counts, **whole}
    add_up(
        "records_daycount",
        _KEY,
        "number",
        ((*key, number) for key, number in sorted(every.items()) if number),
    )


@cache
def changes_of_recipient(before: Flags | None, after: Flags) -> tuple[tuple[str, int], ...]:
    """Return what changes in the measures when a recipient does; `before` is None for one that is new."""
    changes = zip(_RECIPIENT_MEASURES, before or NO_FLAGS, after, strict=True)
    changed = tuple((name, int(now) - int(then)) for name, then, now in changes if then != now)
    return changed if before is not None else (("recipients", 1), *changed)


@one_at_a_time()
def count_anew() -> int:
    """Count all days again from messages, recipients and events; return how many counts there are."""
    DayCount.objects.all().delete()
    with connection.cursor() as cursor:
        for statement in (*_of_messages("1 = 1"), *_of_events("1 = 1")):
            cursor.execute(f"INSERT INTO records_daycount (day, domain_id, measure, number) {statement}")
        cursor.execute(_ADD_UP)
    return DayCount.objects.count()


def take_away_messages(keys: Sequence[int]) -> None:
    """Take away what these messages count for, with all their events; call it before they are deleted."""
    marks = ", ".join(["%s"] * len(keys))
    condition = f"m.tracking_id IN ({marks})"
    _take_away((*_of_messages(condition), *_of_events(condition)), keys)


def take_away_recipients(pks: Sequence[int]) -> None:
    """Take away what these recipients count for, without events; call it before they are deleted."""
    marks = ", ".join(["%s"] * len(pks))
    _take_away(tuple(_of_recipients(f"r.id IN ({marks})")), pks)


def take_away_events(pks: Sequence[int]) -> None:
    """Take away what these events count for; call it before they are deleted."""
    marks = ", ".join(["%s"] * len(pks))
    _take_away(tuple(_of_events(f"e.id IN ({marks})")), pks)


def take_away_month(start: str, end: str) -> None:
    """Take away the events from `start` to before `end` (moments); call it before they are deleted."""
    _take_away(tuple(_of_events("e.at >= %s AND e.at < %s")), (start, end))


def _take_away(statements: Iterable[str], parameters: Sequence[int | str]) -> None:
    with connection.cursor() as cursor:
        counts: Counter[DayKey] = Counter()
        for statement in statements:
            cursor.execute(statement, list(parameters))
            for day, domain_id, measure, number in cursor.fetchall():
                counts[str(day), domain_id, measure] -= number
    add(counts)
    DayCount.objects.filter(number=0).delete()


def _of_messages(condition: str) -> Iterator[str]:
    """Return the statements that count messages `m` that fit, and their recipients."""
    by = f"{_day('m.queued_at')}, m.domain_id"
    yield (
        f"SELECT {by}, {_measure('messages')}, COUNT(*) FROM records_message m "
        f"WHERE {condition} GROUP BY 1, 2, 3"
    )
    yield from _of_recipients(condition)


def _of_recipients(condition: str) -> Iterator[str]:
    """Return the statements that count recipients `r` that fit, of messages `m`."""
    by = f"{_day('m.queued_at')}, m.domain_id"
    recipients = "FROM records_recipient r JOIN records_message m ON m.tracking_id = r.message_id"
    for measure, fits in (
        ("recipients", "1 = 1"),
        ("recipients_opened", "r.opened_at IS NOT NULL"),
        ("recipients_clicked", "r.clicked_at IS NOT NULL"),
        ("recipients_troubled", f"r.delivery IN {listed(sorted(TROUBLES))}"),
    ):
        yield (
            f"SELECT {by}, {_measure(measure)}, COUNT(*) {recipients} "
            f'WHERE {condition} AND r."index" <> {NO_RECIPIENT} AND {fits} GROUP BY 1, 2, 3'
        )


def _of_events(condition: str) -> Iterator[str]:
    """Return the statements that count events `e` that fit, of messages `m` that are there."""
    by = f"{_day('e.at')}, m.domain_id"
    events = "FROM records_event e JOIN records_message m ON m.tracking_id = e.message_id"
    counted = "e.type || '/' || e.actor || CASE WHEN e.counts THEN '/1' ELSE '/0' END"
    yield (
        f"SELECT {by}, {_received_or(counted)}, COUNT(*) {events} "
        f"WHERE {condition} AND e.headers_id IS NOT NULL AND e.recipient_index IS NOT NULL GROUP BY 1, 2, 3"
    )
    # What the next hop said of somebody whom the message does not know is kept, and not counted.
    known = 'JOIN records_recipient r ON r.message_id = e.message_id AND r."index" = e.recipient_index'
    yield (
        f"SELECT {by}, {_received_or('e.type')}, COUNT(*) {events} {known} "
        f"WHERE {condition} AND e.headers_id IS NULL GROUP BY 1, 2, 3"
    )
    yield (
        f"SELECT {by}, {_received_or('e.type')}, COUNT(*) {events} "
        f"WHERE {condition} AND e.type = 'queued' GROUP BY 1, 2, 3"
    )


def _measure(name: str) -> str:
    return _received_or(f"'{name}'")


def _received_or(name: str) -> str:
    """Return the SQL of a measure's name, where that of sent mail is this SQL."""
    return f"CASE WHEN m.direction = '{Direction.INBOUND}' THEN '{RECEIVED}' ELSE '' END || {name}"


def _day(column: str) -> str:
    if connection.vendor == "sqlite":
        return f"substr({column}, 1, 10)"
    return f"({column} AT TIME ZONE 'UTC')::date"
