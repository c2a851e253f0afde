"""What is kept of received links beside their hits: what spoke against them, what readers said."""

from collections.abc import Iterable

from backstamp.journal import RecordId
from backstamp.records.database.bulk import append, insert_new
from backstamp.records.database.instants import stored, within
from backstamp.records.database.texts import clean
from backstamp.records.database.tracking_ids import to_database
from backstamp.vocabulary import Direction, Queued, ReaderReport

_FINDING = ("message_id", "number", "threat", "reason", "source", "detail", "found_at")
_READER_REPORT = (
    *("at", "kind", "tracking_id", "recipient_index", "link_number", "domain_id", "url", "text"),
    "handled_by",
)


def insert_findings(queued: Iterable[tuple[RecordId, Queued]]) -> None:
    """Insert what spoke against links when their mail came."""
    insert_new(
        "records_linkfinding",
        _FINDING,
        (
            (
                to_database(record.tracking_id),
                finding.number,
                finding.threat.value,
                clean(finding.reason, 48),
                clean(finding.source, 64),
                clean(finding.detail, 500),
                stored(within(record.at_us)),
            )
            for _, record in queued
            if record.direction is Direction.INBOUND
            for finding in record.findings
        ),
    )


def insert_reader_reports(reports: Iterable[tuple[RecordId, ReaderReport]]) -> None:
    """Insert what readers reported."""
    append(
        "records_readerreportrow",
        _READER_REPORT,
        (
            (
                stored(within(report.at_us)),
                report.kind.value,
                to_database(report.tracking_id),
                report.recipient_index,
                report.link_number,
                report.domain_id,
                clean(report.url),
                clean(report.text, 1000),
                "",
            )
            for _, report in reports
        ),
    )
