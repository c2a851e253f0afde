"""Rows of events made from hits, and their later revisions."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from backstamp.records.database.bulk import append, append_binary, update
from backstamp.records.database.instants import MINUTE_US, stored, written, zone
from backstamp.records.database.vendor import is_postgresql
from backstamp.records.events import binary_rows
from backstamp.records.events.judgements import Judgement
from backstamp.records.events.stored_hits import FETCHES, StoredHit, named_of
from backstamp.vocabulary import Actor, Hit, HitKind

_COLUMNS: Final = (
    *("id", "producer", "position", "message_id", "recipient_index", "type", "at", "link_number"),
    *("network", "headers_id", "named", "source", "client"),
    *("actor", "counts", "score", "certainty", "reasons", "final"),
)
_USUAL: Final = {"method": "GET", "address": None, "detail": "{}"}
"""What further columns hold in the rows of most hits."""
_REVISED: Final = (
    "recipient_index",
    "actor",
    "counts",
    "score",
    "certainty",
    "reasons",
    "final",
    "revised_at",
)
_KEYS: Final = ("id", "at")
_PIXEL: Final = HitKind.PIXEL
_ACTORS: Final = {actor: actor.value for actor in Actor}
_TYPES: Final = {type_: type_.value for type_ in FETCHES}

Judged = tuple[StoredHit, Judgement]


def insert_hits(hits: Iterable[Judged], settled_us: int) -> None:
    """Insert hits that have their numbers, with verdicts; those from before `settled_us` are final."""
    usual: list[Judged] = []
    others: list[Judged] = []
    for judged in hits:
        seen = judged[0].hit
        of_its_kind = seen.method == "GET" and seen.address is None and seen.threat is None
        (usual if of_its_kind else others).append(judged)
    # Rows are made as they are written: a batch of them at once takes megabytes, and has left the processor's
    # cache when the database looks at it.
    if is_postgresql():
        append_binary("records_event", binary_rows.COLUMNS, binary_rows.of_hits(usual, settled_us))
    else:
        append("records_event", _COLUMNS, _rows(usual, settled_us), _USUAL)
    rest = zip(_rows(others, settled_us), others, strict=True)
    append("records_event", (*_COLUMNS, *_USUAL), ((*row, *_unusual(hit.hit)) for row, (hit, _) in rest))


def _unusual(seen: Hit) -> tuple[str, str | None, str]:
    """Return the values of `_USUAL`'s columns; the detail says what spoke against the link."""
    detail = "{}"
    if seen.threat is not None:
        against = {"threat": seen.threat, "reason": seen.threat_reason, "source": seen.threat_source}
        detail = msgspec.json.encode(against).decode()
    return seen.method, seen.address, detail


def _rows(hits: Iterable[Judged], settled_us: int) -> Iterator[tuple[Any, ...]]:
    behind = zone()
    minute, minute_key = -1, b""
    for hit, found in hits:
        # In the loop, for half a million calls a minute are half a second.
        seen, headers = hit.hit, hit.headers
        at_us, producer, position = hit.place
        if at_us // MINUTE_US != minute:
            minute = at_us // MINUTE_US
            minute_key = minute.to_bytes(4, "big")
        # int for bool and bytearray for bytes: SQLite's module takes them without asking for an adapter.
        yield (
            hit.pk,
            producer,
            position,
            hit.message,
            hit.recipient,
            _TYPES[hit.type],
            written(at_us, behind),
            seen.link_number,
            seen.network,
            headers.id,
            bytearray(seen.recipient_key if seen.kind is _PIXEL else named_of(seen)),
            bytearray(minute_key + seen.source),
            headers.client,
            _ACTORS[found.actor],
            1 if found.counts else 0,
            found.score,
            found.certainty,
            found.reasons,
            1 if at_us <= settled_us else 0,
        )


def update_hits(hits: Iterable[Judged], settled_us: int, now_us: int) -> None:
    """Write new verdicts of stored hits."""
    at = stored(now_us)
    update(
        "records_event",
        _REVISED,
        _KEYS,
        (
            (
                *(hit.recipient, _ACTORS[found.actor], found.counts, found.score, found.certainty),
                *(found.reasons, hit.at_us <= settled_us, at, hit.pk, stored(hit.at_us)),
            )
            for hit, found in hits
        ),
    )
