"""The database notes when consents or the suppression list change."""

from typing import ClassVar

from django.db import migrations, models

from backstamp.records.migrations._part_changes_0024 import drop_triggers, make_triggers


class Migration(migrations.Migration):
    """A table of changes, and the triggers that fill it."""

    dependencies: ClassVar = [("records", "0023_outbox_by_state")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="PartChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("part", models.CharField(max_length=16)),
            ],
            options={
                "indexes": [models.Index(fields=["part", "id"], name="part_change_by_part")],
            },
        ),
        migrations.RunPython(make_triggers, drop_triggers),
    ]
