from typing import ClassVar

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from backstamp.records.trigrams import make_index


def by_message(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    make_index(editor.connection, "message_id")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("records", "0004_rollups_and_months")]

    operations: ClassVar = [migrations.RunPython(by_message)]
