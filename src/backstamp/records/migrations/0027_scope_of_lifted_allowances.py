"""What is allowed no longer has the scope of its list beside it, which stood before the expression for a while."""

from typing import ClassVar

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def _part(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    for row in apps.get_model("records", "LiftedAllowance").objects.filter(expression__contains=" "):
        row.scope, _, row.expression = row.expression.rpartition(" ")
        row.save()


class Migration(migrations.Migration):
    """A column."""

    dependencies: ClassVar = [("records", "0026_suppressions_by_age")]
    operations: ClassVar = [
        migrations.AddField(
            "liftedallowance", "scope", models.CharField(blank=True, default="", max_length=255)
        ),
        migrations.RunPython(_part, migrations.RunPython.noop),
    ]
