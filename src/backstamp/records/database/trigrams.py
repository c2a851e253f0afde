"""The index of trigrams behind the search, where PostgreSQL could not make it with the tables."""

from django.db import connection

from backstamp.records.database.bulk import is_postgresql
from backstamp.records.migrations._search_0005 import make_index


def lacks_index() -> bool:
    """Whether this is PostgreSQL, has our tables, and none of the index. Raises `django.db.Error`."""
    if not is_postgresql():
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
