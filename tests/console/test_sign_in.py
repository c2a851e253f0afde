"""The ways in and out."""

import html
import re
from datetime import timedelta

import pytest
from allauth.core.ratelimit import consume
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.core import signing
from django.test import Client, RequestFactory, override_settings

from backstamp.console.serving import kept_forms
from backstamp.records.administration import sign_in_links
from backstamp.records.models import OwnListEntry
from tests.console.conftest import ADDRESS, HOST, PASSWORD

FORM = {"email": ADDRESS, "password": PASSWORD}


@pytest.fixture
def token() -> str:
    return sign_in_links.create(ADDRESS, timedelta(hours=1))


def test_the_one_time_link_sets_the_password_and_signs_in(stranger: Client, token: str) -> None:
    answer = stranger.post(f"/welcome/{token}", FORM)
    assert answer.headers["Location"] == "/"
    assert stranger.get("/").status_code == 200
    assert get_user_model().objects.get(email=ADDRESS).check_password(PASSWORD)


def test_looking_at_the_link_does_not_use_it_up(stranger: Client, token: str) -> None:
    for _ in range(3):
        answer = stranger.get(f"/welcome/{token}")
        assert answer.status_code == 200
        assert ADDRESS in answer.text
    assert stranger.get("/").status_code == 302
    assert stranger.post(f"/welcome/{token}", FORM).status_code == 302


def test_the_link_works_once(stranger: Client, token: str) -> None:
    stranger.post(f"/welcome/{token}", FORM)
    thief = Client(HTTP_HOST=HOST)
    assert thief.post(f"/welcome/{token}", FORM | {"password": "something else 7"}).status_code == 410
    assert thief.get(f"/welcome/{token}").status_code == 410
    assert thief.get("/").status_code == 302
    assert get_user_model().objects.get(email=ADDRESS).check_password(PASSWORD)


def test_the_link_expires(stranger: Client) -> None:
    token = sign_in_links.create(ADDRESS, timedelta(hours=-1))
    assert stranger.get(f"/welcome/{token}").status_code == 410
    assert stranger.post(f"/welcome/{token}", FORM).status_code == 410
    assert not get_user_model().objects.exists()


def test_a_link_for_one_person_sets_nobody_elses_password(stranger: Client, token: str) -> None:
    other = get_user_model().objects.create_user("eve@example.org", "eve@example.org", PASSWORD)
    stranger.post(f"/welcome/{token}", {"email": "eve@example.org", "password": "stolen, if it worked"})
    other.refresh_from_db()
    assert other.check_password(PASSWORD)
    assert get_user_model().objects.get(email=ADDRESS).check_password("stolen, if it worked")


def test_the_first_link_names_nobody_and_asks_for_the_address(stranger: Client) -> None:
    token = sign_in_links.create("", timedelta(hours=1))
    assert stranger.post(f"/welcome/{token}", {"email": "", "password": PASSWORD}).status_code == 422
    assert stranger.post(f"/welcome/{token}", FORM).status_code == 302
    assert get_user_model().objects.get().email == ADDRESS


@pytest.mark.parametrize("password", ["ada@example.org", "short", "12345678"])
def test_a_password_that_is_easily_guessed_is_refused(stranger: Client, token: str, password: str) -> None:
    assert stranger.post(f"/welcome/{token}", FORM | {"password": password}).status_code == 422
    assert not get_user_model().objects.exists()


def test_a_made_up_link_opens_nothing(stranger: Client, token: str) -> None:
    assert stranger.post(f"/welcome/{token[:-1]}x", FORM).status_code == 410


def test_a_weak_password_is_refused_and_the_link_stays_good(stranger: Client, token: str) -> None:
    answer = stranger.post(f"/welcome/{token}", FORM | {"password": "password"})
    assert answer.status_code == 422
    assert "too common" in answer.text
    assert stranger.post(f"/welcome/{token}", FORM).status_code == 302


def test_the_link_of_somebody_who_forgot_the_password_keeps_the_account(
    stranger: Client, admin: Client
) -> None:
    before = get_user_model().objects.get().pk
    token = sign_in_links.create(ADDRESS, timedelta(hours=1))
    stranger.post(f"/welcome/{token}", {"email": ADDRESS.upper(), "password": "a new one, and long"})
    user = get_user_model().objects.get()
    assert user.pk == before
    assert user.check_password("a new one, and long")
    # The sessions that the old password opened are closed.
    assert admin.get("/").status_code == 302


@pytest.fixture
def known() -> None:
    get_user_model().objects.create_user(ADDRESS, ADDRESS, PASSWORD)


@pytest.mark.usefixtures("known")
def test_the_address_and_the_password_sign_in_and_lead_to_where_one_wanted_to_go(stranger: Client) -> None:
    answer = stranger.post("/sign-in/?next=/policy/", {"login": ADDRESS.upper(), "password": PASSWORD})
    assert answer.headers["Location"] == "/policy/"
    assert stranger.get("/policy/").status_code == 200


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "///evil.example",
        "http:///evil.example",
        "https:evil.example",
        "\t//evil.example",
        "/\t/evil.example",
        f"http://{HOST}@evil.example/",
        f"http://{HOST}.evil.example/",
        f"//{HOST}:99/",
        "javascript:alert(1)",
    ],
)
def test_neither_signing_in_nor_out_leads_to_another_site(
    stranger: Client, admin: Client, elsewhere: str
) -> None:
    answer = stranger.post("/sign-in/", {"login": ADDRESS, "password": PASSWORD, "next": elsewhere})
    assert answer.headers["Location"] == "/"
    assert admin.get("/sign-in/", {"next": elsewhere}).headers["Location"] == "/"
    assert admin.post("/sign-out/", {"next": elsewhere}).headers["Location"] == "/sign-in/"


@pytest.mark.usefixtures("known")
def test_whoever_planted_a_session_has_none_once_somebody_signed_in_with_it(
    stranger: Client, token: str
) -> None:
    for way, form in (("/sign-in/", {"login": ADDRESS, "password": PASSWORD}), (f"/welcome/{token}", FORM)):
        session = SessionStore()
        session["planted"] = "by a stranger, who knows the key"
        session.save()
        planted = str(session.session_key)
        victim = Client(HTTP_HOST=HOST)
        victim.cookies["backstamp_session"] = planted
        victim.post(way, form)
        assert victim.get("/").status_code == 200
        stranger.cookies["backstamp_session"] = planted
        assert stranger.get("/").status_code == 302


@pytest.mark.usefixtures("known")
def test_a_wrong_password_and_an_unknown_address_look_the_same(stranger: Client) -> None:
    wrong = stranger.post("/sign-in/", {"login": ADDRESS, "password": "wrong"})
    unknown = stranger.post("/sign-in/", {"login": "nobody@example.org", "password": "wrong"})
    assert wrong.status_code == unknown.status_code == 422
    said = "This address and this password do not belong together."
    assert said in wrong.text
    assert said in unknown.text


@pytest.mark.usefixtures("known")
def test_who_is_not_active_signs_in_no_more_and_has_no_session(stranger: Client) -> None:
    form = {"login": ADDRESS, "password": PASSWORD}
    assert stranger.post("/sign-in/", form).status_code == 302
    get_user_model().objects.update(is_active=False)
    assert stranger.get("/").status_code == 302
    answer = stranger.post("/sign-in/", form)
    assert answer.status_code == 422
    assert "This address and this password do not belong together." in answer.text


@pytest.mark.usefixtures("known")
def test_after_five_failures_even_the_right_password_must_wait(stranger: Client) -> None:
    for _ in range(5):
        stranger.post("/sign-in/", {"login": ADDRESS, "password": "wrong"})
    answer = stranger.post("/sign-in/", {"login": ADDRESS, "password": PASSWORD})
    assert answer.status_code == 422
    assert "wrong too often" in answer.text
    assert stranger.get("/").status_code == 302


def test_failures_at_other_addresses_make_those_at_one_not_forgotten() -> None:
    """Whoever has many clients, as anybody has who rents them by the hour, would guess on and on."""

    def may_try(client: str, address: str) -> bool:
        request = RequestFactory().post("/sign-in/", REMOTE_ADDR=client)
        return bool(consume(request, action="login_failed", key=address))

    assert [may_try("192.0.2.1", ADDRESS) for _ in range(6)] == [True] * 5 + [False]
    for number in range(400):
        may_try(f"198.51.100.{number % 250}", f"{number}@example.org")
    assert not may_try("192.0.2.2", ADDRESS)


def test_signing_out_ends_the_session(admin: Client) -> None:
    session = admin.cookies["backstamp_session"].value
    assert admin.post("/sign-out/").status_code == 302
    assert admin.get("/").status_code == 302
    thief = Client(HTTP_HOST=HOST)
    thief.cookies["backstamp_session"] = session
    assert thief.get("/").status_code == 302


def test_cookies_are_for_this_site_and_not_for_scripts(stranger: Client, token: str) -> None:
    stranger.post(f"/welcome/{token}", FORM)
    for name in ("backstamp_session", "backstamp_whose"):
        cookie = stranger.cookies[name]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


CSRF = "lpjmnwBqxs0TN8sw8DCbwuV4c5HQJt4e"
TYPED = {"kind": "blocked", "what": "evil.example\nbad.example", "whose": "", "note": '"><b>why'}


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found is not None
    return html.unescape(found[1])


def signed_out(*, enforce_csrf_checks: bool = False) -> Client:
    """Return the browser of somebody whose session has ended."""
    browser = Client(HTTP_HOST=HOST)
    assert browser.post("/sign-in/", {"login": ADDRESS, "password": PASSWORD}).status_code == 302
    cookies = browser.cookies
    del cookies["backstamp_session"]
    browser = Client(HTTP_HOST=HOST, enforce_csrf_checks=enforce_csrf_checks)
    browser.cookies = cookies
    return browser


@pytest.mark.usefixtures("known")
def test_a_form_that_is_sent_after_the_session_ended_is_shown_after_the_sign_in_to_be_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    browser = signed_out(enforce_csrf_checks=True)
    browser.cookies["backstamp_csrf"] = CSRF
    answer = browser.post("/lists/own/add/", TYPED | {"csrfmiddlewaretoken": CSRF})
    assert (answer.status_code, "What you sent is kept" in answer.text) == (403, True)
    signing_in = {"login": ADDRESS, "kept": hidden(answer.text, "kept"), "csrfmiddlewaretoken": CSRF}
    wrong = browser.post("/sign-in/", signing_in | {"password": "not it"})
    assert (wrong.status_code, hidden(wrong.text, "kept")) == (422, signing_in["kept"])
    shown = browser.post("/sign-in/", signing_in | {"password": PASSWORD})
    assert (shown.status_code, 'action="/lists/own/add/"' in shown.text) == (200, True)
    assert "\nevil.example\nbad.example</textarea>" in shown.text
    assert 'name="note" value="&quot;&gt;&lt;b&gt;why"' in shown.text
    assert not OwnListEntry.objects.exists()
    token = hidden(shown.text, "csrfmiddlewaretoken")
    sent = browser.post("/lists/own/add/", TYPED | {"csrfmiddlewaretoken": token})
    assert sent.headers["Location"] == "/lists/"
    assert OwnListEntry.objects.count() == 2
    assert not any(word in caplog.text for word in ("evil", "why", signing_in["kept"]))


@pytest.mark.usefixtures("known")
def test_a_form_that_was_kept_is_shown_to_nobody_else_who_signs_in_with_the_same_browser() -> None:
    get_user_model().objects.create_user("eve@example.org", "eve@example.org", PASSWORD)
    browser = signed_out()
    kept = hidden(browser.post("/lists/own/add/", TYPED).text, "kept")
    answer = browser.post("/sign-in/", {"login": "eve@example.org", "password": PASSWORD, "kept": kept})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    page = browser.get("/").text
    assert "What was kept is somebody else&#x27;s, and is not shown." in page
    assert "evil.example" not in page
    # By now the browser is hers; and whom an older version does not name, nobody is.
    browser.cookies.pop("backstamp_session")
    hers = hidden(browser.post("/lists/own/add/", TYPED).text, "kept")
    older = signing.dumps(["/lists/own/add/", [["what", "evil.example"]], False], salt=kept_forms._SALT)
    for text in (hers, older):
        answer = browser.post("/sign-in/", {"login": ADDRESS, "password": PASSWORD, "kept": text})
        assert answer.status_code == 302
        browser.cookies.pop("backstamp_session")


def test_of_whoever_signed_in_by_a_link_a_form_is_kept_too(stranger: Client, token: str) -> None:
    stranger.post(f"/welcome/{token}", FORM)
    stranger.post("/sign-out/")
    kept = hidden(stranger.post("/lists/own/add/", TYPED).text, "kept")
    shown = stranger.post("/sign-in/", {"login": ADDRESS, "password": PASSWORD, "kept": kept})
    assert (shown.status_code, "\nevil.example\nbad.example</textarea>" in shown.text) == (200, True)


@pytest.mark.usefixtures("known")
def test_where_it_is_not_known_whose_session_it_was_nothing_is_kept(stranger: Client) -> None:
    for cookie in (None, "", "1", "1:1tXyZa:forged"):
        if cookie is not None:
            stranger.cookies["backstamp_whose"] = cookie
        answer = stranger.post("/lists/own/add/", TYPED)
        assert answer.headers["Location"] == "/sign-in/?next=/lists/own/add/"


@pytest.mark.usefixtures("known")
def test_no_other_page_can_have_a_form_kept() -> None:
    stranger = signed_out()
    strict = Client(HTTP_HOST=HOST, enforce_csrf_checks=True)
    forged = strict.post("/lists/own/add/", TYPED)
    assert (forged.status_code, "kept" in forged.text) == (403, False)
    kept = hidden(stranger.post("/lists/own/add/", TYPED).text, "kept")
    with override_settings(SECRET_KEY="of another server"):
        foreign = hidden(signed_out().post("/lists/own/add/", TYPED).text, "kept")
    for text in ("", "x", kept[:-1], kept.upper(), foreign):
        browser = Client(HTTP_HOST=HOST)
        answer = browser.post("/sign-in/", {"login": ADDRESS, "password": PASSWORD, "kept": text})
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")


@pytest.mark.usefixtures("known")
def test_a_form_in_which_nothing_stands_or_too_much_leads_to_the_sign_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stranger = signed_out()
    monkeypatch.setattr(kept_forms, "LONGEST", 200)
    for form in ({}, {"what": ""}, {"what": "".join(map(chr, range(200, 2000)))}):
        answer = stranger.post("/lists/own/add/", form)
        assert answer.headers["Location"] == "/sign-in/?next=/lists/own/add/"
