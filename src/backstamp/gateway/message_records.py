"""message_records: the record of a message, written before its first copy goes, however large it is."""

import logging

import msgspec

from backstamp.gateway.synced_records import append_synced
from backstamp.journal import JournalUnavailableError, JournalWriter, RecordTooLargeError
from backstamp.vocabulary import Queued

_log = logging.getLogger("backstamp.gateway")


async def recorded(journal: JournalWriter, queued: Queued, *, sealed: bool, else_it_is: str) -> bool:
    """Write the record, or of it what has room; return whether it is written, and tell the log if not.

    A text of 6 MB with 300,000 links has a manifest of 43 MB, though 5,000 of them are rewritten.

    Args:
        journal: where records go.
        queued: the record.
        sealed: the copies name their recipients.
        else_it_is: what the mail is without a record, for the log.
    """
    bare = msgspec.structs.replace(queued, manifest="")
    failure: Exception | None = None
    for each in (queued, bare, msgspec.structs.replace(bare, tracked_links=())):
        try:
            if sealed:
                # On the disk: recipients hold on to tokens longer than a power cut lasts.
                await append_synced(journal, each)
            else:
                journal.append(each)
        except RecordTooLargeError as error:
            failure = error
        except JournalUnavailableError as error:
            failure = error
            break
        else:
            return True
    _log.error("message %s is not recorded, and %s: %s", queued.trace_id, else_it_is, failure)
    return False
