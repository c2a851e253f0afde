"""Who may see what, and what every answer carries, found by walking the URL table."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from backstamp.console.serving.middleware import CONSOLE_POLICY
from backstamp.records.database.tracking_ids import to_text
from backstamp.records.models import (
    Alert,
    CapturedMail,
    ExpressionKill,
    Message,
    OwnListEntry,
    ProtectionException,
    ReaderReportRow,
    Suppression,
    UnmatchedReport,
)
from backstamp.records.outbox import channels
from backstamp.records.protection.domain_settings import set_protection
from backstamp.vocabulary import AlertRule, ChannelKind, Origin
from tests.console import seed

OPEN_TO_ALL = {"sign-in", "account_login", "sign-out", "welcome"}
POST_ONLY = {
    "send-sample",
    "mail-delete",
    "policy-switch",
    "policy-domain",
    "policy-sender",
    "policy-consent",
    "suppression-add",
    "suppression-remove",
    "sign-out",
    "switch-links",
    "delete-report",
    "start-simulation",
    "protection-add",
    "protected-domain-change",
    "exception-add",
    "exception-remove",
    "own-list-add",
    "own-list-remove",
    "switch-off",
    "switch-on",
    "reader-report",
    "alert-delete",
    "alert-rule",
    "channel-add",
    "channel-test",
    "channel-switch",
    "channel-remove",
}
FILES = {"mail-html", "mail-raw", "page-preview"} | {
    *("clicks-export", "messages-export", "received-export", "alerts-export", "alert-people-export"),
    *("own-lists-export", "suppressions-export", "consents-export", "reader-reports-export"),
    *("reports-export", "mailbox-export"),
}
STREAMS = {"list-changes", "message-changes"}
TEMPLATES = Path(apps.get_app_config("console").path) / "templates"


def names() -> list[str]:
    found = [str(pattern.name) for pattern in get_resolver().url_patterns if isinstance(pattern, URLPattern)]
    assert len(found) > 15
    assert len(found) == len(get_resolver().url_patterns), "an included URL table would not be walked"
    return found


def address(name: str) -> str:
    pattern = next(
        each for each in get_resolver().url_patterns if isinstance(each, URLPattern) and each.name == name
    )
    samples: dict[str, Any] = {
        "key": seed.message(77).pk
        if name.startswith("message")
        else seed.message(77, origin=Origin.MANUAL).pk,
        "token": "sometoken",
        "action": "block",
    }
    if name == "delete-report":
        samples["pk"] = unmatched_report().pk
    elif name == "suppression-remove":
        samples["pk"] = suppression().pk
    elif name == "own-list-remove":
        samples["pk"] = own_entry().pk
    elif name == "switch-on":
        samples["pk"] = ExpressionKill.objects.create(expression="a.example/", digest=b"a-expres").pk
    elif name == "reader-report":
        samples["pk"] = reader_report().pk
    elif name in ("alert", "alert-delete", "alert-people-export"):
        samples["pk"] = alert().pk
    elif name.startswith("channel-"):
        samples["pk"] = channels.add("ops", ChannelKind.MAIL, "ops@example.org", "").pk
    elif name == "alert-rule":
        samples["name"] = AlertRule.NEW_HOST.value
    elif "name" in pattern.pattern.converters:
        samples["name"] = protected_domain()
        if "pk" in pattern.pattern.converters:
            samples["pk"] = ProtectionException.objects.get().pk
    elif "pk" in pattern.pattern.converters:
        samples["pk"] = captured_mail().pk
    return reverse(name, kwargs={key: samples[key] for key in pattern.pattern.converters})


def captured_mail() -> CapturedMail:
    raw = b"From: a@example.org\r\nSubject: Hello\r\nContent-Type: text/html\r\n\r\n<p>Hello"
    (settings.BACKSTAMP.capture_dir / "one.eml").write_bytes(raw)
    return CapturedMail.objects.create(file_name="one.eml", subject="Hello", size=len(raw))


def unmatched_report() -> UnmatchedReport:
    return UnmatchedReport.objects.create(received_at=timezone.now(), words="bounced", findings="{}")


def suppression() -> Suppression:
    return Suppression.objects.create(
        address="anna@example.com", recipient_key=b"anna-key", reason="manual", since=timezone.now()
    )


def own_entry() -> OwnListEntry:
    return OwnListEntry.objects.create(kind="blocked", expression="evil.example/", digest=b"evil-exp")


def reader_report() -> ReaderReportRow:
    url = "https://evil.example/x"
    return ReaderReportRow.objects.create(
        at=timezone.now(), kind="mistake", tracking_id=1, link_number=0, url=url
    )


def alert() -> Alert:
    now = timezone.now()
    return Alert.objects.create(
        rule="known_bad_click",
        key="k",
        host="evil.example",
        opened_at=now,
        last_at=now,
        quiet_until=now,
        count=1,
    )


def protected_domain() -> str:
    domain = set_protection("example.org", "").domain
    ProtectionException.objects.create(domain=domain, kind="host", value="intranet.example")
    return domain.name


def everything_stored() -> dict[str, list[tuple[Any, ...]]]:
    """Each table, row by row, but that of sessions."""
    stored = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table != Session._meta.db_table:
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                stored[table] = cursor.fetchall()
    assert stored[Message._meta.db_table]
    return stored


@pytest.mark.parametrize("name", sorted(set(names()) - OPEN_TO_ALL))
def test_a_stranger_is_sent_to_the_sign_in_page(stranger: Client, name: str) -> None:
    where = address(name)
    before = everything_stored()
    for method in ("get", "head", "post", "put", "patch", "delete", "options", "trace"):
        answer = getattr(stranger, method)(where)
        assert answer.status_code == 302, method
        assert answer.headers["Location"].startswith("/sign-in/")
    assert everything_stored() == before


@pytest.mark.parametrize("name", sorted(set(names()) - STREAMS))
def test_looking_changes_nothing(admin: Client, name: str) -> None:
    where = address(name)
    before = everything_stored()
    admin.get(where)
    admin.head(where)
    assert everything_stored() == before


@pytest.mark.parametrize("name", sorted(POST_ONLY))
def test_what_changes_something_answers_to_post_alone(admin: Client, name: str) -> None:
    assert admin.get(address(name)).status_code == 405


@pytest.mark.parametrize("name", names())
def test_without_the_forms_token_nothing_is_done(admin: Client, name: str) -> None:
    where = address(name)
    admin.handler.enforce_csrf_checks = True
    before = everything_stored()
    for token in ({}, {"csrfmiddlewaretoken": "x" * 64}):
        for method in ("post", "put", "patch", "delete"):
            answer = getattr(admin, method)(where, {"tracking": "off"} | token)
            assert answer.status_code == 403, method
    assert everything_stored() == before


@pytest.mark.parametrize("name", sorted(set(names()) - {"mail-html", "mail-raw", "page-preview"} - STREAMS))
def test_every_page_carries_the_headers_that_close_it(admin: Client, name: str) -> None:
    answer = admin.get(address(name))
    assert answer.headers["Content-Security-Policy"] == CONSOLE_POLICY
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "no-store" in answer.headers["Cache-Control"]


def test_the_policy_allows_nothing_inline_and_nothing_foreign() -> None:
    assert CONSOLE_POLICY.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in CONSOLE_POLICY
    assert "unsafe" not in CONSOLE_POLICY
    assert "http" not in CONSOLE_POLICY
    assert "*" not in CONSOLE_POLICY


class Inline(HTMLParser):
    """Finds what a strict Content-Security-Policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in fields):
            self.found.append(tag)
        self.found += [name for name in fields if name.startswith(("on", "hx-on")) or name == "style"]
        self.found += [
            value for value in fields.values() if value and value.strip().lower().startswith("javascript:")
        ]


def inline(html: str) -> list[str]:
    parser = Inline()
    parser.feed(html)
    return parser.found


def test_no_template_holds_inline_script_or_style() -> None:
    templates = list(TEMPLATES.rglob("*.html"))
    assert len(templates) > 15
    assert {path.name: found for path in templates if (found := inline(path.read_text()))} == {}


@pytest.mark.parametrize("name", sorted(set(names()) - FILES - STREAMS - POST_ONLY))
def test_no_page_holds_inline_script_or_style(admin: Client, name: str) -> None:
    answer = admin.get(address(name), follow=True)
    assert "<html" in answer.text
    assert inline(answer.text) == []
    sources = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', answer.text)
    assert sources
    assert all(source.startswith("/static/") for source in sources)


class Buttons(HTMLParser):
    """Collects what the buttons of a page are called, each with the form that it sends."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.form = self.button = ""
        self.words: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = dict(attrs)
        if tag == "form":
            self.form = fields.get("action") or fields.get("class") or ""
        elif tag == "button":
            self.button, self.words = fields.get("aria-label") or "", []

    def handle_data(self, data: str) -> None:
        if self.words is not None:
            self.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "button" and self.words is not None:
            self.found.append((self.button or "".join(self.words).strip(), self.form))
            self.words = None


@pytest.mark.parametrize("name", sorted(set(names()) - FILES - STREAMS - POST_ONLY))
def test_who_hears_a_button_s_name_knows_what_it_is_for(admin: Client, name: str) -> None:
    parser = Buttons()
    parser.feed(admin.get(address(name), follow=True).text)
    called: dict[str, set[str]] = {}
    for words, form in parser.found:
        assert words
        called.setdefault(words, set()).add(form)
    assert {words: forms for words, forms in called.items() if len(forms) > 1} == {}


def test_a_foreign_host_name_is_refused(admin: Client) -> None:
    answer = admin.get("/", HTTP_HOST="evil.example")
    assert (answer.status_code, "console.url" in answer.text) == (400, True)


def test_signing_out_is_open_to_all_and_does_nothing_to_a_stranger(stranger: Client) -> None:
    assert stranger.get("/sign-out/").status_code == 405
    assert stranger.post("/sign-out/").headers["Location"] == "/sign-in/"


def test_a_message_that_is_not_there_gives_a_plain_page(admin: Client) -> None:
    answer = admin.get(f"/messages/{to_text(5)}/")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
