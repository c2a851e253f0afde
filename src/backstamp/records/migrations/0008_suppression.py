from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("records", "0007_reverse_name")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Suppression",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("domain", models.CharField(blank=True, default="", max_length=255)),
                ("address", models.CharField(max_length=320)),
                ("recipient_key", models.BinaryField(max_length=8)),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("unsubscribed", "unsubscribed"),
                            ("hard_bounce", "hard_bounce"),
                            ("complaint", "complaint"),
                            ("manual", "manual"),
                        ],
                        max_length=16,
                    ),
                ),
                ("evidence", models.CharField(blank=True, default="", max_length=1000)),
                ("since", models.DateTimeField()),
            ],
            options={"ordering": ["address", "domain"]},
        ),
        migrations.AddConstraint(
            model_name="suppression",
            constraint=models.UniqueConstraint(fields=["domain", "recipient_key"], name="suppression_once"),
        ),
    ]
