"""Documents made of the pieces of others: what no author of cases thought of."""

import random
import re
from collections.abc import Iterator, Sequence

_PIECE = re.compile(r"<!--.*?-->|<[^<>]*>|[^<]+|<", re.DOTALL)
_LONGEST_PIECE = 200


def pieces_of(documents: Sequence[str]) -> list[str]:
    """Return the tags, comments and texts of documents, each once."""
    found = (piece for text in documents for piece in _PIECE.findall(text))
    return sorted({piece for piece in found if len(piece) <= _LONGEST_PIECE})


def spliced(pieces: Sequence[str], count: int, dice: random.Random) -> Iterator[str]:
    """Yield documents of three to twelve pieces, now and then with one cut short or two run together."""
    for _ in range(count):
        chosen = [dice.choice(pieces) for _ in range(dice.randint(3, 12))]
        at = dice.randrange(len(chosen))
        if dice.random() < 0.3:
            chosen[at] = chosen[at][: dice.randrange(len(chosen[at]) + 1)]
        yield "".join(chosen)
