"""From the journal to the records: one transaction for each batch.

The rows made from a batch and the cursors that say how far the journal is read are committed together,
so that after any crash the same records come again or not at all, and nothing is counted twice. The
order in which producers' records meet does not matter: a hit may come before its message, a delivery
after its hits.
"""

from collections.abc import Collection
from datetime import datetime

import msgspec

from backstamp.journal import Batch
from backstamp.records.alerting import raise_alerts
from backstamp.records.alerting.corrections import people_no_more, tell_corrected
from backstamp.records.alerting.from_ingest.batch import occurrences
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.events.fresh import Fresh
from backstamp.records.events.stored_hits import Pair
from backstamp.records.ingest.hits import Seen, judge_hits, write_hits
from backstamp.records.ingest.journal_cursors import advance, not_ingested
from backstamp.records.ingest.said import Heard, take_said
from backstamp.records.looking_back.looking_again import led_on_after_all, look_again
from backstamp.records.memory.today import Memory
from backstamp.records.privacy import erased_copies
from backstamp.records.rollups.changes import next_version
from backstamp.records.rollups.rollup import Rollup
from backstamp.vocabulary import ConsentMode, Delivery, Hit, Queued, ReaderReport, Wish


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
        known.trim()  # 4 % of a batch's time, in which the file is free again
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
    rollup = Rollup(memory)
    # Before the hits: who just withdrew is not recorded any more.
    heard = take_said(fresh, erased, memory, rollup)
    seen = judge_hits(fresh[Hit], heard, again, consent_mode, memory)
    _take_hits(seen, heard, fresh, now, memory, rollup)
    version = None
    if rollup.messages:
        version = next_version()
        rollup.write(version)
    advance(batch.cursors)
    return Ingested(
        messages=len(fresh[Queued]),
        deliveries=len(fresh[Delivery]),
        reports=heard.reports,
        wishes=len(fresh[Wish]),
        hits=len(fresh[Hit]),
        dropped=seen.dropped + of_erased,
        replayed=len(batch.records) - new_records,
        unmatched=len(seen.unmatched),
        revised=len(seen.revised),
        version=version,
        verdict_seconds=seen.verdict_seconds,
    )


def _take_hits(seen: Seen, heard: Heard, fresh: Fresh, now: datetime, memory: Memory, rollup: Rollup) -> None:
    """Write hits, and tell of what they mean for somebody who has to hear of it."""
    # Before the hits are written: they hold their old judgements until then.
    happened = occurrences(
        queued=fresh[Queued],
        reports=fresh[ReaderReport],
        new=seen.new,
        revised=seen.revised,
        memory=memory,
        now=now,
    )
    no_people, led_on = people_no_more(seen.revised), led_on_after_all(seen.revised, memory)
    write_hits(seen, heard.told, now, rollup)
    raise_alerts(happened, now)
    if no_people:
        tell_corrected(no_people, now)
    if led_on:
        look_again(led_on, now)
