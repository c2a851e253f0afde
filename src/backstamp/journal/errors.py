"""What can go wrong with a journal, in one line each."""

import os


class JournalUnavailableError(Exception):
    """The record could not be written: no space, no such folder, a failing disk.

    Nothing of it is left in the journal, and the next `append` tries again.
    """

    @classmethod
    def of(cls, what: str, error: OSError) -> "JournalUnavailableError":
        """Return one that says what could not be done, and why by the system's word."""
        reason = os.strerror(error.errno) if error.errno else str(error)
        return cls(f"journal {what}: {reason}")


class RecordTooLargeError(ValueError):
    """The record is longer than `framing.MAX_PAYLOAD_BYTES`; it would be refused at every try."""
