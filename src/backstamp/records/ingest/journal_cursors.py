"""How far each producer's journal is ingested, and what of a batch was not ingested yet."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final

from backstamp.journal import Batch, RecordId
from backstamp.records.database.bulk import execute_many
from backstamp.records.events.fresh import Fresh
from backstamp.records.models import JournalCursor
from backstamp.vocabulary import JournalRecord

_ADVANCE: Final = (
    "INSERT INTO records_journalcursor (producer, position) VALUES (%s, %s) "
    "ON CONFLICT (producer) DO UPDATE SET position = excluded.position "
    "WHERE records_journalcursor.position < excluded.position"
)


class OlderCopyError(Exception):
    """The database has not what was committed to it: another server answers now, which has an older copy."""


def cursors() -> dict[str, int]:
    """Return how far every producer's journal is ingested."""
    return dict(JournalCursor.objects.values_list("producer", "position"))


def advance(to: Mapping[str, int]) -> None:
    """Note that producers' journals are ingested up to here; none goes back."""
    execute_many(_ADVANCE, to.items())


def producers_gone(gone: Collection[str], now: datetime) -> None:
    """Note that these producers' journal was deleted.

    Their cursors stay: a restored backup may bring a journal back beside a database that has read it.
    """
    JournalCursor.objects.filter(producer__in=gone).update(gone_at=now)


def forget_producers(limit: datetime) -> None:
    """Delete the cursors of producers whose journal was deleted before `limit`; no name is used again."""
    JournalCursor.objects.filter(gone_at__lt=limit).delete()


def not_ingested(batch: Batch) -> Fresh:
    """Return by type what is before no cursor of its producer, and so was not ingested yet; each once.

    Raises `OlderCopyError` where the batch was read from cursors that the database has not.
    """
    found, first = _by_type(batch.records)
    done = dict(
        JournalCursor.objects.select_for_update()
        .filter(producer__in=first.keys() | batch.began.keys())
        .values_list("producer", "position")
    )
    if any(done.get(producer, 0) < position for producer, position in batch.began.items()):
        raise OlderCopyError
    if any(position < done.get(producer, 0) for producer, position in first.items()):
        for type_, records in found.items():
            found[type_] = [each for each in records if each[0].position >= done.get(each[0].producer, 0)]
    return found


def _by_type(
    records: Iterable[tuple[RecordId, JournalRecord]],
) -> tuple[Fresh, dict[str, int]]:
    """Return records by type, each once, and the first position of every producer."""
    found: Fresh = defaultdict(list)
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    whose, before = "", -1
    for each in records:
        (producer, position), record = each
        if producer != whose:  # Most come from the producer of the one before.
            last[whose] = before
            whose, before = producer, last.get(producer, -1)
            first.setdefault(producer, position)
        if position <= before:
            # They come in the order in which they were written; whoever gives them otherwise may do so twice.
            return _by_type(sorted(dict(records).items(), key=_id))
        before = position
        found[type(record)].append(each)
    return found, first


def _id(record: tuple[RecordId, JournalRecord]) -> RecordId:
    return record[0]
