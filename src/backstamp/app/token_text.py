"""The token in what a person pastes: the token itself, or the whole URL from a mail."""

from typing import Final
from urllib.parse import urlsplit

_CLOSING: Final = ">.,;:!?)]}*\"'"
"""What stands behind a URL in running text, or around it; no token ends so."""


def token_of(text: str) -> str:
    """Return the token; what holds none is returned as it is, and opens nothing."""
    text = text.strip().removeprefix("<").rstrip(_CLOSING)
    try:
        return urlsplit(text).path.rpartition("/")[2] if "/" in text else text
    except ValueError:  # "https://[" and the like
        return text
