"""Channels that fail rest, not the messages that wait for them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Two more columns of a table that has a few rows."""

    dependencies = [("records", "0020_erased_copies")]

    operations = [
        migrations.AddField("channel", "failures", models.PositiveIntegerField(default=0)),
        migrations.AddField("channel", "rests_until", models.DateTimeField(blank=True, null=True)),
    ]
