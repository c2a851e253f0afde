"""The newest entries of the suppression list are found by an index."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """One more index."""

    dependencies: ClassVar = [("records", "0025_lifted_allowances")]
    operations: ClassVar = [
        migrations.AddIndex("suppression", models.Index(fields=["since", "id"], name="suppression_by_age")),
    ]
