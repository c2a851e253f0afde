"""What is said of messages and their copies: by gateway and next hops, in reports, and by recipients."""

from collections.abc import Collection

import msgspec

from backstamp.journal import RecordId
from backstamp.records.database.tracking_ids import to_database
from backstamp.records.events import message_rows
from backstamp.records.events.fresh import Fresh
from backstamp.records.events.guarded_links import insert_findings, insert_reader_reports
from backstamp.records.events.message_rows import reply_of
from backstamp.records.events.stored_hits import Pair, waiting_for
from backstamp.records.ingest.new_messages import insert_new_messages
from backstamp.records.looking_back.link_expressions import insert_expressions
from backstamp.records.memory.today import Memory
from backstamp.records.models import DeliveryState
from backstamp.records.privacy import erased_copies
from backstamp.records.privacy.wishes import name_those_who_wished, take_wishes
from backstamp.records.reports.repeated import take_away, told_best
from backstamp.records.reports.signs import take_back, take_signs
from backstamp.records.rollups import standing
from backstamp.records.rollups.rollup import Rollup
from backstamp.records.rollups.standing import OF_DELIVERY, Said, said_by
from backstamp.records.suppression.by_mail_systems import opt_out, opt_out_early
from backstamp.vocabulary import Delivery, Queued, ReaderReport, Report, Wish


class Heard(msgspec.Struct):
    """What hits are seen in the light of.

    `early` tells of whom something came before a message or recipient that is new: message, and index (None
    for hits). `changed_clocks` are recipients whose copy left at another time than was known, or came back.
    Of `told` a sign of a person came. `reports` is how many were taken, each once.
    """

    early: set[tuple[int, int | None]]
    changed_clocks: set[Pair]
    told: set[Pair]
    reports: int


def take_said(fresh: Fresh, erased: Collection[Pair], memory: Memory, rollup: Rollup) -> Heard:
    """Put in and count all that is no hit; nothing is told of `erased` copies."""
    queued: list[tuple[RecordId, Queued]] = fresh[Queued]
    deliveries: list[tuple[RecordId, Delivery]] = fresh[Delivery]
    reports, replaced = told_best(fresh[Report])
    bounces = [(id_, report) for id_, report in reports if report.type in OF_DELIVERY]
    signs = [(id_, report) for id_, report in reports if report.type not in OF_DELIVERY]
    reader_reports: list[tuple[RecordId, ReaderReport]] = fresh[ReaderReport]
    wishes: list[tuple[RecordId, Wish]] = fresh[Wish]
    insert_findings(queued)
    insert_reader_reports(reader_reports)
    take_away(replaced, memory, rollup)
    new_messages, new_pairs = insert_new_messages(queued, memory, rollup)
    insert_expressions((record for _, record in queued), new_messages)
    early = waiting_for(new_messages | {message for message, _ in new_pairs})
    # Of most new recipients nothing came yet. To read that, recipient by recipient, took 3 % of a hit's time.
    not_silent = {message for message, _ in early}
    memory.know_silent(pair for pair in new_pairs if pair[0] not in not_silent)
    waiting = new_pairs & early
    changed_clocks = _take_deliveries([*deliveries, *bounces], waiting, memory, rollup)
    opt_out([record for _, record in deliveries])
    opt_out([record for _, record in reports])
    opt_out_early(waiting)
    name_those_who_wished(record for _, record in queued)
    granted = take_wishes(wishes)
    signs += [(id_, report) for id_, report in granted.told if erased_copies.pair_of(report) not in erased]
    take_back(granted.untold, new_pairs, memory, rollup)
    told = take_signs(signs, waiting, memory, rollup)
    return Heard(early, changed_clocks, told, len(reports))


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
