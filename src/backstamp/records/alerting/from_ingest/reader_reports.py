"""What readers reported at a page before a link."""

from collections.abc import Collection, Iterator
from typing import Final

from backstamp.records.alerting.occurrences import REPORTED, Occurrence, Person, domain_of, host_of
from backstamp.records.database.tracking_ids import to_database
from backstamp.records.events.lookups import addresses, domain_names
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import AlertRule, ReaderReport, ReaderReportKind

_REPORTS: Final = {
    ReaderReportKind.MISTAKE: AlertRule.REPORTED_MISTAKE,
    ReaderReportKind.OVERRIDE: AlertRule.CLICKED_THROUGH,
    ReaderReportKind.PHISHING: AlertRule.REPORTED_PHISHING,
}


def reported(reports: Collection[ReaderReport]) -> Iterator[Occurrence]:
    """Yield what each report comes to."""
    if not reports:
        return
    names = addresses((to_database(report.tracking_id), report.recipient_index) for report in reports)
    known = domain_names(report.domain_id for report in reports)
    for report in reports:
        message = to_database(report.tracking_id)
        index = NO_RECIPIENT if report.recipient_index is None else report.recipient_index
        address = names.get((message, index), "")
        yield Occurrence(
            rule=_REPORTS[report.kind],
            domain=domain_of(address) or known.get(report.domain_id, ""),
            host=host_of(report.url),
            at_us=report.at_us,
            url=report.url,
            message=message,
            text=report.text,
            # That they went on is a hit of its own; this says why.
            count=int(report.kind is not ReaderReportKind.OVERRIDE),
            people=(Person(message, index, address, REPORTED, report.at_us),),
        )
