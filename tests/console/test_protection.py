"""The pages on which the protection of received mail is set."""

import re
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from urllib.parse import urljoin

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.utils import timezone

from backstamp.console.config import ConsoleConfig, ThreatListState
from backstamp.console.forms.protection import ProtectionForm
from backstamp.console.wording.threats import REASONS, THREATS
from backstamp.policy import ProtectionMode
from backstamp.records.models import (
    Consent,
    ExpressionKill,
    OwnListEntry,
    ProtectedDomain,
    ProtectionException,
    ReaderReportRow,
    SenderDomain,
    Suppression,
)
from backstamp.records.protection import kills, own_lists
from backstamp.records.protection.decided import decided_of
from backstamp.records.protection.domain_settings import set_protection
from backstamp.threats import ThreatReason
from backstamp.tokens import Keyring
from backstamp.vocabulary import ThreatType
from tests.console.conftest import ADDRESS, HOST
from tests.console.seed import NOON
from tests.pictures import png

PNG = png(160, 48)
ATTACK = "<script>alert(1)</script>"
LATE = "9999999999999999.1"


def wanted(**changes: object) -> dict[str, object]:
    """Return what the form sends for a domain as it is by default, and what is changed."""
    row = set_protection("example.org", ADDRESS)
    form = ProtectionForm(row=row)
    values = {name: form[name].value() for name in form.fields}
    sent = {name: value for name, value in values.items() if value not in (None, False)}
    return sent | changes


def test_a_domain_is_off_until_it_is_added_and_the_overview_shows_its_mode(admin: Client) -> None:
    assert "No domain's mail is protected" in admin.get("/protection/").text
    shown = admin.post("/protection/add/", {"domain": "Example.ORG", "mode": "observe"}, follow=True).text
    assert '<span class="mark good">observe</span>' in shown
    row = ProtectedDomain.objects.get()
    assert (row.domain.name, row.mode, row.changed_by) == ("example.org", "observe", ADDRESS)
    assert "/protection/example.org/" in admin.get("/protection/").text


def test_a_mode_without_a_way_in_for_mail_is_not_shown_as_if_it_guarded(
    admin: Client, config: ConsoleConfig
) -> None:
    set_protection("example.org", ADDRESS, mode=ProtectionMode.PROTECT)
    set_protection("example.net", ADDRESS, mode=ProtectionMode.OFF)
    pages = ("/protection/", "/protection/example.org/", "/protection/example.net/")
    for takes_mail, told in ((True, [False, False, False]), (False, [True, True, False])):
        with override_settings(BACKSTAMP=replace(config, takes_received_mail=takes_mail)):
            assert ["No way in for received mail" in admin.get(page).text for page in pages] == told


def test_nonsense_is_refused_and_said(admin: Client) -> None:
    answer = admin.post("/protection/add/", {"domain": "co.uk", "mode": "protect"})
    assert answer.status_code == 422
    assert "co.uk is a public suffix" in answer.text
    assert admin.get("/protection/nobody.example/").status_code == 404
    assert not ProtectedDomain.objects.exists()


def test_all_that_a_policy_holds_is_set_in_one_form(admin: Client) -> None:
    sent = wanted(
        mode="protect",
        on_unprotected="refuse",
        on_known_bad="subject",
        unresolved="warn",
        click_addresses="truncated",
        may_override="on",
        action_phishing="warn",
        page_organisation="The <Company>",
        page_text="Ask us & wait.",
        page_contact="help@example.org",
        logo=SimpleUploadedFile("logo.png", PNG, "image/png"),
    )
    shown = admin.post("/protection/example.org/change/", sent, follow=True)
    row = ProtectedDomain.objects.get()
    assert (row.mode, row.on_unprotected, row.on_known_bad) == ("protect", "refuse", "subject")
    assert (row.unresolved, row.click_addresses, row.may_override) == ("warn", "truncated", True)
    assert row.actions == {"phishing": "warn"}
    assert row.page_logo == f"data:image/png;base64,{b64encode(PNG).decode()}"
    assert "The &lt;Company&gt;" in shown.text
    assert f'src="{row.page_logo}"' in shown.text
    assert "img-src 'self' data:" in shown.headers["Content-Security-Policy"]
    admin.post("/protection/example.org/change/", wanted(no_logo="on"))
    row.refresh_from_db()
    assert (row.page_logo, row.page_organisation) == ("", "The <Company>")


@pytest.mark.parametrize("data", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", PNG + b"0" * 65_536])
def test_a_logo_that_is_none_changes_nothing(admin: Client, data: bytes) -> None:
    sent = wanted(mode="protect", logo=SimpleUploadedFile("logo.png", data, "image/png"))
    answer = admin.post("/protection/example.org/change/", sent)
    assert answer.status_code == 422
    assert "Nothing was saved" in answer.text
    assert ProtectedDomain.objects.get().mode == "off"


@pytest.mark.parametrize("action", ["block", "warn"])
def test_pages_are_seen_before_readers_see_them(admin: Client, action: str) -> None:
    set_protection("example.org", "", page_organisation="The <Company>", page_text="Ask us.")
    for language in ("en", "de", "ko"):
        shown = admin.get(f"/protection/example.org/preview/{action}/", {"language": language})
        assert f'<html lang="{language}">' in shown.text
        assert "The &lt;Company&gt;" in shown.text
        assert "Ask us." in shown.text
        assert shown.headers["Content-Security-Policy"].endswith("; sandbox")
    assert admin.get("/protection/example.org/preview/allow/").status_code == 404
    assert admin.get(f"/protection/example.org/preview/{action}/", {"language": "xx"}).status_code == 404


def test_a_mailbox_opts_out_under_its_key(admin: Client, ring: Keyring) -> None:
    set_protection("example.org", "")
    address = "/protection/example.org/exceptions/add/"
    assert (
        "It is left alone."
        in admin.post(address, {"kind": "mailbox", "value": "Ann@example.org"}, follow=True).text
    )
    row = ProtectionException.objects.get()
    assert (row.value, row.by) == ("ann@example.org", ADDRESS)
    assert bytes(row.recipient_key) == ring.recipient_key("ann@example.org")
    answer = admin.post(address, {"kind": "mailbox", "value": "ann@example.net"})
    assert (answer.status_code, "is no mailbox of example.org" in answer.text) == (422, True)
    admin.post(f"/protection/example.org/exceptions/{row.pk}/remove/")
    assert not ProtectionException.objects.exists()


def test_own_lists_are_kept_and_hostile_notes_are_escaped(admin: Client) -> None:
    sent = {"kind": "blocked", "what": "https://Evil.example/", "whose": "", "note": ATTACK}
    shown = admin.post("/lists/own/add/", sent, follow=True).text
    row = OwnListEntry.objects.get()
    assert (row.kind, row.expression, row.by) == ("blocked", "evil.example/", ADDRESS)
    assert "&lt;script&gt;" in shown
    assert ATTACK not in shown
    answer = admin.post("/lists/own/add/", sent | {"what": "com"})
    assert (answer.status_code, "com names no host in full" in answer.text) == (422, True)
    assert "evil.example/" not in admin.get("/lists/", {"q": "other"}).text
    assert ">\na.example/x</textarea>" in admin.get("/lists/", {"what": "https://a.example/x"}).text
    admin.post(f"/lists/own/{row.pk}/remove/")
    assert not OwnListEntry.objects.exists()


def test_a_long_list_is_pasted_at_once(admin: Client, ring: Keyring) -> None:
    own_lists.add(own_lists.Kind.ALLOWED, "bad7.example", "", ring, by="")
    own_lists.add(own_lists.Kind.BLOCKED, "bad8.example", "", ring, by="")
    lines = "\r\n".join([*(f" bad{n}.example" for n in range(1100)), "", "https://bad0.example"])
    shown = admin.post("/lists/own/add/", {"kind": "blocked", "what": lines, "note": "feed"}, follow=True)
    assert (
        "1,101 hosts and URLs are blocked for everybody, within seconds; 1,099 of them are new." in shown.text
    )
    rows = OwnListEntry.objects.all()
    assert (rows.count(), rows.filter(kind="blocked").count()) == (1100, 1100)
    shown = admin.post("/lists/own/add/", {"kind": "blocked", "what": lines}, follow=True)
    assert "1,101 hosts and URLs were blocked for everybody already." in shown.text


def test_of_a_list_with_mistakes_nothing_is_taken_and_the_lines_are_named(admin: Client) -> None:
    lines = ["good.example", "co.uk", "<script>", *(["com"] * 5)]
    answer = admin.post("/lists/own/add/", {"kind": "blocked", "what": "\n".join(lines)})
    assert answer.status_code == 422
    for words in (
        "Line 2: co.uk is a public suffix",
        "Line 3: &lt;script&gt;",
        "… and 2 more lines that are wrong.",
    ):
        assert words in answer.text
    assert not OwnListEntry.objects.exists()


def test_of_the_longest_host_lists_show_the_end_which_says_whose_it_is(admin: Client) -> None:
    host = ".".join(("a" * 63, "b" * 63, "c" * 63, "d" * 48, "evil.example"))
    assert len(host) == 253
    admin.post("/lists/own/add/", {"kind": "blocked", "what": host, "whose": "", "note": ""})
    admin.post("/lists/off/add/", {"what": host})
    shown = admin.get("/lists/").text
    assert shown.count(f">{host}/<") == 2
    assert f"Remove {host}/, everybody" in shown
    assert f"Switch on again {host}/" in shown


def test_a_host_is_switched_off_in_all_mail_and_on_again(admin: Client) -> None:
    shown = admin.post("/lists/off/add/", {"what": "Evil.example"}, follow=True).text
    row = ExpressionKill.objects.get()
    assert (row.expression, row.killed_by) == ("evil.example/", ADDRESS)
    assert "evil.example/ is switched off in all mail" in shown
    answer = admin.post("/lists/off/add/", {"what": "co.uk"})
    assert (answer.status_code, "is a public suffix" in answer.text) == (422, True)
    admin.post(f"/lists/off/{row.pk}/remove/")
    assert not ExpressionKill.objects.exists()


def test_an_address_fills_the_form_of_own_lists_with_one_line_and_hides_none_below_it(admin: Client) -> None:
    shown = admin.get("/lists/?kind=allowed&what=good.example%0D%0A%0A%0Aevil.example").text
    assert "good.example/</textarea>" in shown
    assert "evil.example" not in shown


@pytest.mark.parametrize(
    ("given", "filled"),
    [
        (f"https://bank.example%20{'a' * 300}@evil.example/x", "evil.example/x"),
        ("https://a.example/\\*", "https://a.example/\\*"),
        ("no host at all", "no host at all"),
    ],
)
def test_a_link_fills_the_forms_with_its_host_first_where_lists_name_it_so(
    admin: Client, given: str, filled: str
) -> None:
    shown = admin.get("/lists/", {"what": given, "off_what": given}).text
    assert f">\n{filled}</textarea>" in shown
    assert f'value="{filled}"' in shown


def test_what_is_switched_off_in_all_mail_is_shown_page_by_page(admin: Client) -> None:
    ExpressionKill.objects.bulk_create(
        ExpressionKill(expression=f"off{n:03}.example/", digest=n.to_bytes(8)) for n in range(60)
    )
    ExpressionKill.objects.update(killed_at=NOON)
    first = admin.get("/lists/?q=x").text
    assert ("off010.example" in first, "off009.example" in first) == (True, False)
    (older,) = re.findall(r'href="/lists/(\?q=x&amp;off=[0-9.]+)#off-title"', first)
    shown = admin.get(f"/lists/{unescape(older)}").text
    assert re.findall(r"off(\d+)\.example/</span>", shown) == [f"{n:03}" for n in range(9, -1, -1)]
    assert 'href="/lists/?q=x#off-title">Newest<' in shown
    assert admin.get("/lists/?off=2").status_code == 404


def reader_report(**fields: object) -> ReaderReportRow:
    domain = set_protection("example.org", "").domain
    wanted: dict[str, object] = {
        "at": timezone.now(),
        "kind": "mistake",
        "tracking_id": 1,
        "link_number": 0,
        "domain_id": domain.pk,
        "url": "https://shop.example/x",
        "text": ATTACK,
    }
    return ReaderReportRow.objects.create(**(wanted | fields))


def test_a_mistake_is_allowed_for_the_domain_and_fraud_blocked_for_everybody(admin: Client) -> None:
    mistake = reader_report()
    fraud = reader_report(kind="phishing", url="https://evil.example/y")
    other = reader_report(kind="override")
    shown = admin.get("/reader-reports/").text
    assert "&lt;script&gt;" in shown
    assert ATTACK not in shown
    for words in ("this is a mistake", "the mail is fraud", "went on, with this reason", "shop.example</b>"):
        assert words in shown
    for row, decision in ((mistake, "allow"), (fraud, "block"), (other, "dismiss")):
        admin.post(f"/reader-reports/{row.pk}/", {"decision": decision})
        row.refresh_from_db()
        assert (row.handled_by, row.handled_at is not None) == (ADDRESS, True)
    entries = OwnListEntry.objects.order_by("expression").values_list("expression", "kind", "scope", "by")
    assert list(entries) == [
        ("evil.example/", "blocked", "", ADDRESS),
        ("shop.example/", "allowed", "example.org", ADDRESS),
    ]
    assert admin.post(f"/reader-reports/{other.pk}/", {"decision": "whim"}).status_code == 404


def offered(admin: Client) -> list[str]:
    return re.findall(r'name="decision" value="(\w+)"', admin.get("/reader-reports/").text)


@pytest.mark.parametrize(
    ("decided", "buttons", "said"),
    [
        ([], ["allow", "block", "dismiss"], ""),
        ([("blocked", "")], ["allow", "dismiss"], "Blocked since"),
        ([("allowed", "example.org")], ["block", "dismiss"], "Allowed since"),
        ([("blocked", ""), ("allowed", "example.org")], ["block", "dismiss"], "for example.org"),
        ([("blocked", "example.net")], ["allow", "block", "dismiss"], ""),
        (None, ["dismiss"], "Switched off in all mail since"),
    ],
)
def test_a_report_offers_what_makes_a_difference_and_says_what_is_decided(
    admin: Client, ring: Keyring, decided: list[tuple[str, str]] | None, buttons: list[str], said: str
) -> None:
    reader_report()
    if decided is None:
        kills.kill_expression("shop.example/", ADDRESS)
    for kind, whose in decided or []:
        own_lists.add(own_lists.Kind(kind), "shop.example", whose, ring, by=ADDRESS)
    assert offered(admin) == buttons
    assert said in admin.get("/reader-reports/").text


def test_fraud_is_blocked_where_the_domain_allowed_the_host(admin: Client, ring: Keyring) -> None:
    row = reader_report(kind="phishing")
    own_lists.add(own_lists.Kind.ALLOWED, "shop.example", "example.org", ring, by=ADDRESS)
    shown = admin.post(f"/reader-reports/{row.pk}/", {"decision": "block"}, follow=True).text
    assert "shop.example is blocked, within seconds" in shown
    decided = decided_of(row.url, "example.org")
    assert isinstance(decided, OwnListEntry)
    assert decided.kind == "blocked"


@pytest.mark.parametrize("in_the_way", ["switched off in all mail", "blocked for example.org"])
def test_a_report_is_not_said_to_be_allowed_where_something_stands_in_the_way(
    admin: Client, ring: Keyring, in_the_way: str
) -> None:
    row = reader_report()
    if in_the_way.startswith("switched"):
        kills.kill_expression("shop.example/x", ADDRESS)
    else:
        own_lists.add(own_lists.Kind.BLOCKED, "https://shop.example/x", "example.org", ring, by=ADDRESS)
    shown = admin.post(f"/reader-reports/{row.pk}/", {"decision": "allow"}, follow=True).text
    assert f"shop.example/x is {in_the_way}; change that under Lists first" in shown
    row.refresh_from_db()
    assert row.handled_at is None
    assert not OwnListEntry.objects.filter(kind="allowed").exists()


def test_a_report_whose_host_cannot_be_listed_waits_on(admin: Client) -> None:
    row = reader_report(url="https://co.uk/")
    shown = admin.post(f"/reader-reports/{row.pk}/", {"decision": "block"}, follow=True).text
    assert "is a public suffix" in shown
    row.refresh_from_db()
    assert (row.handled_at, OwnListEntry.objects.exists()) == (None, False)


def test_lists_of_others_say_how_old_they_are_and_why_they_failed(
    admin: Client, config: ConsoleConfig
) -> None:
    assert "None is on" in admin.get("/lists/").text
    states = [
        ThreatListState(
            name="urlhaus",
            entries=1234567,
            left_out=8900,
            failures=2,
            why="no <answer>",
            stale=True,
            had_at=datetime(2026, 1, 1, tzinfo=UTC),
        ),
        ThreatListState(name="gone", failures=1, why="no connection", stale=True),
        ThreatListState(name="surbl", asked=True),
        ThreatListState(
            name="dbl",
            asked=True,
            unasked="it <lists> everything",
            unasked_until=datetime(2026, 1, 2, tzinfo=UTC),
        ),
        ThreatListState(name="slow", being_read=True, stale=True, next_at=datetime(2026, 1, 3, tzinfo=UTC)),
    ]
    object.__setattr__(config, "threat_lists", lambda: states)
    shown = admin.get("/lists/").text
    assert shown.count("too old") == 1, "what was never had has no age"
    assert shown.count('<span class="mark bad">never had') == 1
    assert shown.count("for the first time") == 1
    for words in ("1,234,567 entries", "8,900 left out", "failed 2 times", "never had", "no &lt;answer&gt;"):
        assert words in shown
    assert "asked when mail comes" in shown
    assert shown.count("not used") == 1
    assert "it &lt;lists&gt; everything · not asked before" in shown
    assert 'datetime="2026-01-02' in shown
    assert shown.count("being refreshed") == 1
    assert "next look" not in shown, "before a look has ended nobody knows"


def test_every_change_needs_a_token_of_the_page(admin: Client) -> None:
    set_protection("example.org", "")
    careful = Client(HTTP_HOST=HOST, enforce_csrf_checks=True)
    careful.cookies = admin.cookies
    for address in (
        *("/protection/add/", "/protection/example.org/change/", "/lists/own/add/"),
        "/protection/example.org/exceptions/add/",
    ):
        assert careful.post(address, {}).status_code == 403
        assert admin.get(address).status_code == 405


def test_every_threat_and_reason_has_words() -> None:
    assert set(THREATS) == set(ThreatType)
    assert set(ThreatReason) <= set(REASONS)


def test_the_navigation_shows_the_wing_of_the_page(admin: Client) -> None:
    shown = admin.get("/protection/").text
    assert re.findall(r'aria-current="(\w+)">(?:<svg.*?</svg>)?([\w ]+)<', shown) == [
        ("true", "Received mail"),
        ("page", "Protection"),
    ]
    assert ">Suppressions<" not in shown
    assert ">Suppressions<" in admin.get("/").text


@pytest.mark.parametrize(
    ("path", "room"),
    [
        ("/protection/add/", "Protection"),
        ("/protection/example.org/change/", "Protection"),
        ("/protection/example.org/exceptions/add/", "Protection"),
        ("/lists/own/add/", "Lists"),
        ("/lists/off/add/", "Lists"),
        ("/alerts/settings/channels/add/", "Alerts"),
        ("/suppressions/add/", "Suppressions"),
        ("/policy/domain/", "Policy"),
        ("/policy/sender/", "Policy"),
        ("/policy/consent/", "Policy"),
    ],
)
def test_a_form_that_is_wrong_is_shown_again_in_its_room(admin: Client, path: str, room: str) -> None:
    set_protection("example.org", ADDRESS)
    answer = admin.post(path, {})
    assert answer.status_code == 422
    here = re.findall(r'aria-current="page">(?:<svg.*?</svg>)?([^<]+)</a>', answer.text, re.DOTALL)
    assert here == [room]


@pytest.mark.parametrize(
    "path",
    [
        "/protection/add/",
        "/protection/example.org/exceptions/add/",
        "/lists/own/add/",
        "/suppressions/add/",
        "/policy/consent/",
    ],
)
def test_where_a_form_is_shown_again_pages_and_searches_lead_on(admin: Client, path: str) -> None:
    """They would else lead to the form's own address, which shows nothing."""
    own = set_protection("example.org", ADDRESS).domain
    domains = SenderDomain.objects.bulk_create(
        SenderDomain(name=f"d{number}.example") for number in range(51)
    )
    ProtectedDomain.objects.bulk_create(ProtectedDomain(domain=each) for each in domains)
    for number in range(51):
        key = number.to_bytes(8, "big")
        who = f"p{number}@example.org"
        ProtectionException.objects.create(domain=own, kind="mailbox", value=who)
        OwnListEntry.objects.create(kind="blocked", expression=f"e{number}.example/", digest=key)
        Suppression.objects.create(address=who, recipient_key=key, reason="manual", since=NOON)
        Consent.objects.create(address=who, recipient_key=key)
    page = admin.post(path, {}).text
    search = r'<form class="search"[^>]*? action="([^"]*)"'
    further = r'class="button" href="([^"]*(?:page|before)=[^"]*)"'
    ways = re.findall(f"{search}|{further}", page)
    assert len(ways) >= 2
    assert page.count('class="search"') == sum(bool(searched) for searched, _ in ways)
    for way in ways:
        assert admin.get(urljoin(path, unescape("".join(way)))).status_code == 200


def test_domains_and_what_is_left_alone_are_shown_page_by_page_and_found(admin: Client) -> None:
    own = set_protection("a.example", ADDRESS).domain
    for number in range(51):
        set_protection(f"d{number:02}.example", ADDRESS)
        ProtectionException.objects.create(domain=own, kind="mailbox", value=f"p{number:02}@a.example")

    def names(path: str) -> list[str]:
        return re.findall(r'class="entry-name"[^>]*>([^<]*)<', admin.get(path).text)

    assert len(names("/protection/")) == len(names("/protection/a.example/")) == 50
    assert names("/protection/?page=2") == ["d49.example", "d50.example"]
    assert names("/protection/?q=D07") == ["d07.example"]
    assert names("/protection/a.example/?page=2") == ["p50@a.example"]
    assert names("/protection/a.example/?q=P07") == ["p07@a.example"]
    assert "51 exceptions" in admin.get("/protection/").text
    found = admin.get("/protection/a.example/?q=P5&page=1").text
    (remove,) = re.findall(r'action="([^"]*/remove/[^"]*)"', found)
    back = "/protection/a.example/?q=P5&page=1#exceptions-title"
    assert admin.post(unescape(remove)).headers["Location"] == back


def test_who_works_through_a_list_stays_where_they_are_in_it(admin: Client, ring: Keyring) -> None:
    report = reader_report()
    own_lists.add(own_lists.Kind.BLOCKED, "evil.example", "", ring, by=ADDRESS)
    kills.kill_expression("off.example/", ADDRESS)
    for page, form, back in (
        ("/reader-reports/?show=waiting", f"/reader-reports/{report.pk}/", "/reader-reports/?show=waiting"),
        ("/lists/?q=evil", "/lists/own/", "/lists/?q=evil#own-title"),
        (f"/lists/?off={LATE}", "/lists/off/", f"/lists/?off={LATE}#off-title"),
    ):
        found = re.findall(rf'action="({form}[^"]*\?[^"]*)"', admin.get(page).text)
        assert admin.post(unescape(found[0]), {"decision": "dismiss"}).headers["Location"] == back
