"""Indexes go that no question needs: each was written for every recipient, link or message, at a random place.

Those of `message` are the beginning of the unique ones (message, index) and (message, number); that of
`queued_at` is the beginning of `message_newest`; nothing looks messages up by sender. Django adds one for
`LIKE 'abc%'` to each text on PostgreSQL (`_like`), and nothing asks in this way. By address only copies of
received mail are looked up. With 10 million events, of 8700 pages that a batch of 10,000 changed on SQLite, the
addresses of sent mail took 1460, and the others 800 before.
"""

from typing import ClassVar

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_GONE = {
    "records_recipient_message_id_5ac2ed0b": "records_recipient (message_id)",
    "records_link_message_id_a314cb25": "records_link (message_id)",
    "records_message_queued_at_c4167bb5": "records_message (queued_at)",
    "records_message_sender_c8732c4a": "records_message (sender)",
    "records_recipient_address_a8ccaf56": "records_recipient (address)",
}
_GONE_LIKE = {
    "records_message_sender_c8732c4a_like": "records_message (sender varchar_pattern_ops)",
    "records_message_message_id_cdc7ca27_like": "records_message (message_id varchar_pattern_ops)",
    "records_recipient_address_a8ccaf56_like": "records_recipient (address varchar_pattern_ops)",
}


def _drop(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    for name in (*_GONE, *_GONE_LIKE):
        editor.execute(f"DROP INDEX IF EXISTS {name}")


def _mark_received(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    kind, no, yes = ("boolean", "false", "true") if _is_postgresql(editor) else ("bool", "0", "1")
    editor.execute(f"ALTER TABLE records_recipient ADD COLUMN received {kind} NOT NULL DEFAULT {no}")
    editor.execute(
        f"UPDATE records_recipient SET received = {yes} "
        "WHERE message_id IN (SELECT tracking_id FROM records_message WHERE direction = 'inbound')"
    )
    editor.execute("CREATE INDEX recipient_received ON records_recipient (address) WHERE received")


def _unmark_received(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    editor.execute("DROP INDEX recipient_received")
    editor.execute("ALTER TABLE records_recipient DROP COLUMN received")


def _is_postgresql(editor: BaseDatabaseSchemaEditor) -> bool:
    return editor.connection.vendor == "postgresql"


def _make(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    wanted = _GONE | _GONE_LIKE if _is_postgresql(editor) else _GONE
    for name, columns in wanted.items():
        editor.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("records", "0017_numbered_texts")]

    operations: ClassVar = [
        # Not by Django's own operations: on SQLite they write each table anew.
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunPython(_drop, _make),
                migrations.RunPython(_mark_received, _unmark_received),
            ],
            state_operations=[
                migrations.AlterField(model_name="message", name="queued_at", field=models.DateTimeField()),
                migrations.AlterField(
                    model_name="message",
                    name="sender",
                    field=models.CharField(blank=True, default="", max_length=320),
                ),
                migrations.AlterField(
                    model_name="recipient",
                    name="address",
                    field=models.CharField(blank=True, default="", max_length=320),
                ),
                migrations.AddField(
                    model_name="recipient",
                    name="received",
                    field=models.BooleanField(db_default=False, default=False),
                ),
                migrations.AddIndex(
                    model_name="recipient",
                    index=models.Index(
                        condition=models.Q(("received", True)), fields=["address"], name="recipient_received"
                    ),
                ),
                *(
                    migrations.AlterField(
                        model_name=model,
                        name="message",
                        field=models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name=f"{model}s",
                            to="records.message",
                        ),
                    )
                    for model in ("recipient", "link")
                ),
            ],
        ),
    ]
