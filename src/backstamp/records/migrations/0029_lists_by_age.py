"""The newest entries of the console's lists are found by an index.

Own lists were sorted for each page (0.2 s for 200,000 entries), and consents counted. Readers' reports are found
by whether they wait, and then by time.
"""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Four indexes of tables that hits and mail never write."""

    dependencies: ClassVar = [("records", "0028_allowed_since")]
    operations: ClassVar = [
        migrations.AddIndex(
            "readerreportrow", models.Index(fields=["handled_at", "at"], name="reader_report_by_handling")
        ),
        migrations.AddIndex("ownlistentry", models.Index(fields=["since", "id"], name="own_list_by_age")),
        migrations.AddIndex("expressionkill", models.Index(fields=["killed_at", "id"], name="kill_by_age")),
        migrations.AddIndex("consent", models.Index(fields=["recorded_at", "id"], name="consent_by_age")),
    ]
