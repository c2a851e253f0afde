"""Every change of what the policy's large parts are made of is seen, by whomever, and in whatever order."""

import threading
from datetime import datetime

import pytest
from django.db import connection, connections, transaction

from backstamp.records.models import Consent, PartChange, Suppression
from backstamp.records.snapshot import part_changes
from tests.records.journal_records import ANNA, BERT, after

INSERT = (
    "INSERT INTO records_consent (address, recipient_key, opens, links, evidence, recorded_by, recorded_at) "
    "VALUES (%s, %s, 'granted', '', '', '', %s)"
)


def looks() -> tuple[object, object]:
    return part_changes.of_consents(), part_changes.of_suppressions()


def test_a_change_by_any_statement_is_seen_in_its_part_alone() -> None:
    before = looks()
    changes: tuple[tuple[str, tuple[str | bytes | datetime, ...], int], ...] = (
        (INSERT, ("a@x", ANNA, after(0)), 0),
        ("UPDATE records_consent SET opens = 'withdrawn'", (), 0),
        ("UPDATE records_consent SET recipient_key = %s", (BERT,), 0),
        ("DELETE FROM records_consent", (), 0),
        (
            "INSERT INTO records_suppression (domain, address, recipient_key, reason, evidence, since) "
            "VALUES ('', '', %s, 'manual', '', %s)",
            (ANNA, after(0)),
            1,
        ),
        ("UPDATE records_suppression SET domain = 'example.org'", (), 1),
        ("DELETE FROM records_suppression", (), 1),
    )
    for statement, parameters, part in changes:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
        now = looks()
        assert (now[0] != before[0], now[1] != before[1]) == (part == 0, part == 1), statement
        before = now


def test_what_is_not_published_of_a_row_changes_nothing() -> None:
    Consent.objects.create(address="a@x", recipient_key=ANNA, opens="granted")
    Suppression.objects.create(address="a@x", recipient_key=ANNA, reason="manual", since=after(0))
    before = looks()
    for consent in Consent.objects.all():
        consent.evidence = "by phone"
        consent.save()
    for entry in Suppression.objects.all():
        entry.address = "b@x"
        entry.save()
    assert looks() == before


@pytest.mark.parametrize("vendor", ["postgresql"])
def test_a_change_that_is_committed_after_a_later_one_is_seen(vendor: str) -> None:
    assert connection.vendor == vendor
    begun, end = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            Consent.objects.create(address="slow@x", recipient_key=BERT, opens="withdrawn")
            begun.set()
            end.wait(20)
        connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    assert begun.wait(20)
    Consent.objects.create(address="quick@x", recipient_key=ANNA, opens="withdrawn")
    before = part_changes.of_consents()
    end.set()
    thread.join()
    assert part_changes.of_consents() != before


def test_what_was_seen_is_thrown_away_and_what_comes_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_changes, "MOST_KEPT", 3)
    for number in range(9):
        before = part_changes.of_consents()
        Consent.objects.create(address=f"{number}@x", recipient_key=ANNA, opens="granted")
        assert part_changes.of_consents() != before
        assert PartChange.objects.count() <= 4
