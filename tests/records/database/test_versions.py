"""A database that a newer version has used is not touched by this one."""

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from backstamp.records.database.versions import NewerDatabaseError
from backstamp.records.ingest.batches import ingest
from tests.records.journal_records import after, batch, queued


def used_by(name: str, app: str = "records") -> None:
    MigrationRecorder(connection).record_applied(app, name)
    connection.close()


def test_whoever_opens_a_newer_versions_database_is_refused_each_time() -> None:
    used_by("9000_new")
    for _ in range(2):
        with pytest.raises(NewerDatabaseError, match="it has 9000_new"):
            ingest(batch("a", [queued()]), after(1))


def test_other_apps_migrations_say_nothing_of_our_version() -> None:
    used_by("0099_theirs", app="sessions")
    assert ingest(batch("a", [queued()]), after(1)).messages == 1
