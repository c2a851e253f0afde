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
    """Counts what is asked for and what is written, of late.

    No count goes beyond twice its limit: a flood that lasts stays one over each fading, and what it left is
    forgotten after two, however large it was. When there are too many keys, those that came most are kept: it
    is them we look for. Any thread may call it.
    """

    def __init__(self, limits: FloodLimits) -> None:
        self._named = limits.named
        self._anybody = limits.anybody
        self._written = limits.written
        self._counts: dict[int, int] = {}

    def asked(self, token: LinkToken) -> bool:
        """Count a request for a link, and return whether there are too many."""
        return self._exceeds(hash(token), self._anybody if token.recipient_index is None else self._named)

    def is_asked_too_often(self, token: LinkToken) -> bool:
        """Return what `asked` said last, without counting."""
        most = self._anybody if token.recipient_index is None else self._named
        return self._counts.get(hash(token), 0) > most

    def fills_up(self, token: PixelToken | LinkToken, prefix: bytes, action: str = "") -> bool:
        """Count a hit that is to be written; return whether too many of the kind came from one network.

        `prefix` is of the address that asks: a newsletter may have one pixel for all its readers, and what
        they are many of is networks. Each action counts for itself, so that nobody hides that they went on
        behind what was blocked.
        """
        return self._exceeds(hash((token, prefix, action)), self._written)

    def exceeds(self, most: int, *what: Hashable) -> bool:
        """Count something else, and return whether it came more than `most` times."""
        return self._exceeds(hash(what), most)

    def fade(self) -> None:
        """Let what was weigh half from now on; what came once is forgotten."""
        # Of a copy: requests in other threads add keys meanwhile.
        counts = self._counts.copy()
        self._counts = {key: number // 2 for key, number in counts.items() if number > 1}

    def _exceeds(self, key: int, most: int) -> bool:
        counts = self._counts
        number = counts[key] = counts.get(key, 0) + 1
        if len(counts) > MOST:
            # Most came once; to put those in order, too, took eight times as long.
            often = [each for each in counts.copy().items() if each[1] > 1]
            self._counts = dict(nlargest(_KEPT, often, key=itemgetter(1)))
        if number <= most:
            return False
        counts[key] = min(number, 2 * most)
        return True
