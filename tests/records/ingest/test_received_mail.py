"""Received mail in the records: its clicks and what was decided, apart from what was sent."""

import pytest

from backstamp.records.ingest.batches import ingest
from backstamp.records.models import (
    Consent,
    DayCount,
    Event,
    LinkFinding,
    Message,
    MessageRollup,
    ReaderReportRow,
)
from backstamp.records.privacy.retention import delete_before
from backstamp.records.rollups.rebuild import fill_in_missing, rebuild
from backstamp.vocabulary import (
    ClickAction,
    EventType,
    ReaderReport,
    ReaderReportKind,
)
from tests.records.dump import dump
from tests.records.journal_records import (
    ANNA,
    MESSAGE,
    START_US,
    after,
    batch,
    click,
    delivery,
    guarded_click,
    queued,
    received,
)


@pytest.mark.parametrize(
    ("action", "type_"),
    [
        (ClickAction.ALLOW, EventType.ALLOWED),
        (ClickAction.CHECK, EventType.WARNED),
        (ClickAction.WARN, EventType.WARNED),
        (ClickAction.BLOCK, EventType.BLOCKED),
        (ClickAction.GO_ON, EventType.CLICKED_THROUGH),
    ],
)
def test_a_click_says_what_was_decided_and_why(action: ClickAction, type_: EventType) -> None:
    ingest(batch("g", [received(), delivery(1)]), after(2))
    ingest(batch("e", [guarded_click(600, action)]), after(601))
    event = Event.objects.get(producer="e")
    assert (event.type, event.recipient_index, event.link_number) == (type_, 0, 1)
    reason = {"threat": "phishing", "reason": "listed_url", "source": "urlhaus"}
    assert event.detail == ({} if action is ClickAction.ALLOW else reason)


def test_what_was_found_on_arrival_is_kept_with_the_message() -> None:
    ingest(batch("g", [received()]), after(2))
    message = Message.objects.get()
    assert (message.direction, message.protection, message.unprotected) == (
        "inbound",
        "protect",
        "form signed",
    )
    (finding,) = LinkFinding.objects.all()
    assert (finding.number, finding.threat, finding.reason, finding.source, finding.detail) == (
        1,
        "phishing",
        "listed_url",
        "urlhaus",
        "example.net/1",
    )


def test_received_mail_is_in_no_list_of_what_was_sent_and_days_count_it_apart() -> None:
    ingest(batch("g", [received(), delivery(1), queued(message=9)]), after(2))
    ingest(batch("e", [guarded_click(600, ClickAction.BLOCK)]), after(601))
    assert list(MessageRollup.objects.values_list("message_id", flat=True)) == [9]
    measures = dict(DayCount.objects.filter(domain_id=-1).values_list("measure", "number"))
    assert measures["messages"] == 1
    assert measures["received/messages"] == 1
    assert {name for name in measures if name.startswith("received/blocked/")} != set()
    assert not any(name.startswith("blocked/") for name in measures)
    before = dump()
    assert fill_in_missing() == 0
    rebuild()
    assert dump() == before


def test_a_readers_report_is_kept_as_it_was_written() -> None:
    report = ReaderReport(
        at_us=START_US,
        kind=ReaderReportKind.MISTAKE,
        tracking_id=MESSAGE,
        link_number=1,
        url="https://example.net/1",
        recipient_index=0,
        domain_id=7,
        text="this is\0 ours",
    )
    ingest(batch("e", [report]), after(1))
    ingest(batch("e", [report]), after(1))
    (row,) = ReaderReportRow.objects.all()
    assert (row.kind, row.url, row.text, row.recipient_index, row.domain_id) == (
        "mistake",
        "https://example.net/1",
        "this is ours",
        0,
        7,
    )


def test_retention_takes_what_was_found_with_the_message() -> None:
    ingest(batch("g", [received()]), after(2))
    delete_before(after(10))
    assert not LinkFinding.objects.exists()
    assert not Message.objects.exists()


def test_who_withdrew_consent_to_being_measured_is_protected_and_logged_all_the_same() -> None:
    Consent.objects.create(
        address="anna@example.com", recipient_key=ANNA, opens="withdrawn", links="withdrawn"
    )
    ingest(batch("g", [received(), queued(message=9), delivery(1)]), after(2))
    assert ingest(batch("e", [guarded_click(600, ClickAction.BLOCK)]), after(601)).dropped == 0
    assert ingest(batch("f", [click(600, message=9)]), after(601)).dropped == 1
    assert Event.objects.filter(type="blocked").count() == 1
