"""The suppression list in the records."""

import io

import msgspec
import pytest

from backstamp.policy import SuppressionReason
from backstamp.policy.snapshot import decode_snapshot, encode_snapshot
from backstamp.records import suppressions
from backstamp.records.ingest import ingest
from backstamp.records.models import Suppression
from backstamp.records.snapshot import build, fingerprint
from backstamp.records.suppressions import Entry
from backstamp.vocabulary import Delivery, EventType, Report
from tests.records.journal_records import ANNA, BERT, MESSAGE, START_US, after, batch, queued
from tests.records.test_snapshot import DEFAULTS


def entry(reason: SuppressionReason = SuppressionReason.MANUAL, domain: str = "") -> Entry:
    return Entry(
        address="anna@example.com",
        recipient_key=ANNA,
        reason=reason,
        since=after(0),
        domain=domain,
        evidence="by phone",
    )


def refusal(status: str, *, stage: str = "rcpt", type_: EventType = EventType.REJECTED) -> Delivery:
    return Delivery(
        at_us=START_US + 1,
        tracking_id=MESSAGE,
        type=type_,
        recipient_index=0,
        code=550,
        enhanced_status=status,
        text="no such user",
        stage=stage,
    )


def test_the_list_reaches_the_snapshot_without_addresses_and_survives_its_file() -> None:
    before = fingerprint()
    assert suppressions.add([entry(domain="Example.ORG")]) == 1
    assert fingerprint() != before
    snapshot = build(DEFAULTS, 1)
    assert snapshot.suppressed == {"example.org": {ANNA: SuppressionReason.MANUAL}}
    data = encode_snapshot(snapshot)
    assert decode_snapshot(data) == snapshot
    assert b"anna@" not in data


def test_an_entry_that_is_there_keeps_its_reason_and_goes_at_once() -> None:
    assert suppressions.add([entry(SuppressionReason.COMPLAINT)]) == 1
    assert suppressions.add([entry(), entry(domain="example.org")]) == 1
    assert sorted(Suppression.objects.values_list("domain", "reason")) == [
        ("", "complaint"),
        ("example.org", "manual"),
    ]
    assert suppressions.remove(ANNA, "") == 1
    assert suppressions.remove(BERT) == 0
    assert suppressions.remove(ANNA) == 1
    assert build(DEFAULTS, 1).suppressed == {}


def test_an_export_is_csv_with_a_line_of_names() -> None:
    suppressions.add([msgspec.structs.replace(entry(domain="example.org"), evidence='said "no", twice')])
    out = io.StringIO()
    suppressions.export(out)
    assert out.getvalue().splitlines() == [
        "address,domain,reason,since,evidence,recipient_key",
        'anna@example.com,example.org,manual,2026-03-02T09:00:00+00:00,"said ""no"", twice",616e6e612d6b6579',
    ]


@pytest.mark.parametrize("status", ["5.1.1", "5.1.6", "5.1.10"])
def test_an_address_that_the_next_hop_does_not_know_is_suppressed_for_the_sender_s_domain(
    status: str,
) -> None:
    ingest(batch("gateway", [queued(), refusal(status)]), after(60))
    assert list(Suppression.objects.values_list("address", "domain", "reason", "evidence", "since")) == [
        (
            "anna@example.com",
            "example.org",
            "hard_bounce",
            f"550 {status} no such user",
            after(0.000001),
        )
    ]
    assert build(DEFAULTS, 1).suppressed == {"example.org": {ANNA: SuppressionReason.HARD_BOUNCE}}


@pytest.mark.parametrize(
    "said",
    [
        refusal("5.2.2"),
        refusal("5.7.1"),
        refusal("5.1.2"),
        refusal(""),
        refusal("5.1.1", stage="end_of_data"),
        refusal("5.1.1", type_=EventType.DEFERRED),
    ],
)
def test_other_refusals_suppress_nobody(said: Delivery) -> None:
    ingest(batch("gateway", [queued(), said]), after(60))
    assert Suppression.objects.count() == 0


def bounce(status: str) -> bool:
    return suppressions.opt_out_after_bounce(
        enhanced_status=status,
        address="anna@example.com",
        recipient_key=ANNA,
        domain="example.org",
        at=after(1),
        evidence="report",
    )


def complaint() -> None:
    suppressions.opt_out_after_complaint(
        address="anna@example.com", recipient_key=ANNA, domain="example.org", at=after(2), evidence="ARF"
    )


def test_a_report_that_an_address_does_not_exist_suppresses_it_once() -> None:
    assert not bounce("4.1.1")
    assert not bounce("5.2.2")
    assert suppressions.suppressed() == {}
    assert bounce("5.1.1")
    assert bounce("5.1.1")
    complaint()
    assert [row.reason for row in suppressions.listed()] == ["hard_bounce"]


def test_a_complaint_suppresses_bulk_mail_of_the_sender_s_domain() -> None:
    complaint()
    assert suppressions.suppressed() == {"example.org": {ANNA: SuppressionReason.COMPLAINT}}


def told(type_: EventType, status: str, *, sealed: bool = True, permanent: bool = True) -> Report:
    return Report(
        at_us=START_US + 5,
        tracking_id=MESSAGE,
        type=type_,
        recipient_index=0,
        sealed=sealed,
        permanent=permanent,
        enhanced_status=status,
        text="no such user",
        reporter="mx.example.com",
    )


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (told(EventType.BOUNCED, "5.1.1"), "hard_bounce"),
        (told(EventType.COMPLAINED, ""), "complaint"),
        (told(EventType.BOUNCED, "5.1.1", sealed=False), None),
        (told(EventType.COMPLAINED, "", sealed=False), None),
        (told(EventType.BOUNCED, "5.1.1", permanent=False), None),
        (told(EventType.BOUNCED, "5.2.2"), None),
        (told(EventType.DEFERRED, "5.1.1"), None),
    ],
)
def test_a_report_opts_out_only_where_our_seal_vouches_for_it(report: Report, reason: str | None) -> None:
    ingest(batch("p", [queued(), report]), after(60))
    found = list(Suppression.objects.values_list("address", "domain", "reason", "recipient_key"))
    assert [(address, domain, why, bytes(key)) for address, domain, why, key in found] == (
        [("anna@example.com", "example.org", reason, ANNA)] if reason else []
    )
