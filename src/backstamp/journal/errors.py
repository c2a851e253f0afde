"""What can go wrong with a journal, in one line each."""


class JournalUnavailableError(Exception):
    """The record could not be written: no space, no such folder, a failing disk.

    Nothing of it is left in the journal, and the next `append` tries again.
    """


class RecordTooLargeError(ValueError):
    """The record is longer than `framing.MAX_PAYLOAD_BYTES`; it would be refused at every try."""
