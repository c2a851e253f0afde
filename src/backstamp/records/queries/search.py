"""Find messages by words, newest first: quickly, whether the words are in every message or in none."""

from typing import Final

from django.db import connection
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.lookups import Contains

from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.database.vendor import is_postgresql
from backstamp.records.models import Message, MessageRollup, MessageText

NEWEST: Final = 1000
"""Messages that are looked through first: what is common is found among them, without asking the index for
all that have it."""
SEARCH_LIMIT: Final = 200
"""Longest search text, in characters."""
_TRIGRAM: Final = 3

_MERGED: Final = 500
"""Pages that one step of `forget_deleted` writes: some hundredths of a second, for which ingest may wait."""
_MERGE: Final = "INSERT INTO records_messagesearch (records_messagesearch, rank) VALUES ('merge', %s)"
_BY_INDEX: Final = "SELECT rowid FROM records_messagesearch WHERE records_messagesearch MATCH %s"


def first_found(messages: QuerySet[MessageRollup] | QuerySet[Message], words: str, number: int) -> list[int]:
    """Return the keys of the first of these messages that hold the words (in lower case).

    `messages` are the newest first, as messages or by their roll-ups, which sent mail alone has. Both
    questions ask for each row a value by a subquery, which no planner turns into a join: those of PostgreSQL
    read a whole table to find a few thousand rows of it.
    """
    text = MessageText.objects.filter(message=OuterRef("pk"))
    holds = Subquery(text.values(holds=Contains(F("text"), words))[:1])
    newest = list(messages.annotate(holds=holds).values_list("pk", "holds")[:NEWEST])
    found = [key for key, holds_them in newest if holds_them][:number]
    if len(found) == number or len(newest) < NEWEST:
        return found
    queued_at = Subquery(messages.filter(pk=OuterRef("message_id")).order_by().values("queued_at")[:1])
    listed = _holding(words).annotate(queued_at=queued_at).values_list("message_id", "queued_at")
    first = listed.order_by(F("queued_at").desc(nulls_last=True), "message_id")[:number]
    return [key for key, at in first if at is not None]


def forget_deleted() -> None:
    """See that SQLite's index holds nothing of deleted texts any more; PostgreSQL's loses it by VACUUM.

    FTS5 only notes that a text is deleted; its trigrams, with their places, stay until the index is merged
    into one piece: 11 MB, half a second, for 20,000 messages. Raises `django.db.Error`.
    """
    if is_postgresql() or not _has_index():
        return
    pages = -_MERGED  # the sign says that it is about all pieces, and not about the next few
    while True:
        with one_at_a_time(), connection.cursor() as cursor:
            before = connection.connection.total_changes
            cursor.execute(_MERGE, [pages])
            if connection.connection.total_changes - before < 2:  # as FTS5's documentation says it
                return
        pages = _MERGED


def _holding(words: str) -> QuerySet[MessageText]:
    if len(words) >= _TRIGRAM and not is_postgresql() and _has_index():
        phrase = words.replace('"', '""')
        keys = RawSQL(_BY_INDEX, [f'"{phrase}"'])  # noqa: S611 - words are a parameter
        return MessageText.objects.filter(pk__in=keys)
    # PostgreSQL asks its index by itself, where it has one.
    return MessageText.objects.filter(text__contains=words)


def _has_index() -> bool:
    """Whether migration 0017 could make one in SQLite."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'records_messagesearch'")
        return cursor.fetchone() is not None
