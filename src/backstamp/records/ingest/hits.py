"""Hits of a batch: whose they are, what the verdict says of them and of those beside them, their rows."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from time import thread_time
from typing import Final

import msgspec

from backstamp.journal import RecordId
from backstamp.records.database.bulk import execute_many, new_ids
from backstamp.records.database.instants import LATEST_US, microseconds, stored, within
from backstamp.records.database.texts import clean
from backstamp.records.database.tracking_ids import to_database
from backstamp.records.events import hit_rows, message_rows
from backstamp.records.events.header_sets import Headers
from backstamp.records.events.hit_rows import Judged
from backstamp.records.events.stored_hits import (
    HEADERS,
    UNJUDGED,
    Pair,
    StoredHit,
    from_row,
    stored_hit,
    unresolved,
)
from backstamp.records.ingest.judging import ByPair, apply, by_pair, judgements, neighbours, verdicts
from backstamp.records.ingest.recipients import ByName, by_name, know, resolve
from backstamp.records.ingest.said import Heard
from backstamp.records.ingest.withdrawal import unwilling
from backstamp.records.memory.today import Memory
from backstamp.records.models import LONGEST_METHOD
from backstamp.records.rollups.rollup import Rollup
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import ConsentMode, Hit

SETTLE_TIME: Final = timedelta(minutes=15)
"""A verdict is provisional for so long: scanners that look again do so 30 s to 5 min after the person,
and retries are over by then (research: Trend Micro, Litmus on Yahoo)."""

_ALL: Final = -1
"""Before the time of every hit."""
_DELETE: Final = "DELETE FROM records_event WHERE id = %s AND at = %s"


class Seen(msgspec.Struct):
    """What came of a batch's hits, of which nothing is written yet.

    `new` and `revised` are judged; the latter are older, and hold the judgement that they had. `pairs` are
    the recipients of the new ones. `unmatched` hits wait for their message; of those who do not consent
    `dropped` were left out. `verdict_seconds` is what contexts and verdicts took of this processor.
    """

    new: list[Judged]
    revised: list[Judged]
    pairs: Collection[Pair]
    unmatched: list[StoredHit]
    dropped: int
    verdict_seconds: float


def judge_hits(
    hits: Collection[tuple[RecordId, Hit]],
    heard: Heard,
    again: Collection[Pair],
    consent_mode: ConsentMode,
    memory: Memory,
) -> Seen:
    """Judge hits, those that waited for what is new, and the older ones that all this lets see otherwise.

    `again` are recipients whose hits are to be judged anew in any case.
    """
    arrived = _arrived(hits, memory)
    named = by_name([*_waiting(heard.early, memory), *arrived])
    known = memory.cards(named)
    know({message: named[message] for message in known}, memory)
    dropped = _take_out_unwilling(named, memory, consent_mode)
    unknown = [named.pop(message) for message in named.keys() - known]
    unmatched = [hit for names in unknown for theirs in names.values() for hit in theirs]
    new = resolve(named, memory)
    _insert_nobodies(new, memory)
    cards = memory.cards(message for message, _ in again)
    anew = heard.changed_clocks | {pair for pair in again if pair[0] in cards}
    older = by_pair(_prepare(new, anew, memory))
    memory.note_added(new, arrived[-1].at_us if arrived else None)
    memory.names.load({hit.hit.address for theirs in (*new.values(), *older.values()) for hit in theirs})
    began = thread_time()
    found, found_again = verdicts(new, memory), verdicts(older, memory)
    verdict_seconds = thread_time() - began
    judged = judgements(found, memory)
    revised = list(filter(_differs, judgements(found_again, memory)))
    return Seen(judged, revised, new.keys(), unmatched, dropped, verdict_seconds)


def write_hits(seen: Seen, told: Collection[Pair], now: datetime, rollup: Rollup) -> None:
    """Write hits with their judgements, which they hold then, and count what their recipients did.

    Recipients that were `told` of otherwise are counted too. `now` says which judgements are final.
    """
    new, revised, unmatched = seen.new, seen.revised, seen.unmatched
    rollup.fetches((*new, *revised))
    was_waiting = [each for each in new if each[0].pk is not None]
    inserted = [each for each in new if each[0].pk is None] if was_waiting else [*new]
    if unmatched:
        inserted += [(hit, UNJUDGED) for hit in unmatched]
        # What lies together in the index by message is put in together: it took 1 of 7 us off a row's INSERT.
        # New hits of known messages are in that order already (`recipients.resolve`).
        inserted.sort(key=_message)
    for (hit, _), pk in zip(inserted, new_ids("records_event", len(inserted)), strict=True):
        hit.pk = pk
    settled_us = microseconds(now - SETTLE_TIME)
    hit_rows.insert_hits(inserted, settled_us)
    hit_rows.update_hits([*was_waiting, *revised], settled_us, microseconds(now))
    apply((*new, *revised))
    rollup.hits(dict.fromkeys([*seen.pairs, *by_pair(hit for hit, _ in revised), *told]))


def _arrived(hits: Collection[tuple[RecordId, Hit]], memory: Memory) -> list[StoredHit]:
    all_headers = memory.headers.all([hit for _, hit in hits])
    found = []
    for ((producer, position), hit), headers in zip(hits, all_headers, strict=True):
        as_it_is = hit.headers is headers.fields and hit.method == "GET" and 0 <= hit.at_us <= LATEST_US
        kept = hit if as_it_is else _kept(hit, headers)
        found.append(stored_hit(producer, position, to_database(hit.tracking_id), None, kept, headers))
    return found


def _kept(hit: Hit, headers: Headers) -> Hit:
    """Return a hit as the records can keep it."""
    method = "GET" if hit.method == "GET" else clean(hit.method, LONGEST_METHOD)
    return msgspec.structs.replace(hit, at_us=within(hit.at_us), method=method, headers=headers.fields)


def _waiting(pairs: Collection[tuple[int, int | None]], memory: Memory) -> list[StoredHit]:
    """Return the hits that came before their messages, of which `waiting_for` told."""
    rows = list(unresolved({message for message, recipient in pairs if recipient is None}))
    memory.headers.load({row[HEADERS] for row in rows})
    return [from_row(row, memory.headers.of(row[HEADERS])) for row in rows]


def _take_out_unwilling(named: ByName, memory: Memory, mode: ConsentMode) -> int:
    """Take out the hits of those who do not consent, and return how many; rows they have are deleted."""
    gone = [hit for message, name in unwilling(named, memory, mode) for hit in named[message].pop(name)]
    execute_many(_DELETE, [(hit.pk, stored(hit.at_us)) for hit in gone if hit.pk is not None])
    return len(gone)


def _insert_nobodies(pairs: Iterable[Pair], memory: Memory) -> None:
    """See that the messages of hits that name nobody have a recipient for them."""
    missing = {pair for pair in pairs if pair[1] == NO_RECIPIENT and memory.recipient(pair) is None}
    if missing:
        message_rows.insert_nobodies(missing)
        memory.forget_recipients(missing)
        memory.recipients((), missing)


def _prepare(new: ByPair, changed_clocks: Collection[Pair], memory: Memory) -> list[StoredHit]:
    """Put new hits in their groups and minutes; return the older ones that must be judged again."""
    wanted = {pair: hits[0].place[0] for pair, hits in new.items()}
    groups = memory.groups(wanted | dict.fromkeys(changed_clocks, _ALL))
    memory.sources.load(new.values(), memory.headers)
    for pair, hits in new.items():
        groups[pair].add(hits)
        memory.sources.add(pair, hits)
    older = neighbours(new, memory)
    if changed_clocks:
        memory.recipients((), changed_clocks)
        clocked: list[StoredHit] = []
        for pair in changed_clocks:
            all_hits, fresh = groups[pair].hits, new.get(pair, ())
            if len(all_hits) > len(fresh):  # Of most, which were just sent, nothing came before.
                places = {hit.place for hit in fresh}
                clocked += [hit for hit in all_hits if hit.place not in places and not hit.closed]
        memory.sources.load(zip(clocked), memory.headers)
        older |= {hit.place: hit for hit in clocked}
    return list(older.values())


def _message(judged: Judged) -> int:
    return judged[0].message


def _differs(judged: Judged) -> bool:
    return judged[0].judgement != judged[1]
