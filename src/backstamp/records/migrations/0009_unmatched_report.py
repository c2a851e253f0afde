from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("records", "0008_suppression")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="UnmatchedReport",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("received_at", models.DateTimeField(db_index=True)),
                ("words", models.CharField(blank=True, default="", max_length=200)),
                ("addresses", models.CharField(blank=True, default="", max_length=1000)),
                ("text", models.CharField(blank=True, default="", max_length=1000)),
                ("reporter", models.CharField(blank=True, default="", max_length=300)),
                ("findings", models.TextField()),
            ],
            options={"ordering": ["-received_at", "-id"]},
        ),
    ]
