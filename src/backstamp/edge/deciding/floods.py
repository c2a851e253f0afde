"""What comes absurdly often: readers are warned of such a link, and in the end no more of it is written.

Whoever has a token, and be it a bot, could fill journal and database with it for days: some 20,000 hits a
second. Each worker counts for itself, and what was counts half every half hour.
"""

from collections.abc import Hashable
from heapq import nlargest
from operator import itemgetter
from typing import Final

from backstamp.edge.config import FloodLimits
from backstamp.tokens import LinkToken, PixelToken

FADE_SECONDS: Final = 1800.0
"""After so long what was counts half."""
MOST: Final = 32_768
"""Keys that are counted at once: about 4 MB."""
_KEPT: Final = MOST // 8


class Floods:
    """Counts what is asked for and what is written, by token.

    When there are too many, those that came most are kept: it is them we look for. Any thread may call it.
    """

    def __init__(self, limits: FloodLimits) -> None:
        """Begin with nothing."""
        self._limits = limits
        self._named = limits.named
        self._written = limits.written
        self._counts: dict[int, int] = {}

    def asked(self, token: LinkToken) -> bool:
        """Count a request for a link, and return whether there are too many."""
        number = self._add(hash(token))
        return number > self._named and self._are_too_many(token, number)

    def is_asked_too_often(self, token: LinkToken) -> bool:
        """Return what `asked` said last, without counting."""
        return self._are_too_many(token, self._counts.get(hash(token), 0))

    def fills_up(self, token: PixelToken | LinkToken, action: str = "") -> bool:
        """Count a hit that is to be written; return whether too many of the kind have been.

        Each action counts for itself, so that nobody hides that they went on behind what was blocked.
        """
        return self._add(hash((token, action) if action else token)) > self._written

    def count(self, *what: Hashable) -> int:
        """Count something else, and return how often it came."""
        return self._add(hash(what))

    def fade(self) -> None:
        """Let what was weigh half from now on; what came once is forgotten."""
        # Of a copy: requests in other threads add keys meanwhile.
        counts = self._counts.copy()
        self._counts = {key: number // 2 for key, number in counts.items() if number > 1}

    def _add(self, key: int) -> int:
        counts = self._counts
        number = counts[key] = counts.get(key, 0) + 1
        if len(counts) > MOST:
            # Most came once; to put those in order, too, took eight times as long.
            often = [each for each in counts.copy().items() if each[1] > 1]
            self._counts = dict(nlargest(_KEPT, often, key=itemgetter(1)))
        return number

    def _are_too_many(self, token: LinkToken, number: int) -> bool:
        return number > (self._limits.anybody if token.recipient_index is None else self._named)
