"""Days do not count any more who could be measured and who may have opened: nothing showed it."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def _delete(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    measures = ("recipients_measurable", "recipients_possible")
    gone = [*measures, *(f"received/{measure}" for measure in measures)]
    apps.get_model("records", "DayCount").objects.filter(measure__in=gone).delete()


class Migration(migrations.Migration):
    """Rows that nobody would take away any more."""

    dependencies = [("records", "0030_alerts_by_host")]
    operations = [migrations.RunPython(_delete, migrations.RunPython.noop)]
