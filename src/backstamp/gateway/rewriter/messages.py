"""messages: what pool and worker say to each other over a pipe: blocks of bytes behind their length.

A request is a `Request` in MessagePack, then the raw message.  An answer is the `Answer` that belongs to it,
then for each seal of the request its copy: the patches of the message as it came, and no octet of that.
"""

import struct
from typing import Final

import msgspec

from backstamp.gateway.rewriter.signatures import Trust
from backstamp.policy import OwnList, ProtectionMode
from backstamp.rewriting import Options, SkipReason
from backstamp.vocabulary import QueuedFinding

LENGTH: Final = struct.Struct(">Q")


class Seal(msgspec.Struct, frozen=True):
    """Whom a copy is for: the index in link tokens (None: no recipient is sealed), and the recipient key."""

    index: int | None
    recipient_key: bytes


class RewriteRequest(msgspec.Struct, frozen=True, kw_only=True, tag="rewrite"):
    """What is to be done with a message, and the facts that go into its tokens.

    `base_url` has no slash at its end. `unwrapped_prefixes` are the beginnings of all URLs of ours: links of
    received mail that go out again lead to their targets; empty where there can be none. `keyring` is the key
    ring's text.
    """

    options: Options
    base_url: str
    domain_id: int
    tracking_id: int
    sender_domain: str
    seals: tuple[Seal, ...]
    keyring: str
    unwrapped_prefixes: tuple[str, ...] = ()


class Marks(msgspec.Struct, frozen=True):
    """What a message may be told of in its own header: unguarded links, in fields, and before the subject
    where somebody may have brought it about (`SkipReason.provoked`); known-bad ones, in fields, and before
    the subject.
    """

    unprotected: bool = False
    bad_field: bool = False
    bad_subject: bool = False


class ProtectRequest(msgspec.Struct, frozen=True, kw_only=True, tag="protect"):
    """What is to be done with a received message, for recipients of one domain.

    Links are rewritten where `mode` is `protect`, only judged where it is `observe`, and else only given
    their targets where they are ours already. `unwrapped_prefixes` as above: no link is wrapped twice, or
    names somebody else. `base_url` has no slash at its end. `own_domains` are the organisation's, `own_lists`
    its lists that hold for these recipients, the narrowest first. `threat_lists` is the path of the compiled
    lists, `threat_answers` that of what their publishers answered, `known_sites` that of sites which are not
    new, and `at_us` now, in microseconds since 1970 UTC. `trust` says whose signatures count, and `sender` is
    the address of From. `unguarded` is why links are judged as in `protect`, and none is rewritten.
    """

    options: Options
    mode: ProtectionMode
    base_url: str
    unwrapped_prefixes: tuple[str, ...]
    own_domains: tuple[str, ...]
    own_lists: tuple[OwnList, ...]
    threat_lists: str
    threat_answers: str
    known_sites: str
    at_us: int
    domain_id: int
    tracking_id: int
    sender: str
    sender_domain: str
    marks: Marks
    trust: Trust
    seals: tuple[Seal, ...]
    keyring: str
    unguarded: SkipReason | None = None


class SealedLink(msgspec.Struct, frozen=True):
    """A link that was wrapped: its number, target, words, and the path of its part."""

    number: int
    url: str
    text: str
    part: str


class RewriteAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was done. `manifest` is JSON without the new URLs, `summary` the same in one sentence.

    `is_personal` says that each seal has a copy of its own, `unwrapped` that links of received mail lead to
    their targets again.
    """

    manifest: str
    summary: str
    has_pixel: bool
    links: tuple[SealedLink, ...]
    removed_fields: bool
    is_personal: bool
    unwrapped: bool = False

    @property
    def tracks(self) -> bool:
        """Whether the copies hold anything that tells of the recipient's doings."""
        return self.has_pixel or bool(self.links)

    @property
    def changes_all(self) -> bool:
        """Whether every copy differs from the message as it came, in the same way."""
        return (self.removed_fields or self.unwrapped) and not self.is_personal


MOST_FINDINGS: Final = 1000
"""In one message's record; a link rarely has more than two."""


class ProtectAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was found and done. `unprotected` are `rewriting.SkipReason`s: why links are unguarded.

    `known_bad` says that a list names one of the links. `links` are those that were wrapped: their numbers
    are the same under each policy. `others` stand in the message as they came, with numbers behind those.
    """

    manifest: str
    links: tuple[SealedLink, ...] = ()
    others: tuple[SealedLink, ...] = ()
    unprotected: tuple[str, ...] = ()
    findings: tuple[QueuedFinding, ...] = ()
    known_bad: bool = False


Request = RewriteRequest | ProtectRequest


def blocks(*payloads: bytes) -> list[bytes]:
    """Return blocks as they go over a pipe, in pieces that are to be written together: a write costs a system
    call and a wake-up."""
    return [part for payload in payloads for part in (LENGTH.pack(len(payload)), payload)]
