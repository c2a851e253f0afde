"""A captured mail as its sender may look at it: our pixel and links are put back to what was sent.

Nothing of it asks the edge for anything, so looking at one's own mail is no opening and no click. Only what
our keys open is changed; the rest of the mail stays as it is.
"""

import html
import re
from collections.abc import Callable
from typing import Final

from backstamp.tokens import Keyring, LinkToken, open_token

DOT: Final = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
"""An invisible image in the place of ours."""

# A token has 48 characters at least (`tokens.sealing`); repetitions are bounded, as no mail may make it slow.
_OURS: Final = re.compile(r"https?://[^\s\"'<>()/?#\\]{1,255}/([A-Za-z0-9_-]{43,30000})(?![A-Za-z0-9_-])")


def as_sent(text: str, ring: Keyring, *, is_html: bool) -> str:
    """Return HTML or plain text with the addresses of our pixel and links as they were before."""
    return _OURS.sub(_reader(ring, is_html), text)


def _reader(ring: Keyring, is_html: bool) -> Callable[[re.Match[str]], str]:
    def read(found: re.Match[str]) -> str:
        token = open_token(ring, found[1])
        if token is None:
            return found[0]
        original = token.url if isinstance(token, LinkToken) else DOT
        return html.escape(original) if is_html else original

    return read
