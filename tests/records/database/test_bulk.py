"""Many rows are written at once."""

import re
from pathlib import Path

import pytest
from django.db import connection

from backstamp.records.ingest.batches import ingest
from backstamp.records.models import Event
from tests.records.journal_records import after, batch, delivery, pixel, queued


@pytest.mark.parametrize("vendor", [pytest.param("postgresql", marks=pytest.mark.daemon)])
def test_postgresql_gets_the_events_of_a_batch_by_copy(vendor: str, tmp_path: Path) -> None:
    connection.ensure_connection()
    with (tmp_path / "protocol").open("w+") as file:
        connection.connection.pgconn.trace(file.fileno())
        ingest(batch("a", [queued(), delivery(1), *(pixel(600 + n) for n in range(50))]), after(1000))
        connection.connection.pgconn.untrace()
        file.seek(0)
        protocol = file.read()
    assert not re.search(r'INSERT INTO "?records_event\b', protocol)
    copies = re.findall(
        r'COPY "records_event" .*?\tCopyInResponse\t(.*?)\tCopyDone.*?\tCommandComplete\t "COPY (\d+)"',
        protocol,
        re.DOTALL,
    )
    assert sum(int(rows) for _, rows in copies) == Event.objects.count() == 52
    assert all(("\tCopyData\t" in data) == (rows != "0") for data, rows in copies), "the rows are data"
