"""The index of consents holds what is published of them."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Make the index anew."""

    dependencies: ClassVar = [("records", "0021_resting_channels")]
    operations: ClassVar = [
        migrations.RemoveIndex("consent", "consent_by_key"),
        migrations.AddIndex(
            "consent",
            models.Index(fields=["recipient_key", "opens", "links", "recorded_at"], name="consent_by_key"),
        ),
    ]
