from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("records", "0009_unmatched_report")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="senderdomain",
            name="unsubscribe",
            field=models.BooleanField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="RecordsRequest",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("recipient_key", models.BinaryField(db_index=True, max_length=8)),
                ("tracking_id", models.BigIntegerField()),
                ("recipient_index", models.PositiveIntegerField()),
                ("language", models.CharField(blank=True, default="", max_length=8)),
                ("asked_at", models.DateTimeField(db_index=True)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={"ordering": ["asked_at", "id"]},
        ),
    ]
