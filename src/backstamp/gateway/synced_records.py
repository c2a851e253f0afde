"""synced_records: records that are on the disk before their mail goes on."""

import asyncio
import contextlib

from backstamp.journal import JournalUnavailableError, JournalWriter
from backstamp.vocabulary import JournalRecord


async def append_synced(journal: JournalWriter, record: JournalRecord) -> None:
    """Return when the record is on the disk. Raises as `JournalWriter.append_synced`.

    The journal's own thread waits for the disk, once for all that came meanwhile. A thread of the loop's pool
    cost 30 futex calls a mail, each a change of threads at the interpreter's lock, instead of 8.
    """
    loop = asyncio.get_running_loop()
    written: asyncio.Future[None] = loop.create_future()

    def settle(failure: JournalUnavailableError | None) -> None:
        if written.done():
            return  # whoever waited has gone
        if failure is None:
            written.set_result(None)
        else:
            written.set_exception(failure)

    def tell(failure: JournalUnavailableError | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, failure)

    journal.append_telling(record, tell)
    await written
