"""Listings: what is known to be bad now, and which received links fall under it, as an index tells."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from django.db import connection

from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.database.vendor import is_postgresql
from backstamp.records.looking_back.link_expressions import layers_of
from backstamp.threats import ThreatReason
from backstamp.vocabulary import ThreatType

_MATCHED: Final = (
    "SELECT keys.d FROM keys WHERE EXISTS (SELECT 1 FROM records_linkexpression e WHERE e.digest = keys.d)"
)
_MATCHED_BY_POSTGRESQL: Final = (
    "SELECT keys.d FROM keys CROSS JOIN LATERAL "
    "(SELECT 1 FROM records_linkexpression e WHERE e.digest = keys.d LIMIT 1) e"
)
"""It would read the whole table for EXISTS; here it asks the index for each, as SQLite does anyway."""
_BELOW: Final = (
    "SELECT DISTINCT e.digest FROM keys CROSS JOIN records_linkexpression e "
    "WHERE e.digest >= keys.a AND e.digest <= keys.z"
)
_MESSAGES: Final = "SELECT DISTINCT message_id FROM records_linkexpression WHERE digest = %s"
LINKS: Final = (
    "SELECT l.message_id, l.number, l.url FROM keys CROSS JOIN records_link l WHERE l.message_id = keys.m"
)
"""The links of messages: message, number, URL."""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A URL or host that is known to be bad now.

    `digest` as rows hold it (`link_expressions`). `reason` is None for a list, which names a URL or a host.
    `scope` is that of an own list: "", a domain, or a recipient key in hex. `since_us` is when it was listed.
    `lifted_in` is the domain or mailbox whose own list allowed it until now, "" for none: to them it is news
    whatever was said to others since `allowed_since_us`.
    """

    digest: int
    threat: ThreatType
    source: str
    reason: ThreatReason | None = None
    since_us: int = 0
    scope: str = ""
    lifted_in: str = ""
    allowed_since_us: int = 0


def matched(listings: Iterable[Listing]) -> list[Listing]:
    """Return those of the listings that some link of received mail falls under. Reads an index only."""
    by_digest: dict[int, list[Listing]] = defaultdict(list)
    for listing in listings:
        by_digest[listing.digest].append(listing)
    statement = _MATCHED_BY_POSTGRESQL if is_postgresql() else _MATCHED
    found = select_for_keys(statement, ("d",), ((digest,) for digest in by_digest))
    return [listing for (digest,) in found for listing in by_digest[digest]]


def below(prefixes: Iterable[bytes]) -> list[int]:
    """Return the digests of received links that begin with one of these prefixes of hashes (4 to 8 bytes)."""
    return [digest for (digest,) in select_for_keys(_BELOW, ("a", "z"), map(_span, prefixes))]


def messages_under(digest: int) -> Sequence[int]:
    """Return the messages (stored tracking ids) of which a link has an expression with this digest."""
    messages = array("q")
    with connection.cursor() as cursor:
        cursor.execute(_MESSAGES, [digest])
        while rows := cursor.fetchmany(10_000):
            messages.extend(message for (message,) in rows)
    return messages


def urls_under(digest: int, messages: Iterable[int]) -> set[str]:
    """Return the URLs of links that have an expression with this digest; `messages` as of `look_back`."""
    return {
        url
        for _, _, url in select_for_keys(LINKS, ("m",), ((message,) for message in messages))
        if any(digest in layer for layer in layers_of(url))
    }


def _span(prefix: bytes) -> tuple[int, int]:
    first = int.from_bytes(prefix[:8].ljust(8, b"\0"), "big", signed=True)
    last = int.from_bytes(prefix[:8].ljust(8, b"\xff"), "big", signed=True)
    return first, last
