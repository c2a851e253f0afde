"""messages: what pool and worker say to each other over a pipe: blocks of bytes behind their length.

A request is `RewriteRequest` in MessagePack, then the raw message.  An answer is `RewriteAnswer`, then
the copies, one for each recipient of the request.
"""

import struct
from typing import Final

import msgspec

from backstamp.rewriting import Options

LENGTH: Final = struct.Struct(">Q")


class Seal(msgspec.Struct, frozen=True):
    """Whom a copy is for: the index in link tokens (None: no recipient is sealed), and the pixel's key."""

    index: int | None
    recipient_key: bytes


class RewriteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done with a message, and the facts that go into its tokens.

    `base_url` has no slash at its end. `keyring` is the key ring's text.
    """

    options: Options
    base_url: str
    domain_id: int
    tracking_id: int
    sender_domain: str
    seals: tuple[Seal, ...]
    keyring: str


class SealedLink(msgspec.Struct, frozen=True):
    """A link that was wrapped: its number, target, words, and the path of its part."""

    number: int
    url: str
    text: str
    part: str


class RewriteAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was done. `manifest` is JSON without the new URLs, `summary` the same in one sentence.

    `is_personal` says that each seal has a copy of its own.
    """

    manifest: str
    summary: str
    has_pixel: bool
    links: tuple[SealedLink, ...]
    removed_fields: bool
    is_personal: bool

    @property
    def tracks(self) -> bool:
        """Whether the copies hold anything that tells of the recipient's doings."""
        return self.has_pixel or bool(self.links)


def block(payload: bytes) -> bytes:
    """Return the head of a block."""
    return LENGTH.pack(len(payload))
