"""How migration 0005 makes the index of trigrams behind the search, where the database has such a thing.

On SQLite triggers keep it in step with `records_messagetext`; whoever makes that table anew must make them
again. Without the index the search finds the same, in more time.
"""

from django.apps.registry import Apps
from django.db import DatabaseError, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_SQLITE = (
    "DROP TABLE IF EXISTS records_messagesearch",
    "CREATE VIRTUAL TABLE records_messagesearch USING fts5(text, content='', tokenize='trigram')",
    "INSERT INTO records_messagesearch (rowid, text) SELECT message_id, text FROM records_messagetext",
    (
        "CREATE TRIGGER messagetext_added AFTER INSERT ON records_messagetext BEGIN "
        "INSERT INTO records_messagesearch (rowid, text) VALUES (new.message_id, new.text); END"
    ),
    (
        "CREATE TRIGGER messagetext_gone AFTER DELETE ON records_messagetext BEGIN "
        "INSERT INTO records_messagesearch (records_messagesearch, rowid, text) "
        "VALUES ('delete', old.message_id, old.text); END"
    ),
    (
        "CREATE TRIGGER messagetext_changed AFTER UPDATE ON records_messagetext BEGIN "
        "INSERT INTO records_messagesearch (records_messagesearch, rowid, text) "
        "VALUES ('delete', old.message_id, old.text); "
        "INSERT INTO records_messagesearch (rowid, text) VALUES (new.message_id, new.text); END"
    ),
)
_POSTGRESQL = (
    # May be refused to who does not own the database, or not be installed.
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX messagetext_trigrams ON records_messagetext USING gin (text gin_trgm_ops)",
)


def make_index(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make the index, or leave it where the database cannot."""
    statements = _POSTGRESQL if editor.connection.vendor == "postgresql" else _SQLITE
    try:
        with transaction.atomic(editor.connection.alias), editor.connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    except DatabaseError:
        pass
