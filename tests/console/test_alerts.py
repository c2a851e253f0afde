"""Alerts in the console: what was raised, rules, channels."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from backstamp.console.wording.alerts import KINDS, RULES
from backstamp.policy.own_entries import digest_of
from backstamp.records.alerting.rules import rules
from backstamp.records.database.tracking_ids import to_text
from backstamp.records.models import Alert, AlertPerson, Channel, Outgoing, OwnListEntry
from backstamp.records.protection import kills
from backstamp.vocabulary import Actor, AlertRule, ChannelKind, EventType
from tests.console.conftest import ADDRESS
from tests.console.seed import event, message, recipient

ATTACK = "<script>alert(1)</script>"


def alert(**fields: Any) -> Alert:
    now = timezone.now()
    wanted = {
        "rule": "known_bad_click",
        "key": "k",
        "domain": "example.org",
        "host": "evil.example",
        "url": f"https://evil.example/{ATTACK}",
        "threat": "phishing",
        "reason": "listed_url",
        "source": "urlhaus",
        "opened_at": now,
        "last_at": now,
        "quiet_until": now + timedelta(hours=1),
        "count": 3,
        "text": ATTACK,
    }
    return Alert.objects.create(**(wanted | fields))


def test_every_page_says_how_many_alerts_are_open(admin: Client) -> None:
    now = datetime.now(UTC)
    # Of the second one the click was hours ago, and is known only now; a clock that was wrong left the last.
    for number, (age, left) in enumerate(((1, 59), (600, 10), (70, -1), (1, 600))):
        at = now - timedelta(minutes=age)
        Alert.objects.create(
            rule="known_bad_click",
            key=str(number),
            host="evil.example",
            opened_at=at,
            last_at=at,
            quiet_until=now + timedelta(minutes=left),
        )
    for path in ("/", "/policy/"):
        assert 'title="2 open alerts">2<span class="unseen"> open alerts</span>' in admin.get(path).text
    Alert.objects.filter(key="0").delete()
    assert admin.get("/alerts/").text.count('title="1 open alert">') == 2
    Alert.objects.all().delete()
    assert "open alert" not in admin.get("/").text


def test_every_rule_and_kind_has_words() -> None:
    assert set(RULES) == set(AlertRule)
    assert set(KINDS) == set(ChannelKind)


def test_alerts_are_listed_and_narrowed(admin: Client) -> None:
    assert "No alert" in admin.get("/alerts/").text
    alert()
    an_hour_ago = timezone.now() - timedelta(hours=1)
    alert(rule="reported_mistake", host="shop.example", quiet_until=an_hour_ago, count=1)
    shown = admin.get("/alerts/").text
    for words in ("evil.example", "shop.example", "3 times", ">open<", ">closed<", "Phishing"):
        assert words in shown
    narrowed = admin.get("/alerts/", {"rule": "reported_mistake"}).text
    assert ("evil.example" in narrowed, "shop.example" in narrowed) == (False, True)
    assert "Nothing fits" in admin.get("/alerts/", {"host": "nowhere.example"}).text
    assert admin.get("/alerts/", {"rule": "whim"}).status_code == 404


def test_where_only_machines_followed_a_link_an_alert_does_not_say_that_nobody_did(admin: Client) -> None:
    row = alert(rule="received_before_listed", machines=49)
    shown = admin.get(f"/alerts/{row.pk}/").text
    assert "after the mail came; no person clicked." in shown
    assert "3, and 49 by machines" in shown


def test_an_alert_shows_who_did_what_and_hostile_text_as_text(admin: Client) -> None:
    mail = message(1, subject=ATTACK)
    row = alert(message_id=mail.pk)
    AlertPerson.objects.create(
        alert=row,
        message_id=mail.pk,
        recipient_index=0,
        address="ann@example.org",
        act="clicked_through",
        at=timezone.now(),
    )
    shown = admin.get(f"/alerts/{row.pk}/").text
    for words in ("ann@example.org", "went on all the same", "&lt;script&gt;", "(urlhaus)"):
        assert words in shown
    assert f'href="/messages/{to_text(mail.pk)}/"' in shown
    assert ATTACK not in shown
    assert 'href="https:' not in shown
    admin.post(f"/alerts/{row.pk}/delete/")
    assert not AlertPerson.objects.exists()
    assert admin.get(f"/alerts/{row.pk}/").status_code == 404


def test_an_alert_says_by_whom_its_link_is_allowed_since_and_for_whom(admin: Client) -> None:
    entry = OwnListEntry.objects.create(
        kind="allowed",
        scope="example.org",
        scope_name="example.org",
        expression="evil.example/",
        digest=bytes(8),
        by=ATTACK,
    )
    shown = admin.get(f"/alerts/{alert(allowance=entry).pk}/").text
    for words in ("Allowed since", "by &lt;script&gt;", "for example.org (evil.example/)"):
        assert words in shown
    entry.delete()
    assert "Allowed since" not in admin.get(f"/alerts/{Alert.objects.get().pk}/").text


@pytest.mark.parametrize(
    ("link", "entry", "offered"),
    [
        ("https://evil.example/a/b", {"kind": "blocked", "expression": "evil.example/"}, {"Allow the host"}),
        (
            "https://evil.example/a/b",
            {"kind": "blocked", "expression": "evil.example/a/"},
            {"Allow the host"},
        ),
        ("https://evil.example/a/b", {"kind": "allowed", "expression": "evil.example/"}, {"Block the host"}),
        ("", {"kind": "blocked", "expression": "evil.example/"}, {"Allow the host"}),
        (
            "https://evil.example/a/b",
            {"kind": "blocked", "expression": "evil.example/", "scope": "example.net"},
            {"Block the host", "Allow the host"},
        ),
        (
            "https://evil.example/a/b",
            {"kind": "blocked", "expression": "evil.example/other"},
            {"Block the host", "Allow the host"},
        ),
    ],
)
def test_an_alert_offers_nothing_that_an_administrator_has_decided_already(
    admin: Client, link: str, entry: dict[str, str], offered: set[str]
) -> None:
    pk = alert(url=link).pk
    digest = digest_of(entry["expression"])
    OwnListEntry.objects.create(by="an-admin", scope_name=entry.get("scope", ""), digest=digest, **entry)
    shown = admin.get(f"/alerts/{pk}/").text
    assert {words for words in ("Block the host", "Allow the host") if words in shown} == offered
    assert '/lists/?off_what=evil.example#off-add" aria-label="Switch off the host in all mail"' in shown
    both = {words.replace("the host", "this link only") for words in offered} if link else set()
    assert {words for words in ("Block this link only", "Allow this link only") if words in shown} == both
    decided = re.search("(Blocked|Allowed) since .* by an-admin, for everybody", shown)
    assert (decided[1].lower() if decided else None) == (None if len(offered) == 2 else entry["kind"])


def test_what_is_switched_off_in_all_mail_is_neither_to_be_blocked_nor_allowed(admin: Client) -> None:
    pk = alert(url="https://evil.example/a").pk
    OwnListEntry.objects.create(kind="allowed", expression="evil.example/", digest=digest_of("evil.example/"))
    kills.kill_expression("evil.example/a", "an-admin")
    shown = admin.get(f"/alerts/{pk}/").text
    assert re.search("Switched off in all mail since .* by an-admin", shown)
    offered = ("Block the host", "Allow the host", "Switch off the host in all mail")
    assert [words for words in offered if words in shown] == []


def test_from_an_alert_of_a_readers_report_it_is_one_step_to_where_that_is_decided(admin: Client) -> None:
    for rule, leads in (("reported_mistake", True), ("reported_phishing", True), ("new_host", False)):
        shown = admin.get(f"/alerts/{alert(rule=rule).pk}/").text.partition("<main")[2]
        assert ('href="/reader-reports/"' in shown) == leads


def test_where_nobody_is_told_of_alerts_their_page_says_so(admin: Client) -> None:
    assert "nobody is told" in admin.get("/alerts/").text
    row = Channel.objects.create(name="ops", kind="mail", target="ops@example.org", enabled=False)
    assert "nobody is told" in admin.get("/alerts/").text
    row.enabled = True
    row.save()
    assert "nobody is told" not in admin.get("/alerts/").text


def test_a_day_of_a_list_is_shown_as_a_day_and_a_time_as_a_time(admin: Client) -> None:
    day = datetime(2026, 11, 30, tzinfo=UTC)
    for since, told in ((day, "2026-11-30"), (day.replace(hour=7), "2026-11-30T07:00:00.000+00:00")):
        shown = admin.get(f"/alerts/{alert(listed_since=since).pk}/").text
        assert f'listed since <time datetime="{told}"' in shown


def test_an_alert_says_of_whom_a_later_verdict_thinks_otherwise(admin: Client) -> None:
    mail, row = message(1, direction="inbound"), alert()
    done: tuple[tuple[str, list[Actor]], ...] = (
        ("ann", [Actor.SCANNER, Actor.SCANNER]),
        ("bob", [Actor.SCANNER, Actor.HUMAN]),
        ("cid", [Actor.HUMAN]),
        ("dee", [Actor.UNKNOWN]),
        ("eve", []),
    )
    for index, (name, actors) in enumerate(done):
        recipient(mail, index, f"{name}@example.org")
        for seconds, actor in enumerate(actors, 10):
            event(mail, EventType.BLOCKED, seconds, actor, recipient_index=index)
        event(mail, EventType.WARNED, 20, Actor.SCANNER, recipient_index=index)
        AlertPerson.objects.create(
            alert=row,
            message_id=mail.pk,
            recipient_index=index,
            address=f"{name}@example.org",
            act="blocked",
            at=mail.queued_at + timedelta(seconds=10),
        )
    shown = admin.get(f"/alerts/{row.pk}/").text
    lines = {name: shown.split(f"{name}@example.org")[1].split("</tr>")[0] for name, _ in done}
    assert [name for name in lines if "since judged a security scanner" in lines[name]] == ["ann"]
    assert shown.count("since judged") == 1


def test_an_alert_of_many_people_shows_them_page_by_page(admin: Client) -> None:
    row = alert()
    now = timezone.now()
    AlertPerson.objects.bulk_create(
        AlertPerson(
            alert=row, message_id=n, recipient_index=0, address=f"p{n:03}@example.org", act="clicked", at=now
        )
        for n in range(60)
    )
    first = admin.get(f"/alerts/{row.pk}/").text
    assert ("p049@" in first, "p050@" in first) == (True, False)
    assert "p050@" in admin.get(f"/alerts/{row.pk}/", {"page": "2"}).text


def test_who_followed_a_link_is_shown_before_who_only_received_it_and_a_full_alert_says_so(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = alert()
    now = timezone.now()
    for n, act in enumerate(("received", "received", "allowed")):
        AlertPerson.objects.create(
            alert=row,
            message_id=n,
            recipient_index=0,
            address=f"p{n}@example.org",
            act=act,
            at=now + timedelta(minutes=n),
        )
    shown = admin.get(f"/alerts/{row.pk}/").text
    assert re.findall(r"<td[^>]*>(p\d)@", shown) == ["p2", "p0", "p1"]
    assert "there may have been more" not in shown
    monkeypatch.setattr("backstamp.console.views.alerts.MOST_PEOPLE", 3)
    full = admin.get(f"/alerts/{row.pk}/").text
    assert "No more than 3 are kept with an alert: there may have been more who received it." in full


def test_a_rule_is_set_and_nonsense_is_said(admin: Client) -> None:
    admin.post("/alerts/settings/channels/add/", {"name": "ops", "kind": "mail", "target": "ops@example.org"})
    sent = {
        "enabled": "on",
        "threshold": "5",
        "within_minutes": "30",
        "domains": "Example.org, example.net",
        "channels": ["ops"],
    }
    admin.post("/alerts/settings/rules/new_host/", sent)
    rule = rules()[AlertRule.NEW_HOST]
    assert (rule.enabled, rule.threshold, rule.within_minutes) == (True, 5, 30)
    assert (rule.domains, rule.channels) == (("example.net", "example.org"), ("ops",))
    admin.post("/alerts/settings/rules/clicked_through/", {"domains": ""})
    assert not rules()[AlertRule.CLICKED_THROUGH].enabled
    wrong = admin.post("/alerts/settings/rules/new_host/", sent | {"threshold": "1"})
    assert (wrong.status_code, 'class="wrong-line"' in wrong.text) == (422, True)
    assert admin.post("/alerts/settings/rules/whim/", {}).status_code == 404


def test_a_webhooks_secret_is_shown_once_and_its_path_never(admin: Client) -> None:
    sent = {"name": "siem", "kind": "webhook", "target": "https://siem.example.org/secret-path"}
    made = admin.post("/alerts/settings/channels/add/", sent).text
    row = Channel.objects.get()
    assert (row.created_by, row.secret in made) == (ADDRESS, True)
    again = admin.get("/alerts/settings/").text
    assert "https://siem.example.org/..." in again
    assert re.search("secret-path|whsec_", again) is None
    wrong = admin.post("/alerts/settings/channels/add/", sent | {"name": "two", "target": "ftp://x"})
    assert (wrong.status_code, "that is no https or http URL" in wrong.text) == (422, True)


def test_a_channel_is_tested_switched_and_removed(admin: Client) -> None:
    admin.post("/alerts/settings/channels/add/", {"name": "ops", "kind": "mail", "target": "ops@example.org"})
    row = Channel.objects.get()
    admin.post(f"/alerts/settings/channels/{row.pk}/test/")
    assert [(each.channel, each.kind) for each in Outgoing.objects.all()] == [(row, "test")]
    admin.post(f"/alerts/settings/channels/{row.pk}/switch/", {"channel": "off"})
    row.refresh_from_db()
    assert not row.enabled
    admin.post("/alerts/settings/rules/clicked_through/", {"enabled": "on", "channels": ["ops"]})
    kept = admin.post(f"/alerts/settings/channels/{row.pk}/remove/", follow=True).text
    assert "tells this channel alone" in kept
    admin.post("/alerts/settings/rules/clicked_through/", {"enabled": "on"})
    admin.post(f"/alerts/settings/channels/{row.pk}/remove/")
    assert not Channel.objects.exists()


def test_the_channels_of_a_rule_are_a_group_with_a_name_and_each_has_a_label(admin: Client) -> None:
    for name in ("ops", "siem"):
        admin.post("/alerts/settings/channels/add/", {"name": name, "kind": "mail", "target": "a@b.example"})
    shown = admin.get("/alerts/settings/").text
    group = shown.split('<details id="rule-clicked_through"')[1].split("<fieldset")[1].split("</fieldset>")[0]
    assert 'aria-describedby="clicked_through_channels_helptext"' in group.split(">")[0]
    assert "<legend>Tell only</legend>" in group
    assert re.findall(r'<label for="(\w+)"><input', group) == [
        "clicked_through_channels_0",
        "clicked_through_channels_1",
    ]


def test_an_alert_with_its_people_is_not_gone_at_one_touch(admin: Client) -> None:
    pk = alert().pk
    shown = admin.get(f"/alerts/{pk}/").text
    (asked,) = re.findall(r'<details class="sure">(.*?)</details>', shown, re.DOTALL)
    assert f'action="/alerts/{pk}/delete/"' in asked
    assert "It goes for good, with the people in it." in asked
    assert shown.count(f"/alerts/{pk}/delete/") == 1
