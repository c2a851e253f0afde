"""pasted: what a person copies from a mail: a token itself, or the whole URL of a link or pixel of ours."""

from typing import Final
from urllib.parse import urlsplit

from backstamp.tokens.keyring import Keyring
from backstamp.tokens.sealing import LinkToken, open_token

_CLOSING: Final = ">.,;:!?)]}*\"'"
"""What stands behind a URL in running text, or around it; no token ends so."""


def token_of(text: str) -> str:
    """Return the token; what holds none is returned as it is, and opens nothing."""
    text = text.strip().removeprefix("<").rstrip(_CLOSING)
    try:
        return urlsplit(text).path.rpartition("/")[2] if "/" in text else text
    except ValueError:  # "https://[" and the like
        return text


def leads_to(ring: Keyring, text: str) -> str:
    """Return where a link of ours leads, as it is copied from a mail; anything else is returned as it is."""
    opened = open_token(ring, token_of(text))
    return opened.url if isinstance(opened, LinkToken) else text
