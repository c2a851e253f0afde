"""An administrator's logo for the pages that guard links: checked, and kept as a `data:` URL.

SVG is refused: it may hold scripts and load things from elsewhere.
"""

import re
from base64 import b64encode
from typing import Final

from backstamp.records.refusals import RefusedError

LARGEST: Final = 64 * 1024
"""Octets; the logo travels with the policy to every edge, and with every page to the reader."""
_MAGIC: Final = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}


def logo_url(data: bytes) -> str:
    """Return the image as a `data:` URL. Raises `RefusedError` for what is too large or no such image."""
    if len(data) > LARGEST:
        raise RefusedError(f"the logo has more than {LARGEST // 1024} KB")
    kind = next((name for name, magic in _MAGIC.items() if magic.match(data)), None)
    if kind is None:
        raise RefusedError("the logo is no PNG, JPEG, GIF or WebP image")
    return f"data:{kind};base64,{b64encode(data).decode('ascii')}"
