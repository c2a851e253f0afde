"""The policy page."""

import re
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from django.test import Client, override_settings

from backstamp.console.config import ConsoleConfig
from backstamp.policy import Snapshot
from backstamp.records.models import Consent, SenderDomain, SenderPolicy, Switch
from backstamp.records.protection.domain_settings import set_protection
from backstamp.shared_files import publish_updates
from backstamp.tokens import Keyring
from backstamp.verdicts.published import LISTS, ListCopy, Updates
from tests.console.conftest import ADDRESS
from tests.console.seed import NOON


def test_what_is_kept_and_for_how_long_is_said_as_it_is_set(admin: Client, config: ConsoleConfig) -> None:
    shown = admin.get("/policy/").text
    for words in ("opens and clicks: 90 days", "not at all", "names nobody whom they may ask"):
        assert words in shown
    kept = replace(config, retention_days=1, keeps_addresses=True, contact="dpo@example.org")
    with override_settings(BACKSTAMP=kept):
        shown = admin.get("/policy/").text
    for words in ("opens and clicks: 1 day (", "with each of these, as long", "page: dpo@example.org"):
        assert words in shown


def test_the_switch_turns_all_tracking_off_and_on(admin: Client) -> None:
    assert "Tracking is on" in admin.get("/policy/").text
    shown = admin.post("/policy/switch/", {"tracking": "off"}, follow=True).text
    assert Switch.objects.get().tracking_off
    assert Switch.objects.get().changed_by == ADDRESS
    assert '<h2 id="switch-title">All tracking is off</h2>' in shown
    admin.post("/policy/switch/", {"tracking": "on"})
    assert not Switch.objects.get().tracking_off


def test_a_domain_gets_a_policy_and_can_be_changed(admin: Client) -> None:
    wanted = {"name": "Example.ORG.", "opens": "on", "links": "off", "tracking_url": "https://t.example.org/"}
    admin.post("/policy/domain/", wanted | {"anonymous": "on"})
    stored = SenderDomain.objects.get()
    assert (stored.name, stored.opens, stored.links) == ("example.org", True, False)
    assert (stored.tracking_url, stored.anonymous) == ("https://t.example.org", True)
    first_id = stored.pk
    admin.post("/policy/domain/", {"name": "example.org", "opens": "", "links": "on"})
    stored = SenderDomain.objects.get()
    assert (stored.pk, stored.opens, stored.links, stored.anonymous) == (first_id, None, True, False)


def test_a_domain_says_whether_its_mail_is_given_a_list_unsubscribe(admin: Client) -> None:
    for said, stored, shown in (
        ("on", True, [">List-Unsubscribe added<"]),
        ("off", False, [">List-Unsubscribe not added<"]),
        ("", None, []),
    ):
        page = admin.post("/policy/domain/", {"name": "example.org", "unsubscribe": said}, follow=True).text
        assert SenderDomain.objects.get().unsubscribe is stored
        assert re.findall(">List-Unsubscribe [a-z ]+<", page) == shown


def test_a_domain_that_is_only_protected_stands_not_among_the_sender_domains(admin: Client) -> None:
    for name in ("only.example", "both.example"):
        set_protection(name, ADDRESS)
    SenderDomain.objects.filter(name="both.example").update(links=False)
    SenderDomain.objects.create(name="sender.example")
    shown = admin.get("/policy/").text
    assert re.findall(r'href="/policy/\?domain=([^#]+)#', shown) == ["both.example", "sender.example"]


def test_a_chosen_entry_fills_the_form(admin: Client) -> None:
    SenderDomain.objects.create(name="example.org", opens=False, tracking_url="https://t.example.org")
    shown = admin.get("/policy/", {"domain": "example.org"}).text
    assert 'value="https://t.example.org"' in shown
    assert '<option value="off" selected>' in shown


def test_people_are_chosen_by_number_for_a_proxy_keeps_addresses_of_pages(admin: Client) -> None:
    sender = SenderPolicy.objects.create(address="ada@example.org", opens=False)
    consent = Consent.objects.create(address="grace@example.net", recipient_key=b"k", evidence="Form C-17")
    shown = admin.get("/policy/").text
    addresses = re.findall(r'(?:href|action)="([^"]*)"', shown)
    assert [each for each in addresses if "%40" in each or "@" in each] == []
    chosen = admin.get("/policy/", {"sender": sender.pk, "consent": consent.pk}).text
    assert 'value="ada@example.org"' in chosen
    assert 'value="grace@example.net"' in chosen
    assert admin.get("/policy/", {"sender": "ada@example.org"}).status_code == 404
    assert admin.get("/policy/", {"consent": "9" * 40}).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "not a domain"},
        {"name": "<script>"},
        {"name": "example.org", "tracking_url": "https://t.example.org/path"},
        {"name": "example.org", "tracking_url": "javascript:alert(1)"},
        {"name": "example.org", "tracking_url": "https://user@t.example.org"},
        {"name": "example.org", "tracking_url": "https://t.example.org:99999"},
        {"name": "example.org", "tracking_url": "https://t.example.org:0"},
        {"name": "example.org", "tracking_url": "https://t.example.org/?"},
        {
            "name": "example.org",
            "tracking_url": f"https://{'ü' * 20}.{'ü' * 20}.{'ö' * 20}.{'ö' * 50}.{'ö' * 50}.x",
        },
        {"name": "1.2.3.4"},
        {"name": "example.org", "opens": "perhaps"},
        {},
    ],
)
def test_a_wrong_domain_is_refused_and_said(admin: Client, wrong: dict[str, str]) -> None:
    answer = admin.post("/policy/domain/", wrong)
    assert answer.status_code == 422
    assert "wrong-line" in answer.text
    assert "<script>" not in answer.text
    assert not SenderDomain.objects.exists()


def test_a_domain_and_a_sender_in_unicode_are_those_whose_mail_is_in_ascii(admin: Client) -> None:
    wanted = {"name": "BÜCHER.example", "opens": "off", "links": "off"}
    admin.post("/policy/domain/", wanted | {"tracking_url": "https://t.bücher.example"})
    admin.post("/policy/sender/", {"address": "ada@bücher.example", "opens": "off", "links": ""})
    stored = SenderDomain.objects.get()
    assert (stored.name, stored.tracking_url) == ("xn--bcher-kva.example", "https://t.xn--bcher-kva.example")
    assert SenderPolicy.objects.get().address == "ada@xn--bcher-kva.example"


def test_a_sender_gets_a_policy_and_loses_it_again(admin: Client) -> None:
    admin.post("/policy/sender/", {"address": "Ada@Example.org", "opens": "off", "links": ""})
    stored = SenderPolicy.objects.get()
    assert (stored.address, stored.opens, stored.links) == ("ada@example.org", False, None)
    admin.post("/policy/sender/", {"address": "ada@example.org", "opens": "", "links": ""})
    assert not SenderPolicy.objects.exists()


def test_consent_is_recorded_under_the_recipients_key_with_evidence(admin: Client, ring: Keyring) -> None:
    said = {"address": "Grace@Example.net", "opens": "granted", "links": "", "evidence": "Form C-17, 3 March"}
    admin.post("/policy/consent/", said)
    stored = Consent.objects.get()
    assert stored.address == "grace@example.net"
    assert bytes(stored.recipient_key) == ring.recipient_key("grace@example.net")
    assert (stored.opens, stored.links, stored.recorded_by) == ("granted", "", ADDRESS)
    admin.post("/policy/consent/", said | {"opens": "withdrawn", "evidence": "By telephone"})
    stored = Consent.objects.get()
    assert (stored.opens, stored.evidence) == ("withdrawn", "By telephone")


def test_who_was_erased_or_is_known_by_a_pseudonym_can_consent_anew(admin: Client, ring: Keyring) -> None:
    key = ring.recipient_key("grace@example.net")
    Consent.objects.create(address=key.hex(), recipient_key=key, opens="withdrawn", links="withdrawn")
    said = {
        "address": "Grace@Example.net",
        "opens": "granted",
        "links": "granted",
        "evidence": "By telephone",
    }
    admin.post("/policy/consent/", said)
    assert [(each.address, each.opens) for each in Consent.objects.all()] == [
        ("grace@example.net", "granted")
    ]


def test_consent_without_evidence_is_refused(admin: Client) -> None:
    answer = admin.post("/policy/consent/", {"address": "grace@example.net", "opens": "granted"})
    assert answer.status_code == 422
    assert not Consent.objects.exists()


def test_the_page_says_which_mode_of_consent_holds(admin: Client) -> None:
    assert "Consent works by objection" in admin.get("/policy/").text


def test_people_are_found_by_address_and_paged(admin: Client) -> None:
    for number in range(60):
        Consent.objects.create(
            address=f"reader{number:02}@example.net",
            recipient_key=bytes(8),
            evidence="<script>alert(1)</script>",
        )
    Consent.objects.update(recorded_at=NOON)
    first = admin.get("/policy/").text
    assert ("reader10@" in first, "reader09@" in first) == (True, False)
    (older,) = re.findall(r'href="/policy/\?before=([0-9.]+)#consents-title"', first)
    rest = admin.get("/policy/", {"before": older}).text
    assert re.findall(r"reader(\d+)@", rest) == [f"{number:02}" for number in range(9, -1, -1)]
    found = admin.get("/policy/", {"q": "reader33"}).text
    assert "reader33@" in found
    assert "reader34@" not in found
    assert "<script>alert" not in first


def test_the_age_of_what_verdicts_go_by_is_shown_and_a_stale_list_is_marked(
    admin: Client, tmp_path: Path
) -> None:
    now = int(time.time())
    copies = [
        ListCopy(name=each.name, prefixes=("198.51.100.0/24",), checked_at=now - 86_400 * days, changed_at=0)
        for days, each in enumerate(LISTS, 28)
    ]
    publish_updates(tmp_path / "signatures.json", Updates(tuple(copies)))
    shown = admin.get("/policy/").text
    assert shown.count("1 network<") == len(LISTS)
    assert shown.count("older than 30 days") == len(LISTS) - 3
    assert ", 28 days ago" in shown


def test_many_domains_and_senders_are_all_found_page_by_page(admin: Client) -> None:
    SenderDomain.objects.bulk_create(SenderDomain(name=f"d{n:03}.example", opens=True) for n in range(60))
    SenderPolicy.objects.bulk_create(
        SenderPolicy(address=f"s{n:03}@example.org", opens=True) for n in range(60)
    )
    first = admin.get("/policy/").text
    assert ("d049.example" in first, "d050.example" in first) == (True, False)
    assert ("s049@" in first, "s050@" in first) == (True, False)
    assert 'href="/policy/?domains=2#domains-title"' in first
    further = admin.get("/policy/", {"domains": "2"}).text
    assert ("d050.example" in further, "s000@" in further) == (True, True)
    assert "s050@" in admin.get("/policy/", {"senders": "2"}).text


def test_who_changes_the_policy_reads_that_the_worker_does_not_run(
    admin: Client, config: ConsoleConfig, snapshot: Snapshot
) -> None:
    assert "The worker does not run" in admin.get("/policy/").text
    fresh = msgspec.structs.replace(snapshot, published_at_us=int(time.time() * 1e6))
    with override_settings(BACKSTAMP=replace(config, snapshot=lambda: fresh)):
        assert "The worker does not run" not in admin.get("/policy/").text
