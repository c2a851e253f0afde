"""`backstamp bench fill` makes the rows that ingest would have made."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection

from backstamp.app.bench.fill import fill
from backstamp.app.bench.made_up.copies import copy_of
from backstamp.app.bench.made_up.dataset import DAYS, records
from backstamp.journal import Batch, RecordId
from backstamp.records.database.partitions import make_ahead
from backstamp.records.ingest.batches import ingest
from backstamp.records.models import JournalCursor, Message
from backstamp.records.queries.sent_mail import message_page
from tests.database import empty_database
from tests.records.dump import dump

_EVENTS, _COPIES = 900, 3


def test_copied_rows_are_those_that_ingest_makes_of_copied_records(tmp_path: Path, vendor: str) -> None:
    fill(_EVENTS, io.StringIO(), _COPIES)
    copied, indexes = dump(), _indexes()
    assert len(copied["Event"]) == _EVENTS
    assert {row["domain_id"] for row in copied["DayCount"]} > {-1, 1}
    assert not JournalCursor.objects.exists()
    assert len(message_page(search="shop.example/").rows) == 0
    assert len(message_page(search="shop.example").rows) == _EVENTS // 50
    assert len(message_page(search=".2@sender").rows) == _EVENTS // _COPIES // 50
    other = tmp_path / "other"
    other.mkdir()
    with empty_database(other, vendor):
        make_ahead(datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
        every = [
            copy_of(record, copy) for copy in range(1, _COPIES + 1) for record in records(_EVENTS // _COPIES)
        ]
        numbered = [(RecordId("bench-fill", number), record) for number, record in enumerate(every)]
        for start in range(0, len(numbered), 200):
            piece = numbered[start : start + 200]
            ingest(Batch(piece, {"bench-fill": piece[-1][0].position + 1}), datetime.now(UTC))
        ingested = dump()
        assert _indexes() == indexes
    for table, rows in ingested.items():
        assert copied[table] == rows


def test_what_the_command_fills_in_ends_now_so_that_no_worker_deletes_it_as_old(vendor: str) -> None:
    now = datetime.now(UTC)
    fill(300, io.StringIO(), start=now - timedelta(days=DAYS))
    times = list(Message.objects.order_by("queued_at").values_list("queued_at", flat=True))
    assert times[0] - (now - timedelta(days=DAYS)) < timedelta(days=1)
    # Somebody may have set the clock back meanwhile.
    assert max(row["at"] for row in dump()["Event"]) <= datetime.now(UTC) + timedelta(minutes=1)


def _indexes() -> Any:
    """Return what indexes there are on events."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT tablename, regexp_replace(indexdef, 'INDEX [^ ]+', 'INDEX') FROM pg_indexes "
                "WHERE tablename LIKE 'records_event%' ORDER BY 1, 2"
            )
        else:
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'records_event' "
                "ORDER BY name"
            )
        return cursor.fetchall()
