"""lasting: whether a list that has lost much of what it had is believed."""

from typing import Final

from backstamp.worker.feeds.keeping.copies import State
from backstamp.worker.feeds.keeping.standing import has_stayed
from backstamp.worker.feeds.lists.entries import DoubtError, ShrunkError
from backstamp.worker.feeds.lists.source import Source

SHRINK_FROM: Final = 200
"""A list that had so many entries is not believed when it comes with less than half of them."""
OWN_SHRINK_FROM: Final = 20
OWN_LEAST_PART: Final = 10
"""A file of one's own that had so many entries is not believed at once when it has less than a tenth."""


def see_that_it_stands(source: Source, before: int, now: int) -> None:
    """Believe a publisher's list of so many entries. Raises ShrunkError where it has lost more than half."""
    if before >= SHRINK_FROM and now < before / 2:
        raise ShrunkError(f"it has {now} entries, and had {before}; {_command(source)} believes it")


def see_that_it_is_meant(source: Source, state: State, now: int) -> None:
    """Believe a file of the administrator's own with so many entries.

    Raises:
        DoubtError: it has lost nearly all: whatever writes the file may have failed, or be at it; what stays
            so is meant, however often it is written anew.
    """
    before = state.entries
    if before >= OWN_SHRINK_FROM and now * OWN_LEAST_PART < before and not has_stayed(state, now):
        raise DoubtError(
            f"it has {now} entries, and had {before}; it is believed when it is still so in 5 minutes, "
            f"or by {_command(source)}",
            now,
        )


def _command(source: Source) -> str:
    return f"`backstamp feeds refresh {source.name} --accept-shrink`"
