"""A rule for mail whose links could not be guarded."""

from typing import ClassVar

from django.db import migrations, models

_RULES = [
    ("known_bad_click", "known_bad_click"),
    ("clicked_through", "clicked_through"),
    ("new_host", "new_host"),
    ("reported_mistake", "reported_mistake"),
    ("reported_phishing", "reported_phishing"),
    ("received_before_listed", "received_before_listed"),
    ("clicked_before_listed", "clicked_before_listed"),
    ("known_bad_arrived", "known_bad_arrived"),
    ("unprotected_mail", "unprotected_mail"),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("records", "0014_received_lists")]

    operations: ClassVar = [
        migrations.AlterField("alert", "rule", models.CharField(choices=_RULES, max_length=32)),
        migrations.AlterField(
            "alertsetting",
            "rule",
            models.CharField(choices=_RULES, max_length=32, primary_key=True, serialize=False),
        ),
    ]
