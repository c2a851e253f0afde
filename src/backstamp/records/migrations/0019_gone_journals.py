"""When the journal of a producer was deleted: how far it was read is kept for as long as its records."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One more column, empty for all that there are."""

    dependencies = [("records", "0018_fewer_indexes")]

    operations = [
        migrations.AddField(model_name="journalcursor", name="gone_at", field=models.DateTimeField(null=True))
    ]
