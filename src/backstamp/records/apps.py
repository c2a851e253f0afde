"""The Django app's registration."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class RecordsConfig(AppConfig):
    """Models, migrations and queries of the records."""

    name = "backstamp.records"
    label = "records"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Look at each database that is opened."""
        from backstamp.records.database.versions import refuse_newer

        connection_created.connect(refuse_newer)
