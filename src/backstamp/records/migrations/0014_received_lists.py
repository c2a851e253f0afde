"""Indexes for the list of received mail, which may be little among what was sent."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("records", "0013_alerts")]

    operations: ClassVar = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                fields=["-queued_at", "tracking_id"],
                name="message_received",
                condition=models.Q(("direction", "inbound")),
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                fields=["-queued_at", "tracking_id"],
                name="message_unprotected",
                condition=models.Q(("direction", "inbound"), models.Q(("unprotected", ""), _negated=True)),
            ),
        ),
    ]
