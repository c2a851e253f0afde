"""meta_refresh: where `<meta http-equiv=refresh content=...>` leads."""

import re
from typing import Final

_REFRESH: Final = re.compile(
    r"[ \t\n\f\r]*(?:[0-9]+|(?=\.))[0-9.]*(?:[ \t\n\f\r]*[;,][ \t\n\f\r]*|[ \t\n\f\r]+)"
    r"(?:[uU][rR][lL][ \t\n\f\r]*=[ \t\n\f\r]*)?([\"']?)(?=.)",
    re.DOTALL,
)
"""WHATWG "shared declarative refresh steps", up to the address."""


def refresh_address(content: str) -> tuple[int, int] | None:
    """Return from where to where a value of `content` holds an address, or None where it holds none."""
    opening = _REFRESH.match(content)
    if opening is None:
        return None
    closing = content.find(opening[1], opening.end()) if opening[1] else -1
    return opening.end(), closing if closing >= 0 else len(content)
