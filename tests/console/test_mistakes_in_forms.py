"""Whoever made a mistake in a form is led to it, by eye and by ear."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from tests.console.conftest import ADDRESS, PASSWORD

CHANNEL = {"name": "ops", "kind": "mail", "target": "ops@example.org"}
RULE = {"threshold": "3", "within_minutes": "9", "domains": "example.org"}


def fields(shown: str) -> dict[str, str]:
    """Return the attributes of each field, by its id."""
    found = re.findall(r"<(?:input|select|textarea|div)\s([^>]*\bid=\"(\w+)\"[^>]*)>", shown)
    return {id_: attributes for attributes, id_ in found}


def test_a_refused_password_is_a_mistake_of_both_fields(stranger: Client) -> None:
    get_user_model().objects.create_user(ADDRESS, ADDRESS, PASSWORD)
    assert "aria-invalid" not in stranger.get("/sign-in/").text
    shown = stranger.post("/sign-in/", {"login": ADDRESS, "password": "wrong"}).text
    for field in ("id_login", "id_password"):
        assert 'aria-invalid="true" aria-describedby="refused"' in fields(shown)[field]
    assert 'role="alert"' in fields(shown)["refused"]


@pytest.mark.parametrize(
    ("path", "sent", "field"),
    [
        ("alerts/settings/channels/add", CHANNEL | {"name": "a/b"}, "channel_name"),
        ("alerts/settings/channels/add", CHANNEL | {"target": "nobody"}, "channel_target"),
        ("alerts/settings/rules/new_host", RULE | {"domains": "a b..c"}, "new_host_domains"),
        ("alerts/settings/rules/new_host", RULE | {"threshold": "1"}, "new_host_threshold"),
        ("lists/own/add", {"kind": "blocked", "what": "co.uk"}, "own_what"),
        ("lists/own/add", {"kind": "blocked", "what": "evil.example", "whose": "a@b@c"}, "own_whose"),
        ("lists/off/add", {"what": "co.uk"}, "kill_what"),
        ("policy/sender", {"address": "nobody"}, "sender_address"),
    ],
)
def test_the_first_wrong_field_has_the_focus_and_says_why(
    admin: Client, path: str, sent: dict[str, str], field: str
) -> None:
    answer = admin.post(f"/{path}/", sent)
    assert answer.status_code == 422
    found = fields(answer.text)
    assert [name for name, attributes in found.items() if "autofocus" in attributes] == [field]
    assert [name for name, attributes in found.items() if 'aria-invalid="true"' in attributes] == [field]
    assert f"{field}_error" in found[field]
    assert f'<p class="wrong-line" id="{field}_error">' in answer.text


def test_what_is_wrong_with_a_form_as_a_whole_is_named_by_each_field(admin: Client) -> None:
    answer = admin.post("/pixel/", {"label": "x", "urls": "mailto:a@b.example"})
    found = fields(answer.text)
    assert [name for name, attributes in found.items() if "autofocus" in attributes] == [
        "id_whole_form_error"
    ]
    assert 'role="alert"' in found["id_whole_form_error"]
    assert {name for name, attributes in found.items() if "id_whole_form_error" in attributes} == {
        *("id_whole_form_error", "id_label", "id_recipient", "id_urls")
    }
