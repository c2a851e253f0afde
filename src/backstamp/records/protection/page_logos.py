"""An administrator's logo for the pages that guard links: checked, and kept as a `data:` URL.

SVG is refused: it may hold scripts and load things from elsewhere.
"""

from base64 import b64encode
from typing import Final

from backstamp.records.administration.refusals import RefusedError
from backstamp.records.protection.picture_sizes import picture

LARGEST: Final = 64 * 1024
"""Octets; the logo travels with the policy to every edge, and with every page to the reader."""
MOST_PIXELS: Final = 2048
"""Each way: 16 MB unpacked. It is shown in a box of 160 by 48."""


def logo_url(data: bytes) -> str:
    """Return the image as a `data:` URL. Raises `RefusedError` for what is too large or no such image."""
    if len(data) > LARGEST:
        raise RefusedError(f"the logo has more than {LARGEST // 1024} KB")
    found = picture(data)
    if found is None or not (found.width and found.height):
        raise RefusedError("the logo is no PNG, JPEG, GIF or WebP image")
    if max(found.width, found.height) > MOST_PIXELS:
        raise RefusedError(
            f"the logo has {found.width} x {found.height} pixels, more than {MOST_PIXELS} one way"
        )
    return f"data:{found.media_type};base64,{b64encode(data).decode('ascii')}"
