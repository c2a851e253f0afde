"""`backstamp alerts` and `backstamp channels`: what they say, write and send."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.app.in_process import run
from tests.database import empty_database, start_django
from tests.worker.channels.hook_server import hook_server

start_django()


@pytest.fixture(autouse=True)
def database(tmp_path: Path) -> Iterator[None]:
    with empty_database(tmp_path):
        yield


def test_a_webhook_is_added_tried_and_removed_and_its_path_is_shown_nowhere() -> None:
    with hook_server() as hook:
        hook.answers = [503]
        code, said, _ = run("channels", "add", "ops", "webhook", hook.url("/secret-path"))
        assert code == 0
        assert "secret: whsec_" in said
        code, _, why = run("alerts", "test", "ops")
        assert (code, why) == (1, "Error: channel 'ops' did not take it: the server answered 503\n")
        assert run("alerts", "test", "ops")[:2] == (0, "taken\n")
        assert [post.path for post in hook.posts] == ["/secret-path"] * 2
        assert json.loads(hook.posts[-1].body)["type"] == "channel.test"
        listed = run("channels", "list")[1]
        assert f"http://127.0.0.1:{hook.port}/...  on" in listed
        assert "secret" not in listed
    assert run("channels", "switch", "ops", "off")[0] == 0
    assert "OFF" in run("channels", "list")[1]
    assert run("channels", "remove", "ops")[0] == 0
    assert run("channels", "list")[1] == ""


def test_a_rule_is_set_shown_and_set_back() -> None:
    before = run("alerts", "rules")[1]
    code, said, _ = run(
        *("alerts", "rules", "new_host", "--threshold", "3", "--within", "5"),
        *("--domain", "Our.example", "--off"),
    )
    assert code == 0
    assert said.split(None, 1)[1] == "off, 3 people within 5 minutes, domains our.example, all channels\n"
    assert run("alerts", "rules", "new_host", "--default")[0] == 0
    assert run("alerts", "rules")[1] == before
    assert run("alerts", "list", "--people")[:2] == (0, "")


def test_an_alert_about_what_is_allowed_since_is_listed_as_one() -> None:
    from backstamp.records.models import Alert, OwnListEntry

    at = datetime(2026, 11, 28, tzinfo=UTC)
    entry = OwnListEntry.objects.create(kind="allowed", expression="evil.example/", digest=bytes(8))
    for host, allowance in (("evil.example", entry), ("worse.example", None)):
        Alert.objects.create(
            rule="known_bad_click",
            host=host,
            allowance=allowance,
            opened_at=at,
            last_at=at,
            quiet_until=at,
        )
    (worse, evil) = run("alerts", "list")[1].splitlines()
    assert (worse.endswith("  worse[.]example"), evil.endswith("  evil[.]example  allowed since")) == (
        True,
        True,
    )


def test_people_are_listed_and_one_is_forgotten_and_the_alert_stays_as_a_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from backstamp.records.alerting import people
    from backstamp.records.models import Alert, AlertPerson, Event

    at = datetime(2026, 11, 28, tzinfo=UTC)
    alert = Alert.objects.create(
        rule="received_before_listed",
        domain="our.example",
        host="evil.example",
        opened_at=at,
        last_at=at,
        quiet_until=at,
        count=2,
    )
    hostile = '"\x1b[2J\u202ewww.evil.example"@our.example'
    for index, address in enumerate(("anna@our.example", "bert@our.example", hostile)):
        AlertPerson.objects.create(
            alert=alert, address=address, act="blocked", at=at, message_id=1, recipient_index=index
        )
    Event.objects.create(
        producer="f", position=1, message_id=1, recipient_index=1, type="blocked", actor="scanner", at=at
    )
    told = run("alerts", "list", "--people")[1]
    assert "UTC  blocked  anna@our.example\n" in told
    assert "UTC  blocked  bert@our.example  since judged scanner\n" in told
    assert 'UTC  blocked  " [2J www[.]evil[.]example"@our[.]example\n' in told
    assert "no more than" not in told
    monkeypatch.setattr(people, "MOST_PEOPLE", 3)
    assert "\n    no more than 3 are kept; there may have been more\n" in run("alerts", "list", "--people")[1]
    assert run("alerts", "forget", "Anna@our.example")[:2] == (0, "forgotten in 1 alert\n")
    assert run("alerts", "forget", "anna@our.example")[:2] == (0, "forgotten in 0 alerts\n")
    code, said, error = run("alerts", "forget", "anna")
    assert (code, said) == (2, "")
    assert "that is no mail address, LOCAL@DOMAIN" in error
    said = run("alerts", "list", "--people")[1]
    assert "  received_before_listed our.example  evil[.]example  2 times" in said
    assert ("anna@" in said, "bert@our.example" in said) == (False, True)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("channels", "add", "x", "mail", "nobody"), "that is no mail address"),
        (("channels", "add", "x", "webhook", "ftp://h/"), "that is no https or http URL in ASCII"),
        (
            ("channels", "add", "x", "webhook", "https://u:p@h/"),
            "a URL with a user name or password is not taken",
        ),
        (
            ("channels", "add", "x", "webhook", "https://h/", "--secret", "whsec_short"),
            "a secret is whsec_ and the base64 of 24 to 64 bytes",
        ),
        (("alerts", "rules", "known_bad_click", "--threshold", "3"), "counts nobody: it has no threshold"),
        (("alerts", "rules", "known_bad_click", "--channel", "nowhere"), "there is no channel 'nowhere'"),
    ],
)
def test_a_value_that_the_records_refuse_is_a_wrong_call(arguments: tuple[str, ...], why: str) -> None:
    code, said, error = run(*arguments)
    assert (code, said) == (2, "")
    assert error.endswith(f"{why}\n")


@pytest.mark.parametrize("arguments", [("channels", "remove", "nowhere"), ("alerts", "test", "nowhere")])
def test_a_channel_that_is_not_there_is_told_in_one_line(arguments: tuple[str, ...]) -> None:
    assert run(*arguments) == (1, "", "Error: there is no channel 'nowhere'\n")
