"""The journal as settings want it."""

from backstamp.app.settings import Settings
from backstamp.app.settings.table import JOURNAL_SEGMENT_BYTES, JOURNAL_SYNC
from backstamp.journal import JournalWriter


def open_journal(settings: Settings, role: str) -> JournalWriter:
    """Return a new writer; a process needs one, and opens it after any fork."""
    return JournalWriter(
        settings.in_data_dir("journal"),
        role=role,
        sync=settings[JOURNAL_SYNC],
        segment_bytes=settings[JOURNAL_SEGMENT_BYTES],
    )
