"""The decision at a click: what leads on, what warns, what blocks, and what is recorded of it."""

from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from backstamp.edge import EdgeConfig, FloodLimits
from backstamp.edge.deciding import clicks
from backstamp.edge.deciding.clicks import Clicks
from backstamp.policy import (
    EVERYBODY,
    ClickAddresses,
    Kills,
    LinkWord,
    OwnList,
    Protection,
    ProtectionMode,
    link_word,
)
from backstamp.shared_files import Answer, Drop, ThreatFile
from backstamp.shared_files.answers_file import AnswersFile
from backstamp.threats import ThreatReason
from backstamp.tokens import LinkToken
from backstamp.vocabulary import ClickAction, ThreatType
from tests.edge.fake import FakeProtocol
from tests.edge.guarded import (
    PREFIX,
    answer,
    digest,
    guard,
    list_bad,
    protecting_edge,
    received,
    reports_in,
    sent,
)
from tests.edge.setting import RECIPIENT, edge_in, hits_in
from tests.edge.test_answers import asker, posted

GOOD = "https://plain.example/page?x=1"
BAD = "https://www.phish.example/login?x=1"


def action_of(reply: FakeProtocol) -> ClickAction:
    return {
        302: ClickAction.ALLOW,
        303: ClickAction.GO_ON,
        202: ClickAction.CHECK,
        410: ClickAction.BLOCK,
        403: ClickAction.BLOCK if b'class="blocked"' in reply.body else ClickAction.WARN,
    }[reply.status]


@pytest.mark.parametrize(
    ("url", "action", "threat", "reason"),
    [
        (GOOD, ClickAction.ALLOW, None, ""),
        (BAD, ClickAction.BLOCK, ThreatType.PHISHING, "listed_host"),
        ("https://malware.example/x.exe", ClickAction.BLOCK, ThreatType.MALWARE, "listed_url"),
        ("https://malware.example/", ClickAction.ALLOW, None, ""),
        ("https://spam.example/", ClickAction.WARN, ThreatType.SPAM, "listed_host"),
        ("https://unwanted.example/", ClickAction.WARN, ThreatType.UNWANTED_SOFTWARE, "listed_host"),
        (f"https://{PREFIX}", ClickAction.CHECK, ThreatType.PHISHING, "listed_prefix"),
    ],
)
def test_lists_decide_for_received_and_for_sent_mail(
    tmp_path: Path, url: str, action: ClickAction, threat: ThreatType | None, reason: str
) -> None:
    ask = asker(protecting_edge(tmp_path))
    for path in (received(url), sent(url)):
        reply, head = ask(path), ask(path, method="HEAD")
        assert action_of(reply) is action
        assert head.status == reply.status
        for each in (reply, head):
            assert each.field("location") == (url if action is ClickAction.ALLOW else None)
    hits = hits_in(tmp_path)
    assert {(hit.threat, hit.threat_reason) for hit in hits} == {(threat, reason)}
    led_on = [ClickAction.ALLOW] * 2 + [None] * 2
    assert [hit.action for hit in hits] == (led_on if action is ClickAction.ALLOW else [action] * 4)


@pytest.mark.parametrize(
    "url",
    [
        "https://eur01.safelinks.protection.outlook.com/?url=" + quote(BAD, safe="") + "&data=x",
        "https://www.google.com/url?q=" + quote(BAD, safe=""),
        "https://plain.example/go?to=" + quote(BAD, safe=""),
        "https://plain.example/go?to=aHR0cHM6Ly93d3cucGhpc2guZXhhbXBsZS9sb2dpbg",
        "https://phish.example./x",
        "https://PHISH.example/x",
        "https://user:pass@phish.example:8443/",
        "https://phish%2eexample/",
    ],
)
def test_no_spelling_and_no_wrapper_hides_a_listed_host(tmp_path: Path, url: str) -> None:
    ask = asker(protecting_edge(tmp_path))
    assert action_of(ask(received(url))) is ClickAction.BLOCK
    assert action_of(ask(sent(url))) is ClickAction.BLOCK


def test_what_is_listed_after_delivery_is_blocked_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backstamp.shared_files.threat_file.RECHECK_SECONDS", 0.0)
    guard(tmp_path)
    edge = edge_in(tmp_path)
    ask = asker(edge)
    assert [ask(path(BAD)).status for path in (received, sent)] == [302, 302]
    list_bad(tmp_path)
    edge._refresh_policy()
    assert [ask(path(BAD)).status for path in (received, sent)] == [403, 403]


@pytest.mark.parametrize("target", ["phish.example/", "plain.example/page?x=1"])
def test_a_killed_host_or_url_is_dead_in_whatever_mail(tmp_path: Path, target: str) -> None:
    edge = protecting_edge(tmp_path, kills=Kills(expressions=frozenset({digest(target)})))
    dead, alive = (BAD, GOOD) if target.startswith("phish") else (GOOD, "https://plain.example/other")
    for path in (received(dead), sent(dead), sent("https://plain.example/?u=" + quote(dead, safe=""))):
        assert asker(edge)(path).status == 410
        assert posted(edge, path, b"act=go_on&text=because").status == 410
    assert asker(edge)(received(alive)).status == 302
    assert {(hit.threat_reason, hit.action) for hit in hits_in(tmp_path)} == {
        ("switched_off", ClickAction.BLOCK),
        ("", ClickAction.ALLOW),
    }


def test_own_lists_hold_for_their_scope_the_narrowest_first(tmp_path: Path) -> None:
    lists = {
        RECIPIENT.hex(): OwnList(allowed=frozenset({digest("phish.example/")})),
        "acme.example": OwnList(blocked=frozenset({digest("phish.example/"), digest("domain.example/")})),
        "": OwnList(
            blocked=frozenset({digest("all.example/")}), allowed=frozenset({digest("domain.example/")})
        ),
    }
    ask = asker(protecting_edge(tmp_path, own_lists=lists))
    assert ask(received(BAD)).status == 302
    assert ask(received(BAD, recipient_key=b"somebody")).status == 403
    assert ask(received("https://domain.example/")).status == 403
    assert ask(received("https://domain.example/", domain_id=9)).status == 302
    assert ask(received("https://all.example/x", domain_id=9)).status == 403
    assert ask(sent("https://all.example/x")).status == 403
    assert hits_in(tmp_path)[1].threat_reason == "own_list"


def test_an_allowed_redirector_clears_no_target(tmp_path: Path) -> None:
    lists = {"": OwnList(allowed=frozenset({digest("www.google.com/")}))}
    ask = asker(protecting_edge(tmp_path, own_lists=lists))
    assert ask(received("https://www.google.com/url?q=" + quote(BAD, safe=""))).status == 403
    assert (
        ask(received("https://phish.example/?u=" + quote("https://www.google.com/", safe=""))).status == 403
    )


def test_a_domain_says_what_happens_to_each_kind_of_threat(tmp_path: Path) -> None:
    actions = {
        ThreatType.PHISHING: ClickAction.WARN,
        ThreatType.SPAM: ClickAction.ALLOW,
        ThreatType.UNWANTED_SOFTWARE: ClickAction.BLOCK,
        ThreatType.MALWARE: ClickAction.GO_ON,
    }
    ask = asker(protecting_edge(tmp_path, Protection(mode=ProtectionMode.PROTECT, actions=actions)))
    assert action_of(ask(received(BAD))) is ClickAction.WARN
    assert action_of(ask(received("https://spam.example/"))) is ClickAction.ALLOW
    assert action_of(ask(received("https://unwanted.example/"))) is ClickAction.BLOCK
    assert action_of(ask(received("https://malware.example/x.exe"))) is ClickAction.WARN, "makes no sense"


IMITATION = "https://paypal-login.example/"


def test_looks_warn_of_received_mail_and_not_of_sent(tmp_path: Path) -> None:
    ask = asker(protecting_edge(tmp_path))
    assert action_of(ask(received(IMITATION))) is ClickAction.WARN
    assert action_of(ask(received("https://acrne.example/"))) is ClickAction.WARN, (
        "like acme.example, our own"
    )
    assert action_of(ask(sent(IMITATION))) is ClickAction.ALLOW
    assert [hit.threat_reason for hit in hits_in(tmp_path)] == ["name_with_bait", "looks_like_own", ""]


def test_what_looked_suspicious_in_the_mail_is_warned_of(tmp_path: Path) -> None:
    ask = asker(protecting_edge(tmp_path))
    assert action_of(ask(received(GOOD, doubtful=True))) is ClickAction.WARN
    (hit,) = hits_in(tmp_path)
    assert (hit.threat, hit.threat_reason) == (ThreatType.SUSPICIOUS, "doubted_on_arrival")


def test_trusted_hosts_and_allowed_ones_are_not_judged_by_their_looks(tmp_path: Path) -> None:
    trusting = Protection(mode=ProtectionMode.PROTECT, trusted_hosts=("paypal-login.example",))
    allowing = {"": OwnList(allowed=frozenset({digest("plain.example/")}))}
    ask = asker(protecting_edge(tmp_path, trusting, own_lists=allowing))
    for path in (received(IMITATION), received("https://www.paypal-login.example/", doubtful=True)):
        assert ask(path).status == 302
    assert ask(received(GOOD, doubtful=True)).status == 302
    assert ask(received("https://paypal-signin.example/")).status == 403


def test_without_a_policy_lists_count_and_what_they_do_not_name_asks(tmp_path: Path) -> None:
    list_bad(tmp_path)
    ask = asker(edge_in(tmp_path))
    assert ask(received(BAD)).status == 403
    assert ask(received(GOOD)).status == 503
    assert ask(sent(BAD)).status == 403
    assert ask(sent(GOOD)).status == 302


def test_whatever_breaks_received_links_ask_and_sent_ones_lead_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    edge = protecting_edge(tmp_path)

    def broken(*_arguments: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("backstamp.edge.deciding.clicks.link_word", broken)
    for _ in range(3):
        assert asker(edge)(received(GOOD)).status == 503
        assert asker(edge)(sent(GOOD)).field("location") == GOOD
    assert [record.getMessage() for record in caplog.records] == [
        "links cannot be judged: RuntimeError; they are treated as unchecked"
    ]


def test_what_is_no_web_address_asks(tmp_path: Path) -> None:
    ask = asker(protecting_edge(tmp_path))
    assert ask(received("ftp://plain.example/")).status == 503
    assert ask(received("javascript:alert(1)")).status == 503


def test_a_link_that_is_asked_for_absurdly_often_is_warned_of(tmp_path: Path) -> None:
    guard(tmp_path)
    limits = FloodLimits(named=3, anybody=6)
    edge = edge_in(tmp_path, EdgeConfig(host="127.0.0.1", port=0, flood_limits=limits))
    ask = asker(edge)
    for path, most in ((sent(GOOD), 3), (sent(GOOD, recipient=None), 6), (received(GOOD, number=4), 3)):
        assert [ask(path).status for _ in range(most + 2)] == [302] * most + [403] * 2
        assert b"unusually often" in ask(path).body
        onward = posted(edge, path, b"act=go_on")
        assert (onward.status, onward.field("location")) == (303, GOOD)
    assert [hit.threat_reason for hit in hits_in(tmp_path)][2:4] == ["", "asked_too_often"]
    assert edge._counts[Answer.LIMITED] == 9
    edge._floods.fade()
    edge._floods.fade()
    assert ask(sent(GOOD)).status == 302, "it is forgotten in time"


def test_of_a_link_that_is_asked_for_absurdly_often_no_more_is_written_of_each_kind(tmp_path: Path) -> None:
    guard(tmp_path)
    list_bad(tmp_path)
    limits = FloodLimits(named=3, anybody=4, written=6)
    edge = edge_in(tmp_path, EdgeConfig(host="127.0.0.1", port=0, flood_limits=limits))
    ask = asker(edge)
    led_on, warned, went_on, blocked = None, ClickAction.WARN, ClickAction.GO_ON, ClickAction.BLOCK
    malformed = 6
    for path, expected, left_out in (
        (sent(GOOD), {led_on: 3 + malformed, warned: 6, went_on: 6}, 11 + 14 + 2),
        (sent(GOOD, recipient=None), {led_on: 4 + malformed, warned: 6, went_on: 6}, 10 + 14 + 2),
        (received(BAD), {blocked: 6}, 14 + 8),
    ):
        hits, dropped = len(hits_in(tmp_path)), edge._counts[Drop.HIT_LIMIT]
        for _ in range(20):
            ask(path)
            ask(f"{path}%22")
        for _ in range(8):
            posted(edge, path, b"act=go_on")
        assert Counter(hit.action for hit in hits_in(tmp_path)[hits:]) == expected
        assert edge._counts[Drop.HIT_LIMIT] - dropped == left_out


def test_who_goes_on_without_asking_before_fills_up_nothing_either(tmp_path: Path) -> None:
    guard(tmp_path)
    limits = FloodLimits(named=3, written=6)
    edge = edge_in(tmp_path, EdgeConfig(host="127.0.0.1", port=0, flood_limits=limits))
    replies = [posted(edge, sent(GOOD), b"act=go_on") for _ in range(20)]
    assert [reply.status for reply in replies] == [303] * 20
    assert [hit.action for hit in hits_in(tmp_path)] == [None] * 3 + [ClickAction.GO_ON] * 6


@pytest.mark.parametrize(
    ("kept", "v4", "v6"),
    [
        (ClickAddresses.OFF, None, None),
        (ClickAddresses.TRUNCATED, "192.0.2.0/24", "2001:db8:1::/48"),
        (ClickAddresses.FULL, "192.0.2.1", "2001:db8:1:2::3"),
    ],
)
def test_addresses_of_clicks_are_kept_as_the_domain_says(
    tmp_path: Path, kept: ClickAddresses, v4: str | None, v6: str | None
) -> None:
    ask = asker(protecting_edge(tmp_path, Protection(mode=ProtectionMode.PROTECT, click_addresses=kept)))
    for path in (received(GOOD), received(BAD)):
        ask(path, client="192.0.2.1:1")
        ask(path, client="[2001:db8:1:2::3]:1")
    ask(sent(GOOD), client="192.0.2.1:1")
    assert [hit.address for hit in hits_in(tmp_path)] == [v4, v6, v4, v6, None]


def test_an_edge_without_anything_against_urls_looks_at_none_of_sent_mail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard(tmp_path)
    edge = edge_in(tmp_path)
    monkeypatch.setattr(edge._clicks, "judge", None)
    assert asker(edge)(sent(GOOD)).status == 302
    assert not edge._clicks.needed


def test_tracking_switched_off_blocks_all_the_same_and_records_nothing(tmp_path: Path) -> None:
    ask = asker(protecting_edge(tmp_path, enabled=False))
    assert [ask(path(BAD)).status for path in (received, sent)] == [403, 403]
    assert hits_in(tmp_path) == []
    assert reports_in(tmp_path) == []


def test_an_answer_of_a_publisher_settles_a_prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backstamp.shared_files.answers_file.RECHECK_SECONDS", 0.0)
    edge = protecting_edge(tmp_path)
    ask, url = asker(edge), f"https://{PREFIX}"
    assert ask(received(url)).status == 202
    answer(tmp_path, asked=[PREFIX])
    edge._refresh_policy()
    assert ask(received(url)).status == 302
    answer(tmp_path, asked=[PREFIX], dangerous=[PREFIX])
    edge._refresh_policy()
    assert ask(received(url)).status == 403
    assert hits_in(tmp_path)[-1].threat_reason == ThreatReason.LISTED_HOST


def test_what_old_lists_say_is_not_remembered_where_new_ones_come_while_they_are_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backstamp.shared_files.snapshot_file.RECHECK_SECONDS", 0.0)
    edge, asked = protecting_edge(tmp_path), link_word

    def slow(*arguments: Any) -> LinkWord:
        word = asked(*arguments)
        monkeypatch.setattr(clicks, "link_word", asked)
        guard(tmp_path, own_lists={EVERYBODY: OwnList(blocked=frozenset({digest("plain.example/")}))})
        edge._refresh_policy()
        return word

    monkeypatch.setattr(clicks, "link_word", slow)
    assert [asker(edge)(received(GOOD)).status for _ in range(2)] == [302, 403]


def test_what_an_administrator_decides_while_the_edge_runs_holds_at_its_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backstamp.shared_files.snapshot_file.RECHECK_SECONDS", 0.0)
    edge, host = protecting_edge(tmp_path), frozenset({digest("plain.example/")})

    def statuses() -> list[int]:
        edge._refresh_policy()
        return [asker(edge)(path(GOOD)).status for path in (received, sent)]

    assert statuses() == [302, 302]
    guard(tmp_path, own_lists={EVERYBODY: OwnList(blocked=host)})
    assert statuses() == [403, 403]
    guard(tmp_path, kills=Kills(expressions=host))
    assert statuses() == [410, 410]
    guard(tmp_path)
    assert statuses() == [302, 302]


def test_no_more_than_so_many_urls_are_remembered_and_no_long_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clicks, "REMEMBERED", 10)
    known = Clicks(ThreatFile(tmp_path / "threats"), AnswersFile(tmp_path / "answers"))

    def judge(url: str) -> int:
        known.judge(LinkToken(1, 1, 2, None, 3, url, protected=True))
        return len(known._known)

    assert [judge(f"https://plain{number}.example/") for number in range(12)] == [*range(1, 11), 1, 2]
    assert judge("https://plain11.example/") == 2, "it is known"
    assert judge(f"https://long.example/{'x' * 1004}") == 2
    assert judge(f"https://long.example/{'x' * 1003}") == 3
