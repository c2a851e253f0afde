"""Copies of people who were erased: what comes of them later is not taken."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One more table, empty."""

    dependencies = [("records", "0019_gone_journals")]

    operations = [
        migrations.CreateModel(
            name="ErasedCopy",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("tracking_id", models.BigIntegerField()),
                ("recipient_index", models.PositiveIntegerField()),
                ("erased_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tracking_id", "recipient_index"), name="erased_copy_once"
                    )
                ]
            },
        )
    ]
