"""trigrams: the index of trigrams behind the search, made with the tables and whenever it can be.

On SQLite triggers keep it in step with `records_messagetext`; whoever makes that table anew must make them
again. Without the index the search finds the same, in more time.
"""

from collections.abc import Iterator

from django.db import DatabaseError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

_WHERE = (
    "SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace "
    "WHERE extname = 'pg_trgm'"
)


def make_index(connection: BaseDatabaseWrapper, key: str) -> None:
    """Make the index, or leave it where the database cannot. On SQLite it finds the column `key`."""
    try:
        with transaction.atomic(connection.alias), connection.cursor() as cursor:
            for statement in _postgresql(cursor) if connection.vendor == "postgresql" else _sqlite(key):
                cursor.execute(statement)
    except DatabaseError:
        pass


def lacks_index() -> bool:
    """Whether this is PostgreSQL, has our tables, and none of the index. Raises `django.db.Error`."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_regclass('records_messagetext') IS NOT NULL"
            " AND to_regclass('messagetext_trigrams') IS NULL"
        )
        return bool(cursor.fetchone() == (True,))


def make_what_lacks() -> None:
    """Make the index where it can be made by now: `pg_trgm` was installed later. Raises `django.db.Error`.

    Who writes texts waits for it: some seconds for 200,000 messages.
    """
    if lacks_index():
        make_index(connection, "id")


def _postgresql(cursor: CursorWrapper) -> Iterator[str]:
    # May be refused to who does not own the database, or not be installed.
    yield "CREATE EXTENSION IF NOT EXISTS pg_trgm"
    # It is where somebody has put it, which our search_path need not name.
    cursor.execute(_WHERE)
    ((schema,),) = cursor.fetchall()
    yield f"CREATE INDEX messagetext_trigrams ON records_messagetext USING gin (text {schema}.gin_trgm_ops)"


def _sqlite(key: str) -> Iterator[str]:
    index, columns = "records_messagesearch", "(rowid, text)"
    gone = f"INSERT INTO {index} ({index}, rowid, text) VALUES ('delete', old.{key}, old.text)"
    added = f"INSERT INTO {index} {columns} VALUES (new.{key}, new.text)"
    yield f"DROP TABLE IF EXISTS {index}"
    yield f"CREATE VIRTUAL TABLE {index} USING fts5(text, content='', tokenize='trigram')"
    yield f"INSERT INTO {index} {columns} SELECT {key}, text FROM records_messagetext ORDER BY {key}"
    for name, event, what in (
        ("added", "INSERT", added),
        ("gone", "DELETE", gone),
        ("changed", "UPDATE", f"{gone}; {added}"),
    ):
        yield f"CREATE TRIGGER messagetext_{name} AFTER {event} ON records_messagetext BEGIN {what}; END"
