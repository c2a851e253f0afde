"""journal: the durable log between the public roles and the worker."""

from backstamp.journal.codec import PackedHit
from backstamp.journal.errors import JournalUnavailableError, RecordTooLargeError
from backstamp.journal.layout import RecordId
from backstamp.journal.reader import JournalReader
from backstamp.journal.segment_reader import Batch
from backstamp.journal.writer import DEFAULT_SYNC, JournalWriter
from backstamp.vocabulary import Sync

__all__ = [
    "DEFAULT_SYNC",
    "Batch",
    "JournalReader",
    "JournalUnavailableError",
    "JournalWriter",
    "PackedHit",
    "RecordId",
    "RecordTooLargeError",
    "Sync",
]
