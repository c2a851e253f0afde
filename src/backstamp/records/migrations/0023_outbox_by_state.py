"""What waits in the outbox is found by its state: SQLite saw no use in the index that was there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One index for another; the table has a row for each message of the retention time."""

    dependencies = [("records", "0022_published_consents")]

    operations = [
        migrations.RemoveIndex("outgoing", "outgoing_due"),
        migrations.AddIndex("outgoing", models.Index(fields=["state", "id"], name="outgoing_by_state")),
    ]
