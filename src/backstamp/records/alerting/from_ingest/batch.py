"""What of a batch of the journal may be worth an alert: clicks, reports of readers, mail that arrived."""

from collections.abc import Iterable
from datetime import datetime

from backstamp.journal import RecordId
from backstamp.records.alerting.from_ingest import arrivals, clicks, reader_reports
from backstamp.records.alerting.occurrences import Occurrence
from backstamp.records.events.hit_rows import Judged
from backstamp.records.memory.today import Memory
from backstamp.vocabulary import Direction, Queued, ReaderReport


def occurrences(
    *,
    queued: Iterable[tuple[RecordId, Queued]],
    reports: Iterable[tuple[RecordId, ReaderReport]],
    new: Iterable[Judged],
    revised: Iterable[Judged],
    memory: Memory,
    now: datetime,
) -> list[Occurrence]:
    """Return what of a batch may be worth an alert; whether it is, its rule says.

    `revised` are hits that were judged otherwise before; the cards of all hits' messages are in the memory.
    """
    arrived = [record for _, record in queued if record.direction is Direction.INBOUND]
    return [
        *(each for record in arrived for each in arrivals.of_mail(record)),
        *reader_reports.reported([report for _, report in reports]),
        *clicks.clicked(new, revised, memory, now),
    ]
