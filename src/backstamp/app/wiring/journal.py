"""The journal as settings want it."""

from backstamp.app.settings import Settings
from backstamp.app.settings.data_dir import DataFolder
from backstamp.app.settings.table import JOURNAL_SEGMENT_BYTES, JOURNAL_SYNC
from backstamp.journal import JournalWriter


def open_journal(settings: Settings, role: str, *, ahead: bool = False) -> JournalWriter:
    """Return a new writer; a process needs one, and opens it after any fork.

    What is written `ahead`, by another one, waits behind nothing.
    """
    return JournalWriter(
        settings.in_data_dir(DataFolder.JOURNAL),
        role=role,
        ahead=ahead,
        sync=settings[JOURNAL_SYNC],
        segment_bytes=settings[JOURNAL_SEGMENT_BYTES],
    )
