"""What was switched off in mail that is out already."""

import msgspec


class KillTarget(msgspec.Struct, frozen=True):
    """A message, one of its links in every copy, or that link in one copy.

    `tracking_id` is the unsigned number of tokens; `recipient_index` is 0xFFFF for a copy that seals nobody.
    """

    tracking_id: int
    link_number: int | None = None
    recipient_index: int | None = None


class Kills(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that is switched off; by facts, so a token sealed anew under another key is no way round.

    `messages` holds tracking ids: all their links, and nothing is recorded of their pixels. `links` holds
    (tracking id, link number): that link in every copy. `tokens` holds (tracking id, link number, recipient
    index, 0xFFFF where nobody is sealed): that link in one copy. `expressions` holds the first 8 octets of
    the SHA-256 of Safe Browsing expressions: a host with all below it, or a URL, in whatever mail.
    """

    messages: frozenset[int] = frozenset()
    links: frozenset[tuple[int, int]] = frozenset()
    tokens: frozenset[tuple[int, int, int]] = frozenset()
    expressions: frozenset[bytes] = frozenset()
