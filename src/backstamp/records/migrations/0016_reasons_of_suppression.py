"""An address may be on the suppression list for several reasons; wishes about lists are kept."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("records", "0015_unprotected_mail")]

    operations: ClassVar = [
        migrations.AlterModelOptions(
            name="suppression", options={"ordering": ["address", "domain", "reason"]}
        ),
        migrations.RemoveConstraint(model_name="suppression", name="suppression_once"),
        migrations.AddConstraint(
            model_name="suppression",
            constraint=models.UniqueConstraint(
                fields=["domain", "recipient_key", "reason"], name="suppression_once"
            ),
        ),
        migrations.AddIndex(
            model_name="suppression",
            index=models.Index(fields=["recipient_key"], name="suppression_by_key"),
        ),
        migrations.CreateModel(
            name="ListWish",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("producer", models.CharField(max_length=40)),
                ("position", models.BigIntegerField()),
                ("recipient_key", models.BinaryField(max_length=8)),
                ("domain", models.CharField(blank=True, default="", max_length=255)),
                ("at", models.DateTimeField(db_index=True)),
                ("unsubscribe", models.BooleanField()),
                ("tracking_id", models.BigIntegerField()),
                ("recipient_index", models.PositiveIntegerField()),
                ("shown", models.CharField(blank=True, default="", max_length=1000)),
                ("told", models.BooleanField(default=False)),
            ],
            options={
                "ordering": ["at", "id"],
                "indexes": [models.Index(fields=["recipient_key", "domain"], name="list_wish_by_person")],
            },
        ),
    ]
