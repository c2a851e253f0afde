"""Find messages by words, newest first: quickly, whether the words are in every message or in none."""

from typing import Final

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from backstamp.records.bulk import is_postgresql
from backstamp.records.models import MessageRollup

NEWEST: Final = 1000
"""Messages that are looked through first: what is common is found among them, without asking the index for
all that have it."""
_TRIGRAM: Final = 3

_BY_INDEX: Final = "SELECT rowid FROM records_messagesearch WHERE records_messagesearch MATCH %s"
# OFFSET 0: the words are looked up first; else each message of the list is asked whether it has them.
_BY_TRIGRAMS: Final = "SELECT message_id FROM records_messagetext WHERE text LIKE %s OFFSET 0"


def first_found(rollups: QuerySet[MessageRollup], words: str, number: int) -> list[MessageRollup]:
    """Return the first of these messages, in their order, that hold the words (in lower case)."""
    newest = rollups.filter(pk__in=list(rollups.values_list("pk", flat=True)[:NEWEST]))
    found = list(_holding(newest, words)[:number])
    if len(found) == number or not rollups[NEWEST : NEWEST + 1]:
        return found
    if len(words) < _TRIGRAM or not _has_index():
        return list(_holding(rollups, words)[:number])
    if is_postgresql():
        keys = RawSQL(_BY_TRIGRAMS, [f"%{_escaped(words)}%"])  # noqa: S611 - words are a parameter
    else:
        phrase = words.replace('"', '""')
        keys = RawSQL(_BY_INDEX, [f'"{phrase}"'])  # noqa: S611 - words are a parameter
    return list(rollups.filter(pk__in=keys)[:number])


def _holding(rollups: QuerySet[MessageRollup], words: str) -> QuerySet[MessageRollup]:
    return rollups.filter(message__searchable__text__contains=words)


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _has_index() -> bool:
    """Whether migration 0005 could make one."""
    if is_postgresql():
        return True  # the statement is right without it, too
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'records_messagesearch'")
        return cursor.fetchone() is not None
