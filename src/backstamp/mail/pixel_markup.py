"""pixel_markup: the image element that tells of an opening."""

from typing import Final

PIXEL_STYLE: Final = (
    "all:initial!important;position:absolute!important;width:1px!important;height:1px!important;"
    "margin:-1px 0 0 -1px!important"
)
"""Out of the flow, whatever a message rules for `img`: without it 127 of 142 pictures of templates
grew by a line, a frame or a stretched image. It is loaded all the same; `display:none` would not be."""
PIXEL_FRAME: Final = ('<img src="', f'" width="1" height="1" alt="" style="{PIXEL_STYLE}">')
"""What stands around its URL."""


def pixel_markup(url: str) -> str:
    """Return the 1x1 image for an already escaped URL."""
    return url.join(PIXEL_FRAME)
