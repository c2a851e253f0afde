"""tree_cost: whether a browser's tree of a text could explode, told before it is built."""

import re
from typing import Final

_FORMATTING: Final = re.compile(
    r"<(/?)(?:[abisu]|big|code|em|font|nobr|small|strike|strong|tt)[\s/>]", re.IGNORECASE
)
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
