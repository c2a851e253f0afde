"""Rows of hits in PostgreSQL's binary format of COPY, in which neither side spells numbers and times.

Each field is its length, 4 octets, and what the receive function of its type reads (PostgreSQL's
documentation: COPY, "Binary Format"). What few hits differ in is put together once.
"""

import struct
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from django.db import DataError

from backstamp.records.database.instants import MINUTE_US
from backstamp.records.events.judgements import Judgement
from backstamp.records.events.stored_hits import StoredHit, named_of
from backstamp.vocabulary import HitKind

COLUMNS: Final = (
    *("id", "at", "position", "message_id", "recipient_index", "link_number", "named", "source"),
    *("actor", "counts", "score", "certainty", "reasons", "final"),
    *("producer", "type", "network", "headers_id", "client", "method", "address", "detail"),
)

_EPOCH_US: Final = 946_684_800_000_000
"""PostgreSQL counts microseconds from the year 2000."""
_NULL: Final = b"\xff\xff\xff\xff"
_JSONB: Final = b"\x01"
"""Version of the text that follows."""
_PIXEL: Final = HitKind.PIXEL
_numbers: Final = struct.Struct(">hiqiqiqiq").pack


def of_hits(hits: Iterable[tuple[StoredHit, Judgement]], settled_us: int) -> Iterator[bytes]:
    """Yield rows with the `COLUMNS` of hits by GET without an address, against whose links nothing spoke.

    Those from before `settled_us` are final. Raises `DataError` where a number is larger than its column.
    """
    minute, minute_key = -1, b""
    for hit, found in hits:
        # In the loop, as in `hit_rows`, for the same reason.
        seen, headers = hit.hit, hit.headers
        at_us, producer, position = hit.place
        if at_us // MINUTE_US != minute:
            minute = at_us // MINUTE_US
            minute_key = minute.to_bytes(4, "big")
        named = seen.recipient_key if seen.kind is _PIXEL else named_of(seen)
        source = minute_key + seen.source
        try:
            yield b"".join(
                (
                    _numbers(len(COLUMNS), 8, hit.pk, 8, at_us - _EPOCH_US, 8, position, 8, hit.message),
                    _integer(hit.recipient),
                    _integer(seen.link_number),
                    len(named).to_bytes(4, "big"),
                    named,
                    len(source).to_bytes(4, "big"),
                    source,
                    _judgement(found, at_us <= settled_us),
                    _shared(producer, hit.type, seen.network, headers.id, headers.client),
                )
            )
        except struct.error as error:
            raise DataError(f"a number of a hit is out of range: {error}") from error


@lru_cache(maxsize=1 << 12)
def _integer(value: int | None) -> bytes:
    return _NULL if value is None else struct.pack(">ii", 4, value)


@lru_cache(maxsize=1 << 14)
def _judgement(found: Judgement, final: bool) -> bytes:
    return b"".join(
        (
            _text(found.actor),
            _field(b"\x01" if found.counts else b"\x00"),
            _field(struct.pack(">d", found.score)),
            _text(found.certainty),
            _field(_JSONB + found.reasons.encode()),
            _field(b"\x01" if final else b"\x00"),
        )
    )


@lru_cache(maxsize=1 << 14)
def _shared(producer: str, type_: str, network: str, headers: int, client: str) -> bytes:
    return b"".join(
        (
            *(_text(producer), _text(type_), _text(network)),
            *(_field(struct.pack(">q", headers)), _text(client)),
            *(_text("GET"), _NULL, _field(_JSONB + b"{}")),
        )
    )


def _text(value: str) -> bytes:
    return _field(value.encode())


def _field(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value
