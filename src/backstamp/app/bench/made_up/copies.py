"""Many copies of made-up mail: as records of the journal, and as rows that are already there.

The nth copy of a message is another message at the same times but for n microseconds, fetched from other
addresses; so nothing of one copy changes a verdict or a count of another, and the rows of all are those of
the first with other numbers. `copy_rows` writes them by a statement for each table and copy, which takes a
twentieth of what ingest takes; that ingest would write the same is a test.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from backstamp.tokens.tracking_ids import COUNTED
from backstamp.vocabulary import Delivery, Hit, JournalRecord, Queued

MOST: Final = 900
"""Copies that the last three digits of a time can tell apart."""
_FRACTION_US: Final = 1000
_STEP: Final = 0xD1B54A32D19
"""Odd, so that the ids of copies are as those of other processes in the same hour: far from each other."""


def copy_of(record: JournalRecord, number: int) -> JournalRecord:
    """Return the copy of this number, from 1, of a record of `dataset`."""
    assert isinstance(record, Queued | Delivery | Hit)
    changed: dict[str, Any] = {
        "at_us": record.at_us // _FRACTION_US * _FRACTION_US + number,
        "tracking_id": record.tracking_id ^ _mask(number),
    }
    if isinstance(record, Queued):
        changed["message_id"] = record.message_id.replace("@", f".{number}@")
    elif isinstance(record, Hit):
        changed["source"] = number.to_bytes(2, "big") + record.source[2:]
    return msgspec.structs.replace(record, **changed)


def _mask(number: int) -> int:
    """Return what the ids of the copy of this number differ in from those of the first."""
    return (number - 1) * _STEP & COUNTED


def copy_rows(number: int) -> Iterator[int]:
    """Make so many copies of all there is, which is the first, and yield how many events each added."""
    from django.db import connection, transaction
    from django.db.models import Max

    from backstamp.records.models import Event, Link, Message, MessageRollup, MessageText, Recipient

    whole = Event.objects.count()
    first_event = int(Event.objects.aggregate(last=Max("pk"))["last"] or 0)
    positions = int(Event.objects.aggregate(last=Max("position"))["last"] or 0) + 1
    originals = list(Message.objects.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE bench_originals (message bigint PRIMARY KEY)")
        cursor.executemany("INSERT INTO bench_originals VALUES (%s)", [(pk,) for pk in originals])
    with _without_indexes(Event):
        for copy in range(2, number + 1):
            with transaction.atomic(), connection.cursor() as cursor:
                for model in (Message, MessageRollup, MessageText, Recipient, Link, Event):
                    cursor.execute(_copying(model, copy, (copy - 1) * positions, (copy - 1) * first_event))
            yield whole
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE records_daycount SET number = number * %s", [number])
        if connection.vendor == "postgresql":
            cursor.execute("SELECT setval('records_event_id_seq', (SELECT MAX(id) FROM records_event))")
        cursor.execute("DROP TABLE bench_originals")


def _copying(model: Any, copy: int, positions: int, ids: int) -> str:
    """Return the statement that makes a copy of the rows of a table that belong to the first messages."""
    columns, values = list[str](), list[str]()
    key = 'x."message_id"' if model.__name__ != "Message" else 'x."tracking_id"'
    for field in model._meta.concrete_fields:
        column = f'x."{field.column}"'
        kind = field.get_internal_type()
        if column == key:
            value = _exclusive_or(column, _mask(copy))
        elif kind == "BigAutoField":
            if model.__name__ != "Event":
                continue  # Numbered by the database, in any order.
            value = f"{column} + {ids}"
        elif kind == "DateTimeField" and field.column != "revised_at":
            value = _later(column, copy - 1)
        else:
            value = {
                "position": f"{column} + {positions}",
                "source": _with_head(column, copy),
                "text": f"replace({column}, '.1@sender', '.{copy}@sender')",
                "message_id": f"replace({column}, '.1@sender', '.{copy}@sender')",
            }.get(field.column, column)
        columns.append(f'"{field.column}"')
        values.append(value)
    table = model._meta.db_table
    if model.__name__ == "Event":
        behind = f"WHERE x.id <= {ids // (copy - 1)} ORDER BY x.id"
    else:
        # In the order of the copies' keys, as ingest inserts them: it is half the work for the indexes. Texts
        # are numbered as they come, which they do in the order of time.
        order = "x.id" if model.__name__ == "MessageText" else _exclusive_or(key, _mask(copy))
        behind = f"JOIN bench_originals o ON o.message = {key} ORDER BY {order}"
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} "  # noqa: S608 - our own names
        f"FROM {table} x {behind}"
    )


def _exclusive_or(column: str, mask: int) -> str:
    # What one or the other has and not both: SQLite has no operator for it.
    return f"(({column} | {mask}) - ({column} & {mask}))"


def _later(column: str, microseconds: int) -> str:
    from backstamp.records.database.vendor import is_postgresql

    if is_postgresql():
        return f"{column} + interval '{microseconds} microseconds'"
    # Times of the first copy end in .....1: they have six digits behind the point.
    return f"substr({column}, 1, 23) || printf('%03d', substr({column}, 24) + {microseconds})"


def _with_head(column: str, copy: int) -> str:
    """Return a column of the minute (4 octets) and a pseudonym, whose first two octets tell copies apart."""
    from backstamp.records.database.vendor import is_postgresql

    head = copy.to_bytes(2, "big").hex()
    if is_postgresql():
        return f"overlay({column} placing '\\x{head}'::bytea from 5 for 2)"
    return f"CAST(substr({column}, 1, 4) || x'{head}' || substr({column}, 7) AS BLOB)"


@contextmanager
def _without_indexes(model: Any) -> Iterator[None]:
    """Take a table's indexes away and make them again: at once over all rows costs a third of row by row."""
    from django.db import connection

    with connection.schema_editor(atomic=False) as editor:
        for index in model._meta.indexes:
            editor.remove_index(model, index)
    yield
    with connection.schema_editor(atomic=False) as editor:
        for index in model._meta.indexes:
            editor.add_index(model, index)
