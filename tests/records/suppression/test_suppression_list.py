"""The suppression list in the records."""

import random
from pathlib import Path

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backstamp.policy import Keys, SuppressionReason, decode_suppressed, encode_suppressed, suppression
from backstamp.records.ingest.batches import ingest
from backstamp.records.models import Suppression
from backstamp.records.snapshot import part_changes, suppressed_keys
from backstamp.records.suppression import suppression_list
from backstamp.records.suppression.suppression_list import Entry
from backstamp.vocabulary import Delivery, EventType, Report
from tests.records.journal_records import ANNA, BERT, MESSAGE, START_US, after, batch, queued


def entry(reason: SuppressionReason = SuppressionReason.MANUAL, domain: str = "") -> Entry:
    return Entry(
        address="anna@example.com",
        recipient_key=ANNA,
        reason=reason,
        since=after(0),
        domain=domain,
        evidence="by phone",
    )


def refusal(
    status: str,
    text: str = "no such user",
    *,
    stage: str = "rcpt",
    type_: EventType = EventType.REJECTED,
    code: int = 550,
) -> Delivery:
    return Delivery(
        at_us=START_US + 1,
        tracking_id=MESSAGE,
        type=type_,
        recipient_index=0,
        code=code,
        enhanced_status=status,
        text=text,
        stage=stage,
    )


def test_what_is_new_is_counted_by_its_keys_and_not_by_the_length_of_the_list() -> None:
    suppression_list.add([msgspec.structs.replace(entry(), recipient_key=BERT)])
    with CaptureQueriesContext(connection) as asked:
        assert suppression_list.add([entry(), entry(), entry(domain="example.org")]) == 2
    assert suppression_list.add([entry(), entry(domain="example.net")]) == 1
    counts = [query["sql"] for query in asked if "COUNT(" in query["sql"]]
    assert ["recipient_key" in count for count in counts] == [True, True]


def test_the_list_reaches_the_snapshot_without_addresses_and_survives_its_file(tmp_path: Path) -> None:
    before = part_changes.of_suppressions()
    assert suppression_list.add([entry(domain="Example.ORG")]) == 1
    assert part_changes.of_suppressions() != before
    published = suppressed_keys.suppressed(tmp_path)
    assert published == {"example.org": {SuppressionReason.MANUAL: Keys.of({ANNA})}}
    data = b"".join(encode_suppressed(published))
    assert decode_suppressed(memoryview(data)) == published
    assert b"anna@" not in data


@pytest.mark.parametrize("piece", [1, 7, 40, 100_000])
def test_a_list_that_is_gathered_in_pieces_is_the_same_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(suppressed_keys, "_PIECE", piece)
    dice = random.Random(7)
    said: dict[str, dict[SuppressionReason, set[bytes]]] = {}
    rows = []
    for number in range(200):
        domain = dice.choice(
            ["", "a.example", "xn--bcher-kva.example", "bücher.example", f"{number}.example"]
        )
        key = dice.choice([bytes(8), b"\xff" * 8, ANNA, dice.randbytes(8), dice.randbytes(8)])
        reason = dice.choice(list(SuppressionReason))
        scope = "xn--bcher-kva.example" if domain == "bücher.example" else domain
        said.setdefault(scope, {}).setdefault(reason, set()).add(key)
        rows.append(Suppression(domain=domain, address="", recipient_key=key, reason=reason, since=after(0)))
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)
    published = suppressed_keys.suppressed(tmp_path)
    assert published == {
        scope: {reason: Keys.of(keys) for reason, keys in reasons.items()} for scope, reasons in said.items()
    }
    assert all(list(keys) == sorted(keys) for reasons in published.values() for keys in reasons.values())
    assert decode_suppressed(memoryview(b"".join(encode_suppressed(published)))) == published
    assert list(tmp_path.glob("tmp*")) == []


def test_a_domain_in_unicode_and_in_ascii_is_one(tmp_path: Path) -> None:
    unicode_, ascii_ = "Bücher.example", "xn--bcher-kva.example"
    assert suppression_list.add([entry(domain=unicode_), entry(domain=ascii_)]) == 1
    for domain in (unicode_, ascii_):
        reason = suppression(
            suppressed_keys.suppressed(tmp_path), domain=domain, recipient_key=ANNA, is_bulk=False
        )
        assert reason is SuppressionReason.MANUAL
        assert ANNA in suppression_list.of_recipients([ANNA], domain)
    assert suppression_list.remove(ANNA, unicode_) == 1


def test_an_entry_that_is_there_stays_and_every_reason_is_one_of_its_own(tmp_path: Path) -> None:
    assert suppression_list.add([entry(SuppressionReason.COMPLAINT)]) == 1
    later = msgspec.structs.replace(entry(SuppressionReason.COMPLAINT), since=after(9), evidence="again")
    assert suppression_list.add([later, entry(), entry(domain="example.org")]) == 2
    assert sorted(Suppression.objects.values_list("domain", "reason", "since", "evidence")) == [
        ("", "complaint", after(0), "by phone"),
        ("", "manual", after(0), "by phone"),
        ("example.org", "manual", after(0), "by phone"),
    ]
    assert suppression_list.remove(ANNA, "", reason=SuppressionReason.MANUAL) == 1
    assert suppressed_keys.suppressed(tmp_path)[""] == {SuppressionReason.COMPLAINT: Keys.of({ANNA})}
    assert suppression_list.remove(ANNA, "") == 1
    assert suppression_list.remove(BERT) == 0
    assert suppression_list.remove(ANNA) == 1
    assert suppressed_keys.suppressed(tmp_path) == {}


def test_an_export_is_csv_with_a_line_of_names() -> None:
    suppression_list.add([msgspec.structs.replace(entry(domain="example.org"), evidence='said "no", twice')])
    assert "".join(suppression_list.exported()).splitlines() == [
        "address,domain,reason,since,evidence,recipient_key",
        'anna@example.com,example.org,manual,2026-03-02T09:00:00+00:00,"said ""no"", twice",616e6e612d6b6579',
    ]


@pytest.mark.parametrize("status", ["5.1.1", "5.1.6", "5.1.10"])
def test_an_address_that_the_next_hop_does_not_know_is_suppressed_for_the_sender_s_domain(
    status: str, tmp_path: Path
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
    assert suppressed_keys.suppressed(tmp_path) == {
        "example.org": {SuppressionReason.HARD_BOUNCE: Keys.of({ANNA})}
    }


@pytest.mark.parametrize(
    "said",
    [
        refusal("", "No such user here"),
        refusal("5.0.0", "User unknown"),
        refusal("", "Recipient address rejected: User unknown in virtual mailbox table"),
    ],
)
def test_words_of_the_next_hop_that_say_the_same_without_such_a_status_count_as_well(
    said: Delivery, tmp_path: Path
) -> None:
    ingest(batch("gateway", [queued(), said]), after(60))
    assert suppressed_keys.suppressed(tmp_path) == {
        "example.org": {SuppressionReason.HARD_BOUNCE: Keys.of({ANNA})}
    }


@pytest.mark.parametrize(
    "said",
    [
        refusal("5.2.2", "mailbox is full"),
        refusal("5.2.1", "mailbox disabled, not accepting messages"),
        refusal("5.7.1", "blocked by policy"),
        refusal("5.1.2", "unknown host"),
        refusal("5.7.1", "Recipient address rejected: mails like this are not wanted"),
        refusal("", "Recipient address rejected: Nobody reads here on Sundays"),
        refusal("5.7.1", "that IP address is unknown here"),
        refusal("5.1.1", "sender address rejected: user unknown"),
        refusal("5.1.1", "mailbox is full"),
        refusal("", "denied"),
        refusal("", "no such user here", code=450),
        refusal("5.1.1", stage="end_of_data"),
        refusal("5.1.1", type_=EventType.DEFERRED),
    ],
)
def test_other_refusals_suppress_nobody(said: Delivery) -> None:
    ingest(batch("gateway", [queued(), said]), after(60))
    assert Suppression.objects.count() == 0


def told(
    type_: EventType, status: str, *, sealed: bool = True, permanent: bool = True, cause: str = ""
) -> Report:
    return Report(
        at_us=START_US + 5,
        tracking_id=MESSAGE,
        type=type_,
        recipient_index=0,
        sealed=sealed,
        permanent=permanent,
        cause=cause,
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
        (told(EventType.BOUNCED, "5.2.2", permanent=False, cause="mailbox_full"), None),
        (told(EventType.BOUNCED, "", cause="user_unknown"), "hard_bounce"),
        (told(EventType.BOUNCED, "5.0.0", cause="moved"), "hard_bounce"),
        (told(EventType.BOUNCED, "", cause="user_unknown", sealed=False), None),
        (told(EventType.BOUNCED, "4.1.1", cause="user_unknown", permanent=False), None),
        (told(EventType.BOUNCED, "5.2.1", cause="disabled", permanent=False), None),
        (told(EventType.BOUNCED, "5.1.2", cause="host_unknown"), None),
        (told(EventType.BOUNCED, "5.1.1", cause="policy", permanent=False), None),
        (told(EventType.BOUNCED, "", cause="unknown"), None),
        (told(EventType.DEFERRED, "5.1.1"), None),
    ],
)
def test_a_report_opts_out_only_where_our_seal_vouches_for_it(report: Report, reason: str | None) -> None:
    ingest(batch("p", [queued(), report]), after(60))
    found = list(Suppression.objects.values_list("address", "domain", "reason", "recipient_key"))
    assert [(address, domain, why, bytes(key)) for address, domain, why, key in found] == (
        [("anna@example.com", "example.org", reason, ANNA)] if reason else []
    )


@pytest.mark.parametrize(
    ("final", "suppressed"),
    [
        ("", True),
        ("anna@example.com", True),
        ("Anna@EXAMPLE.com", True),
        ("anna@mx1.example.com", True),
        ("anna@inside.mail.example.com", True),
        ("bert@example.com", False),
        ("anna.smith@inside.example.com", False),
        ("anna@example.net", False),
        ("anna@mail.example", False),
        ("anna+bert@example.com", True),
        ("anna", False),
    ],
)
def test_a_dead_address_to_which_another_passes_its_mail_suppresses_nobody(
    final: str, suppressed: bool
) -> None:
    said = msgspec.structs.replace(told(EventType.BOUNCED, "5.1.1"), final_recipient=final)
    ingest(batch("p", [queued(), said]), after(60))
    assert Suppression.objects.exists() is suppressed
    Suppression.objects.all().delete()
    other = msgspec.structs.replace(said, tracking_id=MESSAGE + 1)
    ingest(batch("q", [other]), after(61))
    ingest(batch("r", [queued(message=MESSAGE + 1)]), after(62))
    assert Suppression.objects.exists() is suppressed, "and where the report was quicker than the message"


def test_who_complains_behind_an_address_that_passes_mail_on_complains_for_it() -> None:
    said = msgspec.structs.replace(told(EventType.COMPLAINED, ""), final_recipient="eve@example.net")
    ingest(batch("p", [queued(), said]), after(60))
    assert [row.reason for row in suppression_list.listed()] == ["complaint"]


@pytest.mark.parametrize(
    "said", [refusal("5.1.1"), told(EventType.BOUNCED, "5.1.1"), told(EventType.COMPLAINED, "")]
)
def test_what_is_told_before_the_message_is_known_counts_when_it_is(
    said: Delivery | Report, tmp_path: Path
) -> None:
    ingest(batch("p", [said]), after(60))
    assert suppressed_keys.suppressed(tmp_path) == {}
    ingest(batch("q", [queued()]), after(61))
    early = list(Suppression.objects.values("domain", "address", "reason", "since", "evidence"))
    Suppression.objects.all().delete()
    ingest(batch("r", [said]), after(62))
    assert list(Suppression.objects.values("domain", "address", "reason", "since", "evidence")) == early
    assert len(early) == 1


def test_of_two_bounces_the_earlier_is_the_evidence_and_a_complaint_stands_beside_it() -> None:
    later = msgspec.structs.replace(told(EventType.BOUNCED, "5.1.1"), at_us=START_US + 9, text="gone")
    ingest(batch("p", [queued(), later, told(EventType.BOUNCED, "5.1.1")]), after(60))
    ingest(batch("q", [told(EventType.COMPLAINED, ""), later]), after(61))
    assert [(row.reason, row.since) for row in suppression_list.listed()] == [
        ("complaint", after(0.000005)),
        ("hard_bounce", after(0.000005)),
    ]
