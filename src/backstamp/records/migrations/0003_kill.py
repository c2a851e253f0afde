from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("records", "0002_event_by_people")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Kill",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("tracking_id", models.BigIntegerField(db_index=True)),
                ("link_number", models.PositiveIntegerField(blank=True, null=True)),
                ("recipient_index", models.PositiveIntegerField(blank=True, null=True)),
                ("killed_at", models.DateTimeField(auto_now_add=True)),
                ("killed_by", models.CharField(blank=True, default="", max_length=150)),
            ],
            options={"ordering": ["tracking_id", "link_number", "recipient_index"]},
        ),
    ]
