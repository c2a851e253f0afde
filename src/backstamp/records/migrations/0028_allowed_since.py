"""An alert knows which entry of an own list allows it since; a lifted allowance, since when it was one."""

from typing import ClassVar

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def _told(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """What was allowed by an older version is no news to anybody."""
    entries = apps.get_model("records", "OwnListEntry").objects
    entries.filter(kind="allowed", looked_back_at=None).update(looked_back_at=models.F("since"))


class Migration(migrations.Migration):
    """Two columns."""

    dependencies: ClassVar = [("records", "0027_scope_of_lifted_allowances")]
    operations: ClassVar = [
        migrations.AddField(
            "alert",
            "allowance",
            models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=models.SET_NULL,
                related_name="+",
                to="records.ownlistentry",
            ),
        ),
        migrations.AddField("liftedallowance", "allowed_at", models.DateTimeField(blank=True, null=True)),
        migrations.RunPython(_told, migrations.RunPython.noop),
    ]
