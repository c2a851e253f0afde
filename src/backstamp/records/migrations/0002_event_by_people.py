from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("records", "0001_initial")]

    operations: ClassVar = [
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("actor__in", ("human", "proxied_human"))),
                fields=["message", "recipient_index", "at"],
                name="event_by_people",
            ),
        ),
    ]
