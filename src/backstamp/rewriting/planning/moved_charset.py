"""moved_charset: whether HTML comes to name a charset where readers look for one, when URLs are replaced.

A browser believes a declaration in the first 1,024 octets, and a shorter URL may bring one there that was
behind them. What a longer one takes from there does no harm: where nothing else tells of a charset, all that
readers guess is compared anyway.
"""

from collections.abc import Iterable
from typing import Final

from backstamp.mail.charsets.meta_charset import PRESCANNED

_NAMES: Final = ("charset", "encoding")
_MOST_OCTETS: Final = 4
"""Of a character."""


def octets_moved_up(source: str, edits: Iterable[tuple[int, int]]) -> int | None:
    """Return how many octets of a text may come to be among the first 1,024; None where no more of matter.

    Those matter that may name a charset. `edits` are spans of characters, which ascend.
    """
    first = octets = PRESCANNED
    for start, end in edits:
        if start >= octets:
            break
        first = min(first, start)
        octets += (end - start) * (1 if source[start:end].isascii() else _MOST_OCTETS)
    if octets == PRESCANNED:
        return None
    # As characters these are all that was not looked at, and what is before it as far as an edit.
    moved = source[first:octets].lower()
    return octets if any(name in moved for name in _NAMES) else None
