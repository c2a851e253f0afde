"""What a search looks at is numbered in the order of arrival, and SQLite's index of trigrams is by it.

Numbers of messages are random and have 64 bits: with them the index was 2.5 times as large as with small
ones, and took six times as long to find what is in a few thousand of 200,000 messages.
"""

from typing import ClassVar

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from backstamp.records.trigrams import make_index

_OLD = "records_messagetext_0016"


def _set_aside(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    # In this order: SQLite renames no table whose triggers name one that is not there. They go with theirs.
    editor.execute(f"ALTER TABLE records_messagetext RENAME TO {_OLD}")
    editor.execute("DROP TABLE IF EXISTS records_messagesearch")


def _put_back(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    editor.execute(f"ALTER TABLE {_OLD} RENAME TO records_messagetext")
    make_index(editor.connection, "message_id")


def _number(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    editor.execute(
        f"INSERT INTO records_messagetext (message_id, text) SELECT o.message_id, o.text FROM {_OLD} o "
        "LEFT JOIN records_message m ON m.tracking_id = o.message_id ORDER BY m.queued_at, o.message_id"
    )
    editor.execute(f"DROP TABLE {_OLD}")
    make_index(editor.connection, "id")


def _forget_numbers(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    editor.execute("DROP TABLE IF EXISTS records_messagesearch")
    editor.execute(f"CREATE TABLE {_OLD} (message_id bigint NOT NULL PRIMARY KEY, text text NOT NULL)")
    editor.execute(f"INSERT INTO {_OLD} SELECT message_id, text FROM records_messagetext")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("records", "0016_reasons_of_suppression")]

    operations: ClassVar = [
        migrations.RunPython(_set_aside, _put_back),
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(name="MessageText")]),
        migrations.CreateModel(
            name="MessageText",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "message",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="searchable",
                        to="records.message",
                    ),
                ),
                ("text", models.TextField(blank=True, default="")),
            ],
        ),
        migrations.RunPython(_number, _forget_numbers),
    ]
