"""What the journal brings that the records do not have yet."""

from typing import Any

from backstamp.journal import RecordId
from backstamp.vocabulary import JournalRecord

Fresh = dict[type[JournalRecord], list[tuple[RecordId, Any]]]
"""By type, each record once and in the order of its producer; `Any` is a record of that type."""
