"""What is too old is deleted by the clock, and a clock that jumps ahead is not believed at once."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
from django.db import connection

from backstamp.records.ingest.batches import ingest
from backstamp.records.models import Message
from backstamp.worker import WorkerConfig
from tests.records.journal_records import batch, queued
from tests.worker.running import eventually, looked_up, running


async def test_what_is_deleted_as_too_old_goes_from_the_index_of_the_search_too(
    config: WorkerConfig, database: Path
) -> None:
    """FTS5 by itself keeps the trigrams, with their places."""
    old = msgspec.structs.replace(queued(), subject="x\u0166\u014b", at_us=0, tracking_id=1)

    def known() -> tuple[bool, int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT block FROM records_messagesearch_data")
            blocks = b"".join(bytes(block) for (block,) in cursor.fetchall())
        return "\u0167\u014b".encode() in blocks, Message.objects.count()

    await looked_up(lambda: ingest(batch("a", [old]), datetime.now(UTC)))
    assert await looked_up(known) == (True, 1)
    async with running(config):
        await eventually(known, (False, 0))
