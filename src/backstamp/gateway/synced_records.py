"""synced_records: records of several messages put on the disk together, before their mail goes on."""

import asyncio
from collections.abc import Sequence

from backstamp.journal import JournalWriter
from backstamp.vocabulary import JournalRecord


class SyncedRecords:
    """Waits for the disk in a thread, once for all that came while it was waited for."""

    def __init__(self, journal: JournalWriter) -> None:
        """Keep the journal."""
        self._journal = journal
        self._waiting: list[tuple[JournalRecord, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def append(self, record: JournalRecord) -> None:
        """Return when the record is on the disk. Raises as `JournalWriter.append_synced`."""
        loop = asyncio.get_running_loop()
        written: asyncio.Future[None] = loop.create_future()
        self._waiting.append((record, written))
        if self._writer is None:
            self._writer = loop.create_task(self._write())
        await written

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            results: Sequence[Exception | None]
            try:
                records = [record for record, _ in batch]
                results = await asyncio.to_thread(self._journal.append_all_synced, records)
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody may wait for ever
                results = [error] * len(batch)
            for (_, written), failure in zip(batch, results, strict=True):
                if written.done():
                    continue  # whoever waited has gone
                if failure is None:
                    written.set_result(None)
                else:
                    written.set_exception(failure)
        self._writer = None
