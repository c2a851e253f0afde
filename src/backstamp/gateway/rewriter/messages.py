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


class Marks(msgspec.Struct, frozen=True):
    """What a message is told of in its own header: where links are unguarded, where they are known to be bad."""

    unprotected: bool
    known_bad: bool
    subject: bool


class ProtectRequest(msgspec.Struct, frozen=True, kw_only=True, tag="protect"):
    """What is to be done with a received message, for the recipients of one domain.

    `wrap` is false where links are judged only. `own_prefixes` are the beginnings of all URLs of ours: links of
    received mail among them give way to their targets first, so that no link is wrapped twice, or names
    somebody else. `base_url` has no slash at its end. `own_domains` are the organisation's. The header says
    what `marks` allow, `mode` included.
    """

    options: Options
    mode: ProtectionMode
    base_url: str
    own_prefixes: tuple[str, ...]
    own_domains: tuple[str, ...]
    domain_id: int
    tracking_id: int
    sender_domain: str
    marks: Marks
    seals: tuple[Seal, ...]
    keyring: str

    @property
    def wrap(self) -> bool:
        """Whether links are rewritten."""
        return self.mode is ProtectionMode.PROTECT


class ProtectAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="protected"):
    """What was found and done. `unprotected` are `rewriting.SkipReason`s; `known_bad` says that a list names
    one of the links.
    """

    manifest: str
    links: tuple["SealedLink", ...]
    unprotected: tuple[str, ...]
    findings: tuple[QueuedFinding, ...]
    known_bad: bool


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
