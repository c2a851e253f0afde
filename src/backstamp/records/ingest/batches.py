"""From the journal to the records: one transaction for each batch.

The rows made from a batch and the cursors that say how far the journal is read are committed together,
so that after any crash the same records come again or not at all, and nothing is counted twice. The
order in which producers' records meet does not matter: a hit may come before its message, a delivery
after its hits.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from time import thread_time
from typing import Final

import msgspec

from backstamp.journal import Batch, RecordId
from backstamp.records.alerting import raise_alerts
from backstamp.records.alerting.corrections import people_no_more, tell_corrected
from backstamp.records.alerting.from_ingest import occurrences
from backstamp.records.database.bulk import execute_many, new_ids
from backstamp.records.database.instants import LATEST_US, microseconds, stored, within
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.database.texts import clean
from backstamp.records.database.tracking_ids import to_database
from backstamp.records.events import hit_rows, message_rows
from backstamp.records.events.dictionaries import Headers
from backstamp.records.events.guarded_links import insert_findings, insert_reader_reports
from backstamp.records.events.hit_rows import Judged
from backstamp.records.events.message_rows import reply_of
from backstamp.records.events.stored_hits import (
    HEADERS,
    UNJUDGED,
    Pair,
    StoredHit,
    from_row,
    stored_hit,
    unresolved,
    waiting_for,
)
from backstamp.records.ingest.journal_cursors import advance, not_ingested
from backstamp.records.ingest.judging import ByPair, apply, by_pair, judgements, neighbours, verdicts
from backstamp.records.ingest.new_messages import insert_new_messages
from backstamp.records.ingest.recipients import ByName, by_name, know, resolve
from backstamp.records.ingest.withdrawal import unwilling
from backstamp.records.looking_back.link_expressions import insert_expressions
from backstamp.records.looking_back.looking_again import led_on_after_all, look_again
from backstamp.records.memory.today import Memory
from backstamp.records.models import LONGEST_METHOD, DeliveryState
from backstamp.records.privacy import erased_copies
from backstamp.records.privacy.wishes import name_those_who_wished, take_wishes
from backstamp.records.reports.repeated import take_away, told_best
from backstamp.records.reports.signs import take_back, take_signs
from backstamp.records.rollups import standing
from backstamp.records.rollups.changes import next_version
from backstamp.records.rollups.rollup import Rollup
from backstamp.records.rollups.standing import OF_DELIVERY, Said, said_by
from backstamp.records.suppression.by_mail_systems import opt_out, opt_out_early
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import ConsentMode, Delivery, Hit, Queued, ReaderReport, Report, Wish

SETTLE_TIME: Final = timedelta(minutes=15)
"""A verdict is provisional for so long: scanners that look again do so 30 s to 5 min after the person,
and retries are over by then (research: Trend Micro, Litmus on Yahoo)."""

_ALL: Final = -1
"""Before the time of every hit."""
_DELETE: Final = "DELETE FROM records_event WHERE id = %s AND at = %s"


class Ingested(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch came to, in numbers of records.

    `dropped` are hits of recipients who do not consent and all of those who were erased, `replayed` records
    that were known already, `unmatched` hits whose message is not known yet. `revised` are older verdicts
    that these records changed. `version` is the change's number (`records.rollups.changes`), None where
    nothing changed. `verdict_seconds` is what making contexts and verdicts took of this processor.
    """

    messages: int = 0
    deliveries: int = 0
    reports: int = 0
    wishes: int = 0
    hits: int = 0
    dropped: int = 0
    replayed: int = 0
    unmatched: int = 0
    revised: int = 0
    version: int | None = None
    verdict_seconds: float = 0.0


def ingest(
    batch: Batch,
    now: datetime,
    memory: Memory | None = None,
    again: Collection[Pair] = (),
    consent_mode: ConsentMode = ConsentMode.OBJECTION,
) -> Ingested:
    """Put a batch into the records. `now` decides which verdicts are final at once.

    `consent_mode` says what the silence of recipients means, also of mail that went out when it meant more.
    `again` are recipients whose hits must be judged anew, since more is known of their addresses.
    `memory` is what earlier batches of this process left; it makes no difference but in time.
    Raises `django.db.Error`, or `OlderCopyError` where the cursors from which the batch was read are ahead of
    those in the database: to go on would leave out for ever what the journal still has between them. Nothing
    is changed then.
    """
    known = Memory() if memory is None else memory
    try:
        with one_at_a_time():
            done = _ingest(batch, now, known, again, consent_mode)
            known.trim()
    except BaseException:
        known.clear()
        raise
    known.grown(len(batch.records))
    return done


def _ingest(
    batch: Batch, now: datetime, memory: Memory, again: Collection[Pair], consent_mode: ConsentMode
) -> Ingested:
    memory.begin()
    newest_erased = erased_copies.newest()
    memory.heed_erasures(newest_erased)
    fresh = not_ingested(batch)
    new_records = sum(map(len, fresh.values()))
    erased = erased_copies.take_out(fresh) if newest_erased else frozenset()
    of_erased = new_records - sum(map(len, fresh.values()))
    queued: list[tuple[RecordId, Queued]] = fresh[Queued]
    hits: list[tuple[RecordId, Hit]] = fresh[Hit]
    deliveries: list[tuple[RecordId, Delivery]] = fresh[Delivery]
    reports, replaced = told_best(fresh[Report])
    wishes: list[tuple[RecordId, Wish]] = fresh[Wish]
    insert_findings(queued)
    reader_reports: list[tuple[RecordId, ReaderReport]] = fresh[ReaderReport]
    insert_reader_reports(reader_reports)
    bounces = [(id_, report) for id_, report in reports if report.type in OF_DELIVERY]
    rollup = Rollup(memory)
    take_away(replaced, memory, rollup)
    new_messages, new_pairs = insert_new_messages(queued, memory, rollup)
    insert_expressions((record for _, record in queued), new_messages)
    early = waiting_for(new_messages | {message for message, _ in new_pairs})
    # Of most new recipients nothing came yet. To read that, recipient by recipient, took 3 % of a hit's time.
    not_silent = {message for message, _ in early}
    memory.know_silent(pair for pair in new_pairs if pair[0] not in not_silent)
    changed_clocks = _take_deliveries([*deliveries, *bounces], new_pairs & early, memory, rollup)
    opt_out([record for _, record in deliveries])
    opt_out([record for _, record in reports])
    opt_out_early(new_pairs & early)
    name_those_who_wished(record for _, record in queued)
    signs = [(id_, report) for id_, report in reports if report.type not in OF_DELIVERY]
    # Before the hits: who just withdrew is not recorded any more.
    granted = take_wishes(wishes)
    signs += [(id_, report) for id_, report in granted.told if erased_copies.pair_of(report) not in erased]
    take_back(granted.untold, new_pairs, memory, rollup)
    told = take_signs(signs, new_pairs & early, memory, rollup)

    arrived = _arrived(hits, memory)
    named = by_name([*_waiting(early, memory), *arrived])
    known = memory.cards(named)
    know({message: named[message] for message in known}, memory)
    dropped = _take_out_unwilling(named, memory, consent_mode)
    unknown = [named.pop(message) for message in named.keys() - known]
    unmatched = [hit for names in unknown for theirs in names.values() for hit in theirs]
    grouped = resolve(named, memory)
    _insert_nobodies(grouped, memory)

    if again:
        cards = memory.cards(message for message, _ in again)
        changed_clocks |= {pair for pair in again if pair[0] in cards}
    older = by_pair(_prepare(grouped, changed_clocks, memory))
    memory.note_added(grouped, arrived[-1].at_us if arrived else None)
    memory.names.load(
        hit.hit.address
        for theirs in (*grouped.values(), *older.values())
        for hit in theirs
        if hit.hit.address is not None
    )
    began = thread_time()
    found, found_again = verdicts(grouped, memory), verdicts(older, memory)
    verdict_seconds = thread_time() - began
    new, revised = judgements(found, memory), list(filter(_differs, judgements(found_again, memory)))
    # Before the hits are written: they hold their old judgements until then.
    happened = occurrences(
        queued=queued, reports=reader_reports, new=new, revised=revised, memory=memory, now=now
    )
    no_people, led_on = people_no_more(revised), led_on_after_all(revised, memory)
    _write_hits(new, unmatched, revised, now, memory, rollup)
    raise_alerts(happened, now)
    if no_people:
        tell_corrected(no_people, now)
    if led_on:
        look_again(led_on, now)
    rollup.hits(dict.fromkeys([*grouped, *by_pair(hit for hit, _ in revised), *told]))

    version = None
    if rollup.messages:
        version = next_version()
        rollup.write(version)
    advance(batch.cursors)
    return Ingested(
        messages=len(queued),
        deliveries=len(deliveries),
        reports=len(reports),
        wishes=len(wishes),
        hits=len(hits),
        dropped=dropped + of_erased,
        replayed=len(batch.records) - new_records,
        unmatched=len(unmatched),
        revised=len(revised),
        version=version,
        verdict_seconds=verdict_seconds,
    )


def _take_deliveries(
    deliveries: Collection[tuple[RecordId, Delivery | Report]],
    waiting: set[Pair],
    memory: Memory,
    rollup: Rollup,
) -> set[Pair]:
    """Put in what was said of deliveries; return the recipients whose hits that lets see otherwise.

    Of `waiting` recipients, which are new, something was said before.
    """
    # What was said before the message was known is counted now, and what is said now just below.
    before = standing.all_said(waiting)
    for pair, theirs in before.items():
        card = memory.card(pair[0])
        assert card is not None
        for said in theirs:
            rollup.event(card, said.at_us, said.type)
    replies = [reply_of(record) for _, record in deliveries]
    message_rows.insert_deliveries(deliveries, replies)
    spoken = [
        (to_database(record.tracking_id), id_, record, reply)
        for (id_, record), reply in zip(deliveries, replies, strict=True)
    ]
    cards = memory.cards(message for message, _, _, _ in spoken)
    known = [
        ((message, record.recipient_index), id_, record, reply)
        for message, id_, record, reply in spoken
        if message in cards and record.recipient_index is not None
    ]
    memory.recipients((), {pair for pair, _, _, _ in known})
    reports: dict[Pair, list[Said]] = dict(before)
    spoken_of: set[Pair] = set()
    for pair, id_, record, reply in known:
        recipient = memory.recipient(pair)
        if recipient is None:
            continue
        rollup.event(cards[pair[0]], record.at_us, record.type)
        if recipient.delivery == DeliveryState.QUEUED:
            reports.setdefault(pair, []).append(said_by(id_, record, reply))
        else:
            spoken_of.add(pair)
    rollup.messages.update(cards)
    return rollup.deliveries(reports | standing.all_said(spoken_of))


def _arrived(hits: Collection[tuple[RecordId, Hit]], memory: Memory) -> list[StoredHit]:
    all_headers = memory.headers.all([hit for _, hit in hits])
    return [
        stored_hit(
            *id_,
            to_database(hit.tracking_id),
            None,
            hit
            if hit.headers is headers.fields and hit.method == "GET" and 0 <= hit.at_us <= LATEST_US
            else _kept(hit, headers),
            headers,
        )
        for (id_, hit), headers in zip(hits, all_headers, strict=True)
    ]


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
    memory.sources.load((hit for hits in new.values() for hit in hits), memory.headers)
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
        memory.sources.load(clocked, memory.headers)
        older |= {hit.place: hit for hit in clocked}
    return list(older.values())


def _message(judged: Judged) -> int:
    return judged[0].message


def _differs(judged: Judged) -> bool:
    return judged[0].judgement != judged[1]


def _write_hits(
    new: Collection[Judged],
    unmatched: Collection[StoredHit],
    revised: Collection[Judged],
    now: datetime,
    memory: Memory,
    rollup: Rollup,
) -> None:
    rollup.fetches((*new, *revised))
    was_waiting = [each for each in new if each[0].pk is not None]
    inserted = [each for each in new if each[0].pk is None]
    inserted += [(hit, UNJUDGED) for hit in unmatched]
    if unmatched:
        # What lies together in the index by message is put in together: it took 1 of 7 us off a row's INSERT.
        # New hits of known messages are in that order already (`recipients.resolve`).
        inserted.sort(key=_message)
    for (hit, _), pk in zip(inserted, new_ids("records_event", len(inserted)), strict=True):
        hit.pk = pk
    settled_us = microseconds(now - SETTLE_TIME)
    hit_rows.insert_hits(inserted, settled_us)
    hit_rows.update_hits([*was_waiting, *revised], settled_us, microseconds(now))
    apply((*new, *revised))
