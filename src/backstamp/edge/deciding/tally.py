"""How often something came of late, in memory that does not grow."""

from heapq import nlargest
from operator import itemgetter
from typing import Final

MOST: Final = 32_768
"""Keys that are counted at once: about 4 MB."""
_KEPT: Final = MOST // 8


class Tally:
    """Counts keys. When there are too many, those that came most are kept: it is them we look for."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._counts: dict[int, int] = {}

    def add(self, key: int) -> int:
        """Count a key, and return how often it came."""
        counts = self._counts
        number = counts[key] = counts.get(key, 0) + 1
        if len(counts) > MOST:
            # Most came once; to put those in order, too, took eight times as long.
            often = [each for each in counts.items() if each[1] > 1]
            self._counts = dict(nlargest(_KEPT, often, key=itemgetter(1)))
        return number

    def of(self, key: int) -> int:
        """Return how often a key came."""
        return self._counts.get(key, 0)

    def fade(self) -> None:
        """Let what was weigh half from now on; what came once is forgotten."""
        self._counts = {key: number // 2 for key, number in self._counts.items() if number > 1}
