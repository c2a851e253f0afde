"""Readers' reasons to go on from a block page."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("records", "0011_link_protection")]

    operations: ClassVar = [
        migrations.AlterField(
            model_name="readerreportrow",
            name="kind",
            field=models.CharField(
                choices=[("mistake", "mistake"), ("phishing", "phishing"), ("override", "override")],
                max_length=16,
            ),
        ),
    ]
