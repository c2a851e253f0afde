"""message_records: the record of a message, written before its first copy goes, however large it is."""

from collections.abc import Iterator

import msgspec

from backstamp.gateway.synced_records import append_synced
from backstamp.journal import JournalWriter, RecordTooLargeError
from backstamp.vocabulary import Queued


async def record_message(journal: JournalWriter, queued: Queued, *, sealed: bool) -> None:
    """Write the record, or of it what has room; `sealed`: the copies name their recipients.

    A text of 6 MB with 300,000 links has a manifest of 43 MB, though 5,000 of them are rewritten.
    Raises `JournalUnavailableError`, `RecordTooLargeError`.
    """
    *larger, smallest = _ever_smaller(queued)
    for each in larger:
        try:
            await _append(journal, each, sealed=sealed)
        except RecordTooLargeError:
            continue
        return
    await _append(journal, smallest, sealed=sealed)


async def _append(journal: JournalWriter, queued: Queued, *, sealed: bool) -> None:
    if sealed:
        # On the disk: recipients hold on to tokens longer than a power cut lasts.
        await append_synced(journal, queued)
    else:
        journal.append(queued)


def _ever_smaller(queued: Queued) -> Iterator[Queued]:
    yield queued
    yield msgspec.structs.replace(queued, manifest="")
    yield msgspec.structs.replace(queued, manifest="", tracked_links=())
