"""The image and the links of a mail, as they stand in the copy that passed the gateway."""

import html
import re
from typing import Final

import msgspec

from backstamp.console.mailbox.parts import MailParts
from backstamp.tokens import Keyring, LinkToken, PixelToken, open_token
from backstamp.tokens.pasted import token_of

_ADDRESS: Final = re.compile(r"""(?:href|src)=["']?(https?://[^"'\s>]{1,4000})""", re.IGNORECASE)


class TrackedCopy(msgspec.Struct, frozen=True):
    """Tokens of the image ("" where there is none) and of the links, with their numbers."""

    tracking_id: int
    recipient_index: int | None
    pixel: str
    links: tuple[tuple[int, str], ...]


def tracked_copy(raw: bytes, ring: Keyring) -> TrackedCopy | None:
    """Return what of ours is in a mail, or None where nothing is; each link once."""
    pixel, tracking_id, recipient_index = "", None, None
    links: dict[int, str] = {}
    for written in _ADDRESS.findall(MailParts(raw).body("text/html")):
        token = token_of(html.unescape(written))
        match open_token(ring, token):
            case PixelToken() as opened:
                pixel, tracking_id = token, opened.tracking_id
            case LinkToken() as opened:
                links.setdefault(opened.link_number, token)
                tracking_id, recipient_index = opened.tracking_id, opened.recipient_index
            case None:
                continue
    if tracking_id is None:
        return None
    return TrackedCopy(tracking_id, recipient_index, pixel, tuple(sorted(links.items())))
