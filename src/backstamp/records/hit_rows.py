"""Rows of events made from hits, and their later revisions."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from backstamp.records.bulk import append, update
from backstamp.records.dictionaries import Judgement
from backstamp.records.instants import MINUTE_US, stored, written, zone
from backstamp.records.stored_hits import FETCHES, StoredHit, named_of
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
    behind = zone()
    usual: list[tuple[Any, ...]] = []
    others: list[tuple[Any, ...]] = []
    for hit, found in hits:
        # In the loop, for half a million calls a minute are half a second.
        seen, headers = hit.hit, hit.headers
        at_us, producer, position = hit.place
        # int for bool and bytearray for bytes: SQLite's module takes them without asking for an adapter.
        row = (
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
            bytearray((at_us // MINUTE_US).to_bytes(4, "big") + seen.source),
            headers.client,
            _ACTORS[found.actor],
            int(found.counts),
            found.score,
            found.certainty,
            found.reasons,
            int(at_us <= settled_us),
        )
        if seen.method == "GET" and seen.address is None and seen.threat is None:
            usual.append(row)
        else:
            detail = "{}" if seen.threat is None else _threat(seen)
            others.append((*row, seen.method, seen.address, detail))
    append("records_event", _COLUMNS, usual, _USUAL)
    append("records_event", (*_COLUMNS, *_USUAL), others)


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


def _threat(hit: Hit) -> str:
    """Return what spoke against the link, as the event's detail."""
    return msgspec.json.encode(
        {"threat": hit.threat, "reason": hit.threat_reason, "source": hit.threat_source}
    ).decode()
