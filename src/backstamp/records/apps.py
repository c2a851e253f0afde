"""The Django app's registration."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """Models, migrations and queries of the records."""

    name = "backstamp.records"
    label = "records"
    default_auto_field = "django.db.models.BigAutoField"
