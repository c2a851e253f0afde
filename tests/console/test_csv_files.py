"""Every list of the console can be saved: all that fits, each row once, and no cell is a formula."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from backstamp.console import csv_files
from backstamp.records.database.tracking_ids import to_text
from backstamp.records.models import (
    Alert,
    AlertPerson,
    CapturedMail,
    Consent,
    OwnListEntry,
    ReaderReportRow,
    Suppression,
    UnmatchedReport,
)
from backstamp.records.protection import own_lists
from backstamp.tokens import Keyring
from backstamp.vocabulary import Actor, Direction, EventType, Origin
from tests.console.csv_answers import octets, rows_of
from tests.console.seed import NOON, event, message, recipient


def alert(**fields: object) -> Alert:
    wanted: dict[str, object] = {
        "rule": "known_bad_click",
        "key": f"k{Alert.objects.count()}",
        "host": "evil.example",
        "url": "https://evil.example/x",
        "domain": "example.org",
        "threat": "phishing",
        "reason": "listed_url",
        "source": "urlhaus",
        "opened_at": NOON,
        "last_at": NOON,
        "quiet_until": NOON,
        "count": 2,
        "machines": 1,
    }
    return Alert.objects.create(**(wanted | fields))


def test_sent_mail_is_saved_with_what_the_list_says_of_it(admin: Client) -> None:
    mail = message(1, subject="=cmd|calc")
    recipient(mail, 0, "grace@example.net")
    recipient(mail, 1, "bob@example.net", delivery="rejected")
    event(mail, EventType.OPENED, 60, Actor.SCANNER)
    message(2, subject="Other", opens_tracked=False)
    newer, older = rows_of(admin.get("/messages/export/"))
    assert (newer["subject"], newer["opens_tracked"]) == ("Other", "no")
    assert older["subject"] == "'=cmd|calc"
    assert (older["first_recipients"], older["recipients"]) == ("grace@example.net bob@example.net", "2")
    assert older["delivery"] == "Refused 1, Sent 1"
    assert (older["recipients_who_opened"], older["by_machines"]) == ("0", "1")
    assert (older["time"], older["message"]) == ("2026-03-09T12:01:00.000+00:00", to_text(mail.pk))
    assert [row["subject"] for row in rows_of(admin.get("/messages/export/", {"q": "OTHER"}))] == ["Other"]
    assert [row["subject"] for row in rows_of(admin.get("/messages/export/", {"show": "problem"}))] == [
        "'=cmd|calc"
    ]
    assert admin.get("/messages/export/", {"show": "whim"}).status_code == 404


def test_received_mail_is_saved_with_what_was_found(admin: Client) -> None:
    for number in (1, 2):
        fields = {"direction": Direction.INBOUND, "origin": Origin.FILTER, "protection": "protect"}
        mail = message(number, subject=f"Came {number}", unprotected="form" if number == 2 else "", **fields)
        recipient(mail, 0, "ann@example.org")
    message(3, subject="Sent")
    newer, older = rows_of(admin.get("/received/export/"))
    assert (newer["subject"], older["subject"], older["first_mailboxes"]) == (
        "Came 2",
        "Came 1",
        "ann@example.org",
    )
    assert (bool(newer["not_guarded"]), older["not_guarded"]) == (True, "")
    shown = rows_of(admin.get("/received/export/", {"show": "unprotected", "q": "came"}))
    assert [row["subject"] for row in shown] == ["Came 2"]
    assert admin.get("/received/export/", {"show": "whim"}).status_code == 404


def test_the_people_of_an_alert_are_saved_to_be_written_to(admin: Client) -> None:
    row = alert()
    for index, (address, act) in enumerate(
        (("ann@example.org", "received"), ("@bob@example.org", "blocked"))
    ):
        AlertPerson.objects.create(
            alert=row, message_id=7, recipient_index=index, address=address, act=act, at=NOON
        )
    AlertPerson.objects.create(alert=alert(), message_id=8, recipient_index=0, act="clicked", at=NOON)
    people = rows_of(admin.get(f"/alerts/{row.pk}/people/export/"))
    assert [(each["mailbox"], each["what"]) for each in people] == [
        ("'@bob@example.org", "was stopped"),
        ("ann@example.org", "received it"),
    ]
    assert f'href="/alerts/{row.pk}/people/export/"' in admin.get(f"/alerts/{row.pk}/").text
    assert admin.get("/alerts/999/people/export/").status_code == 404


def test_alerts_are_saved_as_the_list_is_narrowed(admin: Client) -> None:
    alert()
    other = alert(rule="new_host", host="other.example", threat="", reason="", source="", url="")
    rows = rows_of(admin.get("/alerts/export/"))
    assert [row["what"] for row in rows] == [
        "Many people at a new host",
        "Dangerous link followed, and stopped",
    ]
    assert (rows[1]["threat"], rows[1]["times"], rows[1]["times_by_machines"]) == ("Phishing", "2", "1")
    narrowed = rows_of(admin.get("/alerts/export/", {"host": "other.example"}))
    assert [row["alert"] for row in narrowed] == [str(other.pk)]
    assert admin.get("/alerts/export/", {"rule": "whim"}).status_code == 404


def test_suppressions_and_own_lists_are_saved_piece_by_piece(
    admin: Client, ring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_files, "AT_ONCE", 2)
    for number in range(5):
        Suppression.objects.create(
            address=f"p{number}@example.com",
            recipient_key=b"k%07d" % number,
            reason="manual",
            since=NOON - timedelta(days=number),
            evidence="=1+1",
        )
        own_lists.add(own_lists.Kind.BLOCKED, f"evil{number}.example", "", ring, by="ada", note="-x")
    rows = rows_of(admin.get("/suppressions/export/"))
    assert [row["address"][1] for row in rows] == ["4", "3", "2", "1", "0"]
    assert {(row["reason"], row["evidence"]) for row in rows} == {("manual", "'=1+1")}
    assert len(rows_of(admin.get("/suppressions/export/", {"q": "p3@"}))) == 1
    entries = rows_of(admin.get("/lists/own/export/"))
    assert [row["host_or_url"] for row in entries] == [f"evil{number}.example/" for number in (4, 3, 2, 1, 0)]
    assert {(row["what_happens"], row["why"]) for row in entries} == {("blocked", "'-x")}
    found = rows_of(admin.get("/lists/own/export/", {"q": "https://www.evil2.example/x"}))
    assert [row["host_or_url"] for row in found] == ["evil2.example/"]
    assert OwnListEntry.objects.count() == 5


def test_what_people_said_and_what_came_back_are_saved(admin: Client) -> None:
    for number in range(2):
        Consent.objects.create(
            address=f"p{number}@example.com", recipient_key=b"k" * 8, opens="granted", evidence="=1+1"
        )
    newer, older = rows_of(admin.get("/policy/consents/export/"))
    assert (newer["address"], older["address"]) == ("p1@example.com", "p0@example.com")
    assert (newer["opens"], newer["links"], newer["evidence"]) == ("granted", "", "'=1+1")
    assert len(rows_of(admin.get("/policy/consents/export/", {"q": "P0@"}))) == 1
    UnmatchedReport.objects.create(
        received_at=NOON, words="bounced complained", addresses="bob@example.net", text="+1", findings="{}"
    )
    (row,) = rows_of(admin.get("/reports/export/"))
    assert (row["what"], row["addresses"], row["text"]) == (
        "Bounced, Reported as unwanted",
        "bob@example.net",
        "'+1",
    )
    CapturedMail.objects.create(file_name="1.eml", subject="@x", forward_path="a@example.org", size=7)
    (row,) = rows_of(admin.get("/mailbox/export/"))
    assert (row["subject"], row["forward_path"], row["size"]) == ("'@x", "a@example.org", "7")


def test_readers_reports_are_saved_with_their_mail_as_the_list_is_narrowed(admin: Client) -> None:
    mail = message(1, direction=Direction.INBOUND, origin=Origin.FILTER, subject="Parcel")
    recipient(mail, 0, "ann@example.org")
    of = {"at": NOON, "tracking_id": mail.pk, "link_number": 0, "url": "https://evil.example/"}
    ReaderReportRow.objects.create(kind="phishing", recipient_index=0, text="-odd", **of)
    ReaderReportRow.objects.create(kind="mistake", handled_at=NOON, handled_by="ada", **of)
    (row,) = rows_of(admin.get("/reader-reports/export/"))
    assert (row["mailbox"], row["what"], row["text"]) == ("ann@example.org", "the mail is fraud", "'-odd")
    assert (row["subject"], row["handled"], row["message"]) == ("Parcel", "", to_text(mail.pk))
    (row,) = rows_of(admin.get("/reader-reports/export/", {"show": "handled"}))
    assert (row["mailbox"], row["by"]) == ("", "ada")
    assert admin.get("/reader-reports/export/", {"show": "whim"}).status_code == 404


@pytest.mark.parametrize("path", ["/messages/export/", "/suppressions/export/", "/alerts/export/"])
def test_a_file_is_named_and_known_to_be_utf_8(admin: Client, path: str) -> None:
    answer = admin.get(path)
    name = path.split("/")[1]
    assert re.fullmatch(
        rf'attachment; filename="{name}-\d{{4}}-\d\d-\d\d\.csv"', answer.headers["Content-Disposition"]
    )
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert octets(answer).startswith(b"\xef\xbb\xbf")
