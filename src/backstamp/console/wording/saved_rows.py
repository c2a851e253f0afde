"""saved_rows: the console's lists as rows of CSV files, in the words of their pages."""

from typing import Final

from backstamp.console.wording.alerts import act_words, rule_words
from backstamp.console.wording.events import ACTORS, DELIVERIES, unmatched_words
from backstamp.console.wording.reader_reports import reported_words
from backstamp.console.wording.threats import reason_words, threat_words
from backstamp.records.database.tracking_ids import to_text
from backstamp.records.models import (
    Alert,
    AlertPerson,
    CapturedMail,
    Consent,
    OwnListEntry,
    UnmatchedReport,
)
from backstamp.records.protection.reader_reports import ReaderReport
from backstamp.records.queries.received_mail import ReceivedRow
from backstamp.records.queries.summaries import MessageSummary
from backstamp.spreadsheets import Cell
from backstamp.vocabulary import Actor

MESSAGES: Final = (
    *("time", "subject", "sender", "first_recipients", "recipients", "delivery", "recipients_who_opened"),
    *("recipients_who_may_have", "recipients_who_clicked", "in_advance", "by_machines", "unclear"),
    *("opens_tracked", "links_tracked", "message_id", "message"),
)
RECEIVED: Final = (
    *("time", "subject", "sender", "first_mailboxes", "mailboxes", "mode", "found", "not_guarded"),
    *("message_id", "message"),
)
ALERTS: Final = (
    *("first", "last", "what", "times", "times_by_machines", "domain", "host", "url", "threat", "reason"),
    *("source", "alert"),
)
PEOPLE: Final = ("mailbox", "what", "time", "since_judged", "message")
CONSENTS: Final = ("address", "opens", "links", "evidence", "recorded", "by")
READER_REPORTS: Final = (*("time", "mailbox", "what", "url", "text", "subject", "handled", "by", "message"),)
UNMATCHED: Final = ("time", "what", "addresses", "reporter", "text")
CAPTURED: Final = ("time", "sender", "reverse_path", "forward_path", "subject", "size")
OWN_LISTS: Final = ("host_or_url", "what_happens", "for", "since", "by", "why")


def message_row(summary: MessageSummary) -> tuple[Cell, ...]:
    """Return a sent message."""
    message, totals, tally = summary.message, summary.totals, summary.tally
    return (
        message.queued_at,
        message.subject,
        message.sender,
        " ".join(recipient.address for recipient in summary.recipients),
        totals.number,
        ", ".join(f"{DELIVERIES[state].title} {number}" for state, number in totals.deliveries),
        totals.opened,
        max(totals.opened, totals.possible),
        totals.clicked,
        tally.prefetches,
        tally.machines,
        tally.unknowns,
        _yes(message.opens_tracked),
        _yes(message.links_tracked),
        message.message_id,
        to_text(message.pk),
    )


def received_row(row: ReceivedRow) -> tuple[Cell, ...]:
    """Return a received message."""
    message = row.message
    return (
        message.queued_at,
        message.subject,
        message.sender,
        " ".join(row.recipients),
        row.number,
        message.protection,
        ", ".join(f"{threat_words(threat).title} {links}" for threat, links in row.threats),
        ", ".join(reason_words(reason) for reason in message.unprotected.split()),
        message.message_id,
        to_text(message.pk),
    )


def alert_row(alert: Alert) -> tuple[Cell, ...]:
    """Return an alert."""
    return (
        alert.opened_at,
        alert.last_at,
        rule_words(alert.rule).title,
        alert.count,
        alert.machines,
        alert.domain,
        alert.host,
        alert.url,
        threat_words(alert.threat).title if alert.threat else "",
        reason_words(alert.reason) if alert.reason else "",
        alert.source,
        alert.pk,
    )


def person_row(person: AlertPerson, machine: str | None) -> tuple[Cell, ...]:
    """Return who is in an alert; `machine` is for what actor they have been taken since, if for a machine."""
    judged = ACTORS[Actor(machine)].title if machine else ""
    return person.address, act_words(person.act), person.at, judged, to_text(person.message_id)


def own_list_row(entry: OwnListEntry) -> tuple[Cell, ...]:
    """Return an entry of an own list."""
    return entry.expression, entry.kind, entry.scope_name, entry.since, entry.by, entry.note


def consent_row(row: Consent) -> tuple[Cell, ...]:
    """Return what a person said."""
    return row.address, row.opens, row.links, row.evidence, row.recorded_at, row.recorded_by


def reader_report_row(report: ReaderReport) -> tuple[Cell, ...]:
    """Return what a reader reported."""
    row, message = report.row, report.message
    return (
        row.at,
        report.address,
        reported_words(row.kind).title,
        row.url,
        row.text,
        message.subject if message is not None else "",
        row.handled_at,
        row.handled_by,
        to_text(row.tracking_id),
    )


def unmatched_row(row: UnmatchedReport) -> tuple[Cell, ...]:
    """Return a report without a message."""
    return (
        row.received_at,
        ", ".join(words.title for words in unmatched_words(row.words)),
        row.addresses,
        row.reporter,
        row.text,
    )


def captured_row(row: CapturedMail) -> tuple[Cell, ...]:
    """Return a mail of the test mailbox."""
    return row.received_at, row.sender, row.reverse_path, row.forward_path, row.subject, row.size


def _yes(value: bool) -> str:
    return "yes" if value else "no"
