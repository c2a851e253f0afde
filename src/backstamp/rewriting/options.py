"""options: the policy of one rewriting, as values."""

import msgspec

from backstamp.mail.structure import StructureLimits
from backstamp.vocabulary import Direction, DkimSigned, ShownUrls, VisibleUrls


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of what is read. Beyond one, mail is left alone and the manifest says which.

    `message_bytes` and `html_bytes` (one decoded text part) are octets, `link_characters` is the length of
    one URL (as long as a token may be sealed), `links` how many are wrapped in one message (their number
    has two bytes in a token).
    """

    message_bytes: int = 150 * 1024 * 1024
    html_bytes: int = 8 * 1024 * 1024
    header_bytes: int = 256 * 1024
    depth: int = 30
    parts: int = 1000
    links: int = 5000
    link_characters: int = 16_384

    def structure(self) -> StructureLimits:
        """Return the bounds of the part tree."""
        return StructureLimits(depth=self.depth, parts=self.parts, header_bytes=self.header_bytes)


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done with a message.

    `unsubscribe` adds List-Unsubscribe to sent mail that has none, whatever else is on; `one_click` offers it
    with one click, for which the address must be https (RFC 8058 §3.1).
    `own_prefixes` are URL prefixes of our own tracking hosts (`https://t.example/`): such links are left
    alone. `excluded_hosts` and their subdomains are never rewritten. `readable_text`: in plain text the true
    host stands in brackets behind the new URL. `visible_urls` counts for sent mail only: the author of
    received mail has no say in its protection. There, `shown_urls` says what becomes of such words.
    """

    direction: Direction = Direction.OUTBOUND
    opens: bool = True
    links: bool = True
    unsubscribe: bool = False
    one_click: bool = False
    own_prefixes: tuple[str, ...] = ()
    excluded_hosts: tuple[str, ...] = ()
    visible_urls: VisibleUrls = VisibleUrls.ALIGNED
    shown_urls: ShownUrls = ShownUrls.KEEP
    dkim_signed: DkimSigned = DkimSigned.REWRITE
    readable_text: bool = False
    limits: Limits = Limits()
