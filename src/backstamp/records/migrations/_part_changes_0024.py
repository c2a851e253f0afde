"""How the database notes that what a large part of the policy is made of was changed: by triggers.

Each change leaves a row with a number that no other had. On SQLite, where one transaction writes at a time, it
takes the place of the last one; on PostgreSQL, where nobody must wait for who else changes something, the rows
are thrown away by who looks at them (`records.snapshot.part_changes`). Whoever makes one of these tables anew on SQLite
must make its triggers again.
"""

from collections.abc import Iterator
from typing import Final

from django.apps.registry import Apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_PARTS: Final = (
    ("consents", "records_consent", ("recipient_key", "opens", "links")),
    ("suppressions", "records_suppression", ("recipient_key", "domain", "reason")),
)
_FUNCTION: Final = """
CREATE OR REPLACE FUNCTION records_note_part_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO records_partchange (part) VALUES (TG_ARGV[0]);
    RETURN NULL;
END $$
"""


def make_triggers(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make the triggers, in the place of those that are there."""
    drop_triggers(apps, editor)
    for statement in _postgresql() if editor.connection.vendor == "postgresql" else _sqlite():
        editor.execute(statement)


def drop_triggers(_: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Drop those that are there."""
    for part, table, _columns in _PARTS:
        where = f" ON {table}" if editor.connection.vendor == "postgresql" else ""
        for event in ("added", "gone", "changed"):
            editor.execute(f"DROP TRIGGER IF EXISTS {part}_{event}{where}")


def _postgresql() -> Iterator[str]:
    yield _FUNCTION
    for part, table, columns in _PARTS:
        noted = f"EXECUTE FUNCTION records_note_part_change('{part}')"
        old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("old", "new"))
        # An import of a million rows is some thousand statements; an update is of single rows.
        for name, event in (("added", "INSERT"), ("gone", "DELETE")):
            yield f"CREATE TRIGGER {part}_{name} AFTER {event} ON {table} FOR EACH STATEMENT {noted}"
        yield (
            f"CREATE TRIGGER {part}_changed AFTER UPDATE ON {table} FOR EACH ROW "
            f"WHEN (({old}) IS DISTINCT FROM ({new})) {noted}"
        )


def _sqlite() -> Iterator[str]:
    for part, table, columns in _PARTS:
        noted = (
            f"BEGIN DELETE FROM records_partchange WHERE part = '{part}'; "
            f"INSERT INTO records_partchange (part) VALUES ('{part}'); END"
        )
        differs = " OR ".join(f"old.{column} IS NOT new.{column}" for column in columns)
        yield f"CREATE TRIGGER {part}_added AFTER INSERT ON {table} {noted}"
        yield f"CREATE TRIGGER {part}_gone AFTER DELETE ON {table} {noted}"
        yield f"CREATE TRIGGER {part}_changed AFTER UPDATE ON {table} WHEN {differs} {noted}"
