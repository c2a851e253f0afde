"""tree_cost: whether a browser's tree of a text could explode, or weighs much, told before it is built."""

import re
from typing import Final

_FORMATTING: Final = re.compile(
    r"<(/?)(?:[abisu]|big|code|em|font|nobr|small|strike|strong|tt)[\s/>]", re.IGNORECASE
)
BIG: Final = 128 * 1024
"""Characters of a text of which two trees at once are too much memory; several times a newsletter."""
_CHARACTERS_OF_A_TAG: Final = 85
_FREE_TAGS: Final = 2000
_MAX_RECONSTRUCTIONS: Final = 1_000_000


def is_too_costly(text: str) -> bool:
    """Whether a browser's tree of this text could explode.

    Each formatting element left open is built anew in each block that follows (WHATWG "reconstruct the
    active formatting elements"), so n open ones and m tags may cost n × m elements.
    """
    tags = text.count("<")
    if tags <= _FREE_TAGS:
        return False
    left_open = 0
    for closing in _FORMATTING.findall(text):
        left_open += -1 if closing else 1
    return max(left_open, 0) * tags > _MAX_RECONSTRUCTIONS


def is_heavy(text: str) -> bool:
    """Whether a tree of this text weighs so much that it should be without what can be done without.

    That are the places where tags begin and end in the source: of 305 octets that an element or a text takes,
    120. A text in which a tag stands in 85 characters has a tree of four times its size with them.
    """
    return len(text) > BIG and text.count("<") * _CHARACTERS_OF_A_TAG > len(text)
