"""The suppression list in the console."""

import re
from html import unescape

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backstamp.records.database.tracking_ids import to_text
from backstamp.records.models import Suppression
from backstamp.tokens import Keyring
from tests.console.conftest import ADDRESS
from tests.console.csv_answers import rows_of
from tests.console.seed import NOON, message, recipient


def entry(number: int = 1, **changes: object) -> Suppression:
    values = {
        "address": f"reader{number}@example.com",
        "recipient_key": number.to_bytes(8, "big"),
        "reason": "unsubscribed",
        "domain": "example.org",
        "evidence": "one <click>",
        "since": timezone.now(),
    }
    return Suppression.objects.create(**(values | changes))


def test_an_address_is_put_on_the_list_by_hand(admin: Client, ring: Keyring) -> None:
    wanted = {"address": "Bob@Example.net", "domain": "Example.ORG.", "evidence": "asked by phone"}
    shown = admin.post("/suppressions/add/", wanted, follow=True).text
    assert "bob@example.net gets no more mail of example.org." in shown
    row = Suppression.objects.get()
    assert (row.address, row.domain, row.reason) == ("bob@example.net", "example.org", "manual")
    assert bytes(row.recipient_key) == ring.recipient_key("bob@example.net")
    assert row.evidence == f"asked by phone (by {ADDRESS})"
    assert "is on the list already" in admin.post("/suppressions/add/", wanted, follow=True).text
    assert Suppression.objects.count() == 1


def test_what_is_no_address_or_domain_is_refused_and_said(admin: Client) -> None:
    for wrong in ({"address": "bob"}, {"address": "bob@example.net", "domain": "no domain"}):
        answer = admin.post("/suppressions/add/", wrong)
        assert answer.status_code == 422
        assert 'class="wrong-line"' in answer.text
    assert not Suppression.objects.exists()


def test_the_list_shows_reason_domain_and_evidence_and_escapes_them(admin: Client) -> None:
    entry()
    entry(2, domain="", reason="hard_bounce", address="")
    shown = admin.get("/suppressions/").text
    for words in ("reader1@example.com", "unsubscribed", "example.org", "one &lt;click&gt;"):
        assert words in shown
    for words in ("every domain", "does not exist", "an address no longer on record"):
        assert words in shown


def test_a_search_finds_some_and_pages_keep_it(admin: Client) -> None:
    for number in range(1, 53):
        entry(number, since=NOON)
    entry(99, address="other@example.net")
    assert "other@example.net" not in admin.get("/suppressions/", {"q": "READER"}).text
    first = admin.get("/suppressions/?q=reader").text
    older = first.partition('href="/suppressions/?q=reader&amp;before=')[2].partition('"')[0]
    shown = admin.get(f"/suppressions/?q=reader&before={older}").text
    assert re.findall(r'entry-name">(reader\d+)@', shown) == ["reader2", "reader1"]
    assert 'href="/suppressions/?q=reader">Newest<' in shown
    assert admin.get("/suppressions/?before=2").status_code == 404
    assert "Nobody fits." in admin.get("/suppressions/", {"q": "nobody\0"}).text


def test_an_entry_is_taken_off_and_others_stay(admin: Client) -> None:
    gone, kept = entry(), entry(domain="other.example")
    shown = admin.post(f"/suppressions/{gone.pk}/remove/", follow=True).text
    assert "reader1@example.com may get mail of example.org again." in shown
    assert [row.pk for row in Suppression.objects.all()] == [kept.pk]
    assert admin.post(f"/suppressions/{gone.pk}/remove/").status_code == 404


def test_an_entry_that_is_taken_off_uncovers_no_other_one(admin: Client) -> None:
    bounced = entry(reason="hard_bounce")
    left = entry(reason="unsubscribed")
    shown = admin.post(f"/suppressions/{bounced.pk}/remove/", follow=True).text
    assert "reader1@example.com is still on the list for mail of example.org: unsubscribed." in shown
    assert [row.pk for row in Suppression.objects.all()] == [left.pk]


def test_a_suppressed_recipient_is_allowed_again_from_the_page_of_a_message(admin: Client) -> None:
    letter = message(1)
    recipient(letter, address="reader1@example.com", recipient_key=(1).to_bytes(8, "big"))
    recipient(letter, 1, address="reader2@example.com", recipient_key=(2).to_bytes(8, "big"))
    row = entry()
    entry(2, domain="other.example")
    shown = admin.get(f"/messages/{to_text(letter.pk)}/").text
    here = f"/messages/{to_text(letter.pk)}/"
    assert shown.count(">Allow again<") == 1
    assert 'aria-label="Allow again reader1@example.com, example.org"' in shown
    (form,) = re.findall(rf'action="(/suppressions/{row.pk}/remove/[^"]*)"', shown)
    answer = admin.post(form, follow=True)
    assert answer.redirect_chain == [(here, 302)]
    assert "reader1@example.com may get mail of example.org again." in answer.text
    assert "Allow again" not in admin.get(here).text


def test_who_takes_entries_off_stays_where_they_are_in_the_list(admin: Client) -> None:
    for number in range(60):
        entry(number)
    older = admin.get("/suppressions/?q=reader").text.partition("before=")[2].partition('"')[0]
    shown = admin.get(f"/suppressions/?q=reader&before={older}").text
    (form, *_) = re.findall(r'action="(/suppressions/[0-9]+/remove/[^"]*)"', shown)
    answer = admin.post(unescape(form))
    assert answer.headers["Location"] == f"/suppressions/?q=reader&before={older}"
    assert admin.post(f"/suppressions/{Suppression.objects.all()[0].pk}/remove/?message=x").status_code == 404
    assert Suppression.objects.count() == 59


def test_a_whole_address_is_found_by_its_pseudonym_in_whatever_spelling(admin: Client, ring: Keyring) -> None:
    def found(words: str) -> list[str]:
        return re.findall(r'entry-name">([^<]*)<', admin.get("/suppressions/", {"q": words}).text)

    entry(1, address="ann@bücher.example", recipient_key=ring.recipient_key("ann@bücher.example"))
    entry(2, address="joann@bücher.example", recipient_key=ring.recipient_key("joann@bücher.example"))
    entry(3, address="", recipient_key=ring.recipient_key("erased@example.org"))
    assert found("Ann@xn--bcher-kva.example") == found("ann@BÜCHER.example") == ["ann@bücher.example"]
    assert found("erased@example.org") == ["an address no longer on record"]
    assert found("bob@example.org") == []
    # Parts of addresses, and what only might be a whole one.
    assert sorted(found("ann@b")) == sorted(found("@bücher.example")) == sorted(found("ann")) != []
    assert len(rows_of(admin.get("/suppressions/export/", {"q": "ann@bücher.example"}))) == 1


def test_to_find_a_person_no_list_is_looked_through(admin: Client) -> None:
    with CaptureQueriesContext(connection) as asked:
        admin.get("/suppressions/", {"q": "ann@example.org"})
        admin.get("/policy/", {"q": "ann@example.org"})
        admin.get("/alerts/", {"host": "evil.example"})
    ordered = ('"since" DESC', '"recorded_at" DESC', '"last_at" DESC')
    listed = [query["sql"] for query in asked if any(order in query["sql"] for order in ordered)]
    with connection.cursor() as cursor:
        plans = []
        for statement in listed:
            cursor.execute("EXPLAIN QUERY PLAN " + statement)
            plans.append(cursor.fetchone()[3])
    assert plans == [
        "SEARCH records_suppression USING INDEX suppression_by_key (recipient_key=?)",
        "SEARCH records_consent USING INDEX consent_by_key (recipient_key=?)",
        "SEARCH records_alert USING INDEX alert_by_host (host=?)",
    ]


def test_who_took_off_the_last_entry_of_a_page_sees_the_newest_and_not_an_empty_list(admin: Client) -> None:
    rows = [entry(number) for number in range(51)]
    older = admin.get("/suppressions/").text.partition("before=")[2].partition('"')[0]
    shown = admin.post(f"/suppressions/{rows[0].pk}/remove/?before={older}", follow=True).text
    assert "reader50@example.com" in shown
    assert "Nobody is on the list." not in shown


def test_the_newest_entries_are_found_without_sorting_the_list(admin: Client) -> None:
    entry()
    with CaptureQueriesContext(connection) as asked:
        admin.get("/suppressions/")
    (listed,) = (query["sql"] for query in asked if '"since" DESC' in query["sql"])
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + listed)
        assert [row[3] for row in cursor.fetchall()] == [
            "SCAN records_suppression USING INDEX suppression_by_age"
        ]
