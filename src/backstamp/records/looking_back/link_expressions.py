"""Under which expressions lists could name the links of received mail: kept to look back when they do."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from backstamp.policy import DIGEST_BYTES
from backstamp.records.database.bulk import append
from backstamp.records.database.tracking_ids import to_database
from backstamp.urls.layers import layers, within_reach
from backstamp.urls.parsing import WebUrl, web_url
from backstamp.urls.safe_browsing import full_hash, full_hashes
from backstamp.vocabulary import Direction, Queued

_COLUMNS: Final = ("message_id", "number", "digest")


def insert_expressions(queued: Iterable[Queued], new: set[int]) -> None:
    """Insert the expressions of the links of received mail whose messages (stored tracking ids) are new.

    A tenth of a millisecond for a link. What links of one message share is there once; links that are beyond
    what is looked up of a message on arrival (`urls.layers.within_reach`) have none here either.
    """
    rows = [
        row
        for record in queued
        if record.direction is Direction.INBOUND and to_database(record.tracking_id) in new
        for row in _rows(record)
    ]
    if rows:
        append("records_linkexpression", _COLUMNS, rows)


def expressions_of(url: str) -> dict[int, str]:
    """Return all expressions of a URL and of those inside it, by their digests as rows hold them."""
    return {digest: expression for layer in layers_of(url) for digest, expression in layer.items()}


def layers_of(url: str) -> Iterator[dict[int, str]]:
    """Yield the expressions of a URL, and then those of each one inside it, by their digests."""
    outer = web_url(url)
    if outer is not None:
        yield from _layers_of(outer)


def digest_of(expression: str) -> int:
    """Return the digest of one expression."""
    return stored_digest(full_hash(expression))


def stored_digest(full: bytes) -> int:
    """Return the first 8 octets of a hash as rows hold them."""
    return int.from_bytes(full[:DIGEST_BYTES], "big", signed=True)


def _rows(record: Queued) -> Iterator[tuple[int, int, int]]:
    message = to_database(record.tracking_id)
    seen: set[int] = set()
    links = [(link.number, url) for link in record.tracked_links if (url := web_url(link.url)) is not None]
    for place in within_reach([url for _, url in links]):
        number, url = links[place]
        for digest in chain.from_iterable(_layers_of(url)):
            if digest not in seen:
                seen.add(digest)
                yield message, number, digest


def _layers_of(url: WebUrl) -> Iterator[dict[int, str]]:
    for layer in layers(url):
        yield {stored_digest(whole): expression for expression, whole in full_hashes(layer.href)}
