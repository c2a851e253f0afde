"""What comes absurdly often: readers are warned of such a link, and no more of it is written.

Whoever has a token, and be it a bot, could fill journal and database with it for days: some 20,000 hits a
second. Each worker counts for itself, and what was counts half every half hour.
"""

from collections.abc import Hashable
from heapq import nlargest
from operator import itemgetter
from typing import Final

from backstamp.edge.config import FloodLimits
from backstamp.tokens import ANONYMOUS, LinkToken, PixelToken
from backstamp.vocabulary import ClickAction

FADE_SECONDS: Final = 1800.0
"""After so long what was counts half."""
MOST: Final = 32_768
"""Keys that are counted at once: about 4 MB."""
_KEPT: Final = MOST // 8


class Floods:
    """Counts what is asked for and what is written, by token.

    When there are too many, those that came most are kept: it is them we look for.
    """

    def __init__(self, limits: FloodLimits) -> None:
        """Begin with nothing."""
        self._counts: dict[int, int] = {}
        self._named = limits.named
        self._anybody = max(limits.named, limits.anybody)

    def asked(self, token: PixelToken | LinkToken) -> bool:
        """Count a request for a token, and return whether there are too many."""
        number = self._add(hash(token))
        return number > self._named and self._is_flood(token, number)

    def is_asked_too_often(self, token: PixelToken | LinkToken) -> bool:
        """Return what `asked` said last, without counting."""
        return self._is_flood(token, self._counts.get(hash(token), 0))

    def decided(self, token: LinkToken, action: ClickAction) -> bool:
        """Count what was decided about a link, each action for itself; return whether there is too much.

        So nobody hides that they went on behind thousands of requests that were blocked.
        """
        return self._is_flood(token, self.count(token, action))

    def count(self, *what: Hashable) -> int:
        """Count something else, and return how often it came."""
        return self._add(hash(what))

    def fade(self) -> None:
        """Let what was weigh half from now on; what came once is forgotten."""
        self._counts = {key: number // 2 for key, number in self._counts.items() if number > 1}

    def _add(self, key: int) -> int:
        counts = self._counts
        number = counts[key] = counts.get(key, 0) + 1
        if len(counts) > MOST:
            # Most came once; to put those in order, too, took eight times as long.
            often = [each for each in counts.items() if each[1] > 1]
            self._counts = dict(nlargest(_KEPT, often, key=itemgetter(1)))
        return number

    def _is_flood(self, token: PixelToken | LinkToken, number: int) -> bool:
        return number > (self._named if _names_somebody(token) else self._anybody)


def _names_somebody(token: PixelToken | LinkToken) -> bool:
    if isinstance(token, LinkToken):
        return token.recipient_index is not None
    return token.recipient_key != ANONYMOUS
