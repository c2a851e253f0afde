"""What is wrong with a request is told on a page; a stranger's nonsense is never a failure of ours."""

import logging
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from backstamp.console import urls
from backstamp.console.serving.log_lines import without_addresses
from backstamp.records.database.tracking_ids import to_text
from backstamp.records.models import Channel, Consent, OwnListEntry, Suppression, Switch
from backstamp.records.outbox import channels
from backstamp.vocabulary import ChannelKind
from tests.console.conftest import ADDRESS, HOST, PASSWORD
from tests.console.seed import NOON, link, message

CSRF = "lpjmnwBqxs0TN8sw8DCbwuV4c5HQJt4e"
URLENCODED = "application/x-www-form-urlencoded"


@pytest.fixture
def visitor() -> Client:
    """A stranger with a form's token, as every browser gets one that looks at the sign-in page."""
    client = Client(HTTP_HOST=HOST, enforce_csrf_checks=True, raise_request_exception=False)
    client.cookies["backstamp_csrf"] = CSRF
    return client


def multipart(**fields: str) -> bytes:
    head = 'Content-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    return "".join(["--B\r\n" + head.format(*field) for field in fields.items()] + ["--B--\r\n"]).encode()


@pytest.mark.parametrize("charset", ["utf-16", "rot13", "hex", "idna", "undefined", "unicode_escape", "none"])
def test_a_charset_that_a_client_names_chooses_no_codec(visitor: Client, charset: str) -> None:
    get_user_model().objects.create_user(ADDRESS, ADDRESS, PASSWORD)
    form = {"csrfmiddlewaretoken": CSRF, "login": ADDRESS, "password": PASSWORD}
    answer = visitor.generic("POST", "/sign-in/", urlencode(form), f"{URLENCODED}; charset={charset}")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    visitor.logout()
    visitor.cookies["backstamp_csrf"] = CSRF
    whole = f"multipart/form-data; boundary=B; charset={charset}"
    answer = visitor.generic("POST", "/sign-in/", multipart(**form), whole)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary=ÿ"),
        (b"&".join(b"a%d=1" % number for number in range(1001)), URLENCODED),
    ],
)
def test_a_body_that_is_no_form_gives_a_page_and_one_line_of_log(
    visitor: Client, caplog: pytest.LogCaptureFixture, body: bytes, content_type: str
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = visitor.generic("POST", "/sign-in/", body, content_type)
    assert answer.status_code == 400
    assert "<h1>Not understood</h1>" in answer.text
    (record,) = caplog.records
    assert without_addresses(record)
    assert record.exc_info is None


def test_a_fault_of_ours_gives_a_page_that_names_the_log(
    monkeypatch: pytest.MonkeyPatch, visitor: Client, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a fault")

    (sign_in,) = (pattern for pattern in urls.urlpatterns if pattern.name == "sign-in")
    monkeypatch.setattr(sign_in, "callback", fail)
    monkeypatch.setattr(fail, "login_required", False, raising=False)
    with caplog.at_level(logging.ERROR):
        answer = visitor.get("/sign-in/")
    assert answer.status_code == 500
    assert "<h1>Something went wrong</h1>" in answer.text
    (record,) = caplog.records
    assert without_addresses(record)
    assert record.exc_info is not None


def test_who_signs_in_again_on_the_way_to_an_empty_form_reads_that_nothing_was_done(stranger: Client) -> None:
    get_user_model().objects.create_user(ADDRESS, ADDRESS, PASSWORD)
    to_sign_in = stranger.post("/sample/").headers["Location"]
    answer = stranger.post(to_sign_in, {"login": ADDRESS, "password": PASSWORD}, follow=True)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert "<h1>Nothing was done</h1>" in answer.text
    assert int(answer.headers["Content-Length"]) == len(answer.content)


def test_a_static_file_is_as_closed_as_a_page_and_kept_by_caches(stranger: Client) -> None:
    answer = stranger.get("/static/console/icons.svg")
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["Cache-Control"] == "max-age=60, public"
    answer.close()


@pytest.mark.parametrize("path", ["/lists/", "/suppressions/", "/policy/"])
def test_words_that_are_longer_than_a_database_searches_by_are_cut(admin: Client, path: str) -> None:
    OwnListEntry.objects.create(kind="blocked", expression="evil.example/", digest=b"evil-exp")
    Suppression.objects.create(address="anna@example.com", recipient_key=b"k", reason="manual", since=NOON)
    Consent.objects.create(address="anna@example.com", recipient_key=b"k", evidence="said so")
    answer = admin.get(path, {"q": "%" * 50_001})
    assert answer.status_code == 200
    assert "%" * 5000 in answer.text
    assert "%" * 5001 not in answer.text


@pytest.mark.parametrize("pressed", [{}, {"SWITCH": ""}, {"SWITCH": "x"}, {"SWITCH": ["off", "on"]}])
@pytest.mark.parametrize("switch", ["tracking", "links", "channel"])
def test_a_switch_that_was_not_pressed_switches_nothing(
    admin: Client, switch: str, pressed: dict[str, Any]
) -> None:
    letter = message(1)
    link(letter, 0)
    channel = channels.add("ops", ChannelKind.MAIL, "ops@example.org", "")
    paths = {
        "tracking": "/policy/switch/",
        "links": f"/messages/{to_text(letter.pk)}/links/",
        "channel": f"/alerts/settings/channels/{channel.pk}/switch/",
    }
    admin.post(paths["tracking"], {"tracking": "off"})
    admin.post(paths["links"], {"links": "off"})
    answer = admin.post(paths[switch], {name.replace("SWITCH", switch): way for name, way in pressed.items()})
    assert answer.status_code == 400
    assert "<h1>Not understood</h1>" in answer.text
    assert Switch.objects.filter(tracking_off=True).exists()
    assert "All links of this mail are switched off" in admin.get(f"/messages/{to_text(letter.pk)}/").text
    assert Channel.objects.get().enabled


def test_a_pixel_for_what_is_no_address_is_a_mistake_in_a_form(admin: Client) -> None:
    answer = admin.post("/pixel/", {"label": "Proposal", "recipient": "nobody"})
    assert answer.status_code == 422
    assert "Enter a valid email address." in answer.text


def test_while_the_database_cannot_be_used_each_page_says_so(admin: Client) -> None:
    MigrationRecorder(connection).record_applied("records", "9000_new")
    connection.close()  # as after each request
    admin.raise_request_exception = False
    for path in ("/", "/policy/", "/alerts/"):
        answer = admin.get(path)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
        assert "The database cannot be used" in answer.content.decode()
