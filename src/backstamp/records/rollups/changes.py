"""The number of the last change: how the console, a process of its own, learns that something is new.

Every transaction that changes something about messages takes one number from a counter row and
writes it to those messages. The row is locked until the commit, so numbers become visible in their
order, and who has seen number n never misses what was changed under a smaller one.
"""

from collections.abc import Collection, Iterable
from typing import Final

from django.db import connection

from backstamp.records.database.batched import batched
from backstamp.records.models import ChangeCounter, MessageRollup

_CHUNK: Final = 500
_COUNT_ON: Final = (
    "INSERT INTO records_changecounter (id, value) VALUES (1, 1) "
    "ON CONFLICT (id) DO UPDATE SET value = records_changecounter.value + 1 RETURNING value"
)


def next_version() -> int:
    """Return the number of this change. Call it inside its transaction, as late as can be: others wait."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_ON)
        return int(cursor.fetchone()[0])


def note_changed(message_pks: Iterable[int]) -> int:
    """Give these messages a new version and return it. Call it inside the transaction of the change."""
    version = next_version()
    for chunk in batched(message_pks, _CHUNK):
        MessageRollup.objects.filter(pk__in=chunk).update(version=version)
    return version


def message_version(pk: int) -> int:
    """Return the number of the last change to a message; 0 when it was never changed or is gone."""
    return message_versions((pk,))[pk]


def message_versions(pks: Collection[int]) -> dict[int, int]:
    """Return the numbers of the last changes to some messages, as `message_version` does."""
    rows = MessageRollup.objects.filter(pk__in=pks)
    return dict.fromkeys(pks, 0) | dict(rows.values_list("pk", "version"))


def newest_version() -> int:
    """Return the number of the last change to any message."""
    return ChangeCounter.objects.filter(pk=1).values_list("value", flat=True).first() or 0
