"""Hosts of links as they were sealed."""

import re
from typing import Final

_HOST: Final = re.compile(r"https?://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:\\]*)")


def host_in(url: str) -> str:
    """Return the host of a URL as it was sealed, or ""."""
    found = _HOST.match(url)
    return found[1] if found else ""
