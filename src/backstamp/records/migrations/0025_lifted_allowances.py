"""What an own list allows no longer waits until mail was looked through for it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A new table; its rows live for seconds."""

    dependencies = [("records", "0024_part_changes")]

    operations = [
        migrations.CreateModel(
            "LiftedAllowance",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("expression", models.TextField()),
                ("lifted_at", models.DateTimeField(auto_now_add=True)),
            ],
        )
    ]
