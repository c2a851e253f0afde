from typing import ClassVar

from django.db import migrations

from backstamp.records.migrations._search_0005 import make_index


class Migration(migrations.Migration):
    dependencies: ClassVar = [("records", "0004_rollups_and_months")]

    operations: ClassVar = [migrations.RunPython(make_index)]
