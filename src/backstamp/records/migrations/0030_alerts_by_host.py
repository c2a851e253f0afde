"""Alerts of one host, the newest first, are found by an index."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """One more index."""

    dependencies: ClassVar = [("records", "0029_lists_by_age")]
    operations: ClassVar = [
        migrations.AddIndex("alert", models.Index(fields=["host", "last_at", "id"], name="alert_by_host")),
    ]
